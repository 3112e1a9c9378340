"""The page can't act, whatever names and texts it holds, and stays small."""

import re
import unicodedata
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factories import make_failed_model, make_metrics, make_model, make_plan, make_run, make_view
from foundry_bench.session.charts import _steps, _thinned
from foundry_bench.session.html_page import as_html
from foundry_bench.session.run_view import RunView, Traces
from foundry_bench.values.cautions import Caution
from foundry_bench.values.format import one_line
from foundry_bench.values.plan import Prompt
from foundry_bench.values.ratings import Answer
from foundry_bench.values.record import Failure
from foundry_bench.values.result import Outlier
from recorded import recorded_view

HOSTILE = [
    "<script>alert(1)</script>",
    "</title></style><img src=x onerror=alert(1)>",
    "\"onmouseover='alert(1)'",
    "]]><svg onload=alert(1)>",
    "<!-- --!> <![CDATA[",
    "&lt;b&gt; &amp; &#x3c;",
    "a\u202egpj.exe\u2066b\u200f",
    "\x00\x1b[31mred\x1b]0;title\x07\x9b2J\r\n",
    "\ud800half",
    "javascript:alert(1) url(http://example.org/x) @import 'x'",
    "{{7*7}} ${7*7} %s {0}",
]
# Anything, with what means something to HTML more often than chance would have it.
NAMES = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.one_of(st.sampled_from("<>\"'&;=/\u202e\x00\ud800]!-{}"), st.characters()), min_size=1),
)


class _Shape(HTMLParser):
    """Every tag and the names of its attributes, in order, and the text between them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, ...]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, *(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.tags.append((f"/{tag}",))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)


def shape(document: str) -> _Shape:
    found = _Shape()
    found.feed(document)
    found.close()
    return found


def traces(n: int = 6) -> Traces:
    rising = np.linspace(1, 2, n)
    return Traces(
        rounds=np.arange(n) // 2,
        ttft_s=0.1 * rising,
        latency_s=rising,
        decode_tokens_per_s=200 / rising,
        itl_quantiles_s=0.005 * np.linspace(1, 2, 201),
    )


def view_that_says(text: str) -> RunView:
    """A run that says ``text`` wherever somebody else's words may stand."""
    model = make_model(
        name=text,
        id=text,
        backend=text,
        device=text,
        execution_provider=text,
        license=text,
        warnings=(Caution(kind="k", metric=None, message=text),),
        outliers=(Outlier(prompt_id=text, round=1, metric=text, value=2, median=1, score=5),),
        per_prompt={text: make_model().per_prompt["benefits"]},
    )
    failed = make_failed_model(error=Failure(type=text, message=text), advice=text)
    plan = make_plan(models=(text,), system=text, prompts=(Prompt(id=text, prompt=text),))
    environment = {"cpu": text, "packages": {text: text}}
    run = make_run(id=text, models=(model, failed), plan=plan, environment=environment)
    answers = (Answer(model=text, prompt_id=text, text_sha256="", text=f"{text}\nand more"),)
    return make_view(run, path=Path("run"), traces={text: traces()}, problem=text, answers=answers)


PLAIN = shape(as_html([view_that_says("plain")])).tags


@settings(max_examples=60, deadline=None)
@given(NAMES)
def test_no_text_changes_what_the_page_is(text: str) -> None:
    document = as_html([view_that_says(text)])
    found = shape(document)
    assert found.tags == PLAIN
    assert one_line(text) in found.texts or not one_line(text)
    kinds = {unicodedata.category(sign) for sign in set(document) - {"\n", "\t"}}
    assert not kinds & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(document) & set("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert document.encode()


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_is_loaded_or_run(text: str) -> None:
    view = view_that_says(text)
    document = as_html([view, replace(view, path=Path("other"))])
    tags = shape(document).tags
    names = {name for _, *attributes in tags for name in attributes}
    assert not {tag for tag, *_ in tags} & {"script", "link", "img", "iframe", "object", "use", "image", "form"}
    assert not {name for name in names if name.startswith("on")} | (names & {"src", "style", "srcset", "xlink:href"})
    links = re.findall(r'href="([^"]*)"', document)
    assert links == ["#run-1", "#run-2"]
    style = document.partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'" in document


def test_each_drawing_says_what_it_shows(tmp_path: Path) -> None:
    document = as_html([recorded_view(tmp_path)])
    drawings = re.findall(r"<svg [^>]*>", document)
    assert len(drawings) > 4
    for drawing in drawings:
        assert 'role="img" aria-label="' in drawing or 'aria-hidden="true"' in drawing
    assert re.search(r"TTFT, median and 95th percentile: smollm2-135m [\d.]+ ms and \d+ ms; phi-4-mini ", document)


def test_on_paper_stands_nothing_that_can_not_be_opened_and_a_short_table_is_whole(tmp_path: Path) -> None:
    paper = as_html([recorded_view(tmp_path)]).partition("@media print {\n  @page")[2].partition("</style>")[0]
    assert "details:not([open]) { display: none; }" in paper
    assert ".scroll:not(:has(tr:nth-child(12))) { break-inside: avoid; }" in paper


def test_models_without_figures_get_no_charts() -> None:
    document = as_html([make_view(make_run(models=(make_failed_model(),)))])
    assert "<figure>" not in document
    assert "Not measured in full" in document


@pytest.mark.parametrize(("least_s", "told"), [(0.0, True), (0.001, False)])
def test_gaps_that_are_drawn_longer_than_they_were_are_told(least_s: float, told: bool) -> None:
    gaps = replace(traces(), itl_quantiles_s=np.linspace(least_s, 0.02, 201))
    document = as_html([make_view(make_run(), traces={"smollm2-135m": gaps})])
    assert ("What took less than 0.010 ms is drawn there." in document) is told


def test_without_a_stream_only_latency_is_drawn() -> None:
    nothing = np.full(6, np.nan)
    still = replace(traces(), ttft_s=nothing, decode_tokens_per_s=nothing, itl_quantiles_s=np.empty(0))
    metrics = {name: one if name == "latency_s" else None for name, one in make_metrics().items()}
    run = make_run(models=(make_model(name="still", metrics=metrics),))
    document = as_html([make_view(run, traces={"still": still})])
    assert re.findall("<h4>(.*?)</h4>", document) == ["Latency of each request"]


@pytest.mark.parametrize("latency", [0.0, 1e-9, 1.0, 1e9])
def test_values_all_alike_are_drawn(latency: float) -> None:
    alike = replace(traces(), latency_s=np.full(6, latency), itl_quantiles_s=np.zeros(201))
    document = as_html([make_view(make_run(models=(make_model(name="a"),)), traces={"a": alike})])
    assert "nan" not in document
    assert "inf" not in re.sub(r"<dd>.*?</dd>", "", document)


def test_many_requests_make_no_large_page() -> None:
    generator = np.random.default_rng(1)
    n, names = 5_000, ("one", "two")
    many = {
        name: replace(
            traces(n),
            rounds=np.arange(n) // 4,
            ttft_s=generator.lognormal(-2, 0.5, n),
            latency_s=generator.lognormal(0, 0.5, n),
            decode_tokens_per_s=generator.lognormal(4, 0.2, n),
        )
        for name in names
    }
    outliers = tuple(
        Outlier(prompt_id="benefits", round=number, metric="ttft_s", value=2, median=1, score=5 + number)
        for number in range(500)
    )
    models = tuple(make_model(name=name, outliers=outliers) for name in names)
    document = as_html([make_view(make_run(models=models), traces=many)])
    assert len(document) < 250_000
    assert "Outliers, the 50 farthest of 1000" in document
    assert "every so many are drawn" in document


def test_answers_are_folded_whole_in_lines_and_of_bounded_length(tmp_path: Path) -> None:
    view = recorded_view(tmp_path)
    assert {(one.model, one.prompt_id) for one in view.answers} == {
        (model, prompt) for model in ("smollm2-135m", "phi-4-mini") for prompt in ("benefits", "explain")
    }
    long = Answer(model="m", prompt_id="p", text_sha256="", text="- one\n  - two\n" + "x" * 100_000)
    document = as_html([replace(view, answers=(long,))])
    assert "<details><summary>First answers to p</summary>" in document
    assert '<dd class="answer">- one\n  - two\nxxx' in document
    assert "(98,514 more characters)" in document
    assert "x" * 2_000 not in document


def test_thinning_keeps_the_density_and_the_extremes() -> None:
    values = np.random.default_rng(2).normal(size=10_000)
    values[4_321] = 99.0
    kept = values[_thinned(values, 500)]
    assert 500 <= kept.size <= 506
    assert {kept.min(), kept.max()} == {values.min(), 99.0}
    assert np.median(kept) == pytest.approx(np.median(values), abs=0.1)
    assert np.mean(np.abs(kept) < 0.5) == pytest.approx(np.mean(np.abs(values) < 0.5), abs=0.05)
    assert _thinned(values[:7], 500).tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_the_distribution_rises_at_values_alone() -> None:
    xs, shares = _steps(np.array([1.0, 2.0, 9.0, 9.5]))
    assert xs.tolist() == [1, 1, 2, 2, 9, 9, 9.5, 9.5]
    assert shares.tolist() == [0, 0.25, 0.25, 0.5, 0.5, 0.75, 0.75, 1]
    assert _steps(np.arange(100_000.0))[1][-1] == 1

"""How far other tools' figures are from the truth: each measures the reference server, which logs when it sent what.

    python benchmarks/peers.py [--peer NAME=EXECUTABLE] [--load STREAMS,INTERVAL_MS,TOKENS,ANSWERS] [--json FILE]

A peer's executable is named by ``--peer``, by the environment variable ``PEER_<NAME>`` or found on the path; a peer
that is nowhere is listed as "not installed". Every peer gets the same prompt and the same number of answers, and as
many answers as there are streams beforehand, which are left out: they open the connections. Nothing is downloaded: the
tokenizer and the text some peers ask for are written here, and the server's own token counts are used where possible.

Our own engine goes through the same loads as ``foundry-bench``. What other processes of the machine took of its cores
meanwhile stands at the end of each line: only lines where that is small can be compared. POSIX only: the CPU time of a
process tree is what the system accounts to finished children.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.request import urlopen

import numpy as np
import psutil

from foundry_bench.session.calibrating import FULL, Load, measure_level, reference_server
from foundry_bench.values.calibration import ErrorSize, Level, SendLog

_DELAY_MS = 20
_PROMPT = "Answer at your own pace."
_TOKENIZER = "reference/words"
_TIMEOUT_S = 600.0
_START = Load(1, 5, 20, 1)

ItlOf = Literal["gap", "answer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer as the peer exports it; seconds, None where it exports no such figure.

    ``start`` orders the answers by when they were sent, on any scale. ``itl_s`` is the peer's own figure for the
    answer, ``gaps_s`` the time from each token-bearing event to the next.
    """

    start: float
    response_id: str | None = None
    ttft_s: float | None = None
    itl_s: float | None = None
    gaps_s: tuple[float, ...] = ()
    tokens_per_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A distribution in seconds."""

    n: int
    mean_s: float
    p50_s: float
    p99_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """TTFT and time between tokens in seconds, and the mean over the answers of one stream's output tokens a second."""

    ttft: Spread | None
    itl: Spread | None
    tokens_per_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """The peer's figures less the truth.

    Attributes:
        ttft: sizes of the error, answer by answer, in seconds.
        itl: sizes of the error, gap by gap or answer by answer as ``PeerResult.itl_of`` tells, in seconds.
        ttft_p50_s: error of the distribution's median; likewise the other three.
        rate_bias: mean of (reported / true decode rate) - 1.
    """

    ttft: ErrorSize | None
    itl: ErrorSize | None
    ttft_p50_s: float | None
    ttft_p99_s: float | None
    itl_p50_s: float | None
    itl_p99_s: float | None
    rate_bias: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerResult:
    """What a peer reported of one load, what was true, and what it cost.

    Attributes:
        n: answers compared, those of the start left out.
        itl_of: whether ``itl`` is of single gaps between tokens or of each answer's mean gap.
        rate_means: what the peer calls tokens a second.
        paired: how its answers were matched with the server's.
        reported: the peer's figures, from the records it exports.
        truth: the same from the server's log: from a request's arrival to the first token's sending, between sendings,
            and decode rate (tokens after the first / time from the first to the last).
        wall_s: time of the whole command, its start included.
        cpu_s: CPU time of its process tree, likewise.
        tokens: output tokens it received in that time, those of the start included.
        elsewhere: cores taken meanwhile by processes that are neither the peer's nor ours.
    """

    peer: str
    version: str
    streams: int
    interval_ms: float
    n: int
    itl_of: ItlOf
    rate_means: str
    paired: Literal["response id", "order"]
    reported: Figures
    truth: Figures
    errors: Errors
    wall_s: float
    cpu_s: float
    tokens: int
    elsewhere: float

    @property
    def cpu_s_per_1000_tokens(self) -> float:
        """CPU seconds of the process tree for a thousand output tokens, its start included."""
        return self.cpu_s / self.tokens * 1000

    @property
    def wall_s_per_1000_tokens(self) -> float:
        """Seconds of the whole command for a thousand output tokens, its start included."""
        return self.wall_s / self.tokens * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One run of a peer; ``answers`` includes those that are left out."""

    executable: str
    url: str
    model: str
    streams: int
    tokens: int
    answers: int
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """How a peer is driven and read.

    Attributes:
        command: writes what the peer needs into the job's folder; its command line.
        read: its answers from that folder.
        rate_means: what it calls tokens a second.
        itl_of: what it exports of the time between tokens.
        most_streams: how many answers it can have under way at once.
    """

    command: Callable[[_Job], list[str]]
    read: Callable[[Path], list[Answer]]
    rate_means: str
    itl_of: ItlOf = "answer"
    most_streams: int | None = None


def _aiperf(job: _Job) -> list[str]:
    _write_tokenizer(job.folder)
    prompts = job.folder / "prompts.jsonl"
    prompts.write_text(json.dumps({"text": _PROMPT}) + "\n", "utf-8")
    return [
        *(job.executable, "profile", "--model", job.model, "--url", job.url, "--endpoint-type", "chat", "--streaming"),
        *("--input-file", str(prompts), "--custom-dataset-type", "single_turn", "--use-server-token-count"),
        *("--extra-inputs", f"max_tokens:{job.tokens}", "--tokenizer", _TOKENIZER),
        *("--concurrency", str(job.streams), "--request-count", str(job.answers), "--allow-dataset-wrap"),
        *("--export-level", "records", "--artifact-dir", str(job.folder / "artifacts"), "--ui", "none"),
        *("--no-gpu-telemetry", "--no-server-metrics"),
    ]


def read_aiperf(folder: Path) -> list[Answer]:
    """The answers of ``profile_export.jsonl``; its times are in ms, its starts in ns by the wall clock."""
    answers = []
    for line in _one(folder, "profile_export.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        metrics = {name: metric["value"] for name, metric in record["metrics"].items()}
        answers.append(
            Answer(
                start=record["metadata"]["request_start_ns"],
                ttft_s=metrics["time_to_first_token"] / 1e3,
                itl_s=metrics["inter_token_latency"] / 1e3,
                gaps_s=tuple(gap / 1e3 for gap in metrics.get("inter_chunk_latency", ())),
                tokens_per_s=metrics["output_token_throughput_per_user"],
            )
        )
    return answers


def _guidellm(job: _Job) -> list[str]:
    row = {"prompt": _PROMPT, "output_tokens_count": job.tokens}
    data = job.folder / "prompts.jsonl"
    data.write_text(f"{json.dumps(row)}\n" * job.answers, "utf-8")
    backend = {
        "kind": "openai_http",
        "target": job.url,
        "model": job.model,
        "request_format": "/v1/chat/completions",
        "validate_backend": False,
        "http2": False,
        "max_tokens": job.tokens,
    }
    parts = {
        "backend": backend,
        "profile": {"kind": "concurrent", "streams": [job.streams]},
        "constraint": {"kind": "max_requests", "count": job.answers},
        "data": {"kind": "json_file", "path": str(data)},
        "tokenizer": {"kind": "huggingface_auto", "model": str(_write_tokenizer(job.folder))},
        "output": {"kind": "json", "path": str(job.folder / "benchmarks.json")},
    }
    options = [word for name, part in parts.items() for word in (f"--{name}", json.dumps(part))]
    return [job.executable, "run", *options, "--disable-console"]


def read_guidellm(folder: Path) -> list[Answer]:
    """The successful requests of ``benchmarks.json``; its latencies are in ms."""
    document = json.loads(_one(folder, "benchmarks.json").read_text("utf-8"))
    return [
        Answer(
            start=request["info"]["timings"]["request_start"],
            response_id=request["response_id"],
            ttft_s=request["time_to_first_token_ms"] / 1e3,
            itl_s=request["inter_token_latency_ms"] / 1e3,
            tokens_per_s=request["output_tokens_per_second"],
        )
        for request in document["benchmarks"][0]["requests"]["successful"]
    ]


def _llama_benchy(job: _Job) -> list[str]:
    book = f"{job.url}/book.txt"
    cache = job.folder / ".cache" / "llama-benchy"
    cache.mkdir(parents=True)
    name = hashlib.md5(book.encode(), usedforsecurity=False).hexdigest()
    (cache / f"{name}.txt").write_text(f"{_PROMPT} " * 64, "utf-8")
    return [
        *(job.executable, "--base-url", f"{job.url}/v1", "--model", job.model, "--book-url", book),
        *("--tokenizer", str(_write_tokenizer(job.folder)), "--pp", "5", "--tg", str(job.tokens)),
        *("--runs", str(job.answers // job.streams), "--concurrency", str(job.streams)),
        *("--no-warmup", "--no-adapt-prompt", "--skip-coherence", "--latency-mode", "none", "--exit-on-first-fail"),
        *("--format", "json", "--save-result", str(job.folder / "result.json")),
    ]


def read_llama_benchy(folder: Path) -> list[Answer]:
    """The values of ``result.json`` in the order the answers were asked for; its TTFT is in ms."""
    run = json.loads(_one(folder, "result.json").read_text("utf-8"))["benchmarks"][0]
    pairs = zip(run["e2e_ttft"]["values"], run["tg_req_throughput"]["values"], strict=True)
    return [Answer(start=n, ttft_s=ttft / 1e3, tokens_per_s=rate) for n, (ttft, rate) in enumerate(pairs)]


def _benchrig(job: _Job) -> list[str]:
    scenarios = job.folder / "scenarios"
    scenarios.mkdir()
    options = {"temperature": 0, "num_predict": job.tokens}
    scenario = {"id": "reference", "name": "reference", "prompt": _PROMPT, "options": options}
    (scenarios / "speed.json").write_text(json.dumps([scenario]), "utf-8")
    config = job.folder / "config.yaml"
    runtime = {"base_url": f"{job.url}/v1", "warmup": False, "unload_after_test": False}
    config.write_text(json.dumps({"prism": runtime}), "utf-8")  # JSON is YAML
    return [
        *(job.executable, "--config", str(config), "--scenarios-dir", str(scenarios), "--runtime", "prism"),
        *("--models", f"prism:{job.model}", "--suite", "speed", "--runs", str(job.answers)),
        *("--output-dir", str(job.folder / "results")),
    ]


def read_benchrig(folder: Path) -> list[Answer]:
    """The results of ``benchmark_*.json`` in order; its TTFT is in s, rounded to the ms."""
    document = json.loads(_one(folder, "benchmark_*.json").read_text("utf-8"))
    return [
        Answer(start=n, ttft_s=result["ttft_sec"], tokens_per_s=result["eval_tok_per_sec"])
        for n, result in enumerate(document["results"])
    ]


PEERS: Mapping[str, Peer] = {
    "aiperf": Peer(command=_aiperf, read=read_aiperf, itl_of="gap", rate_means="(tokens - 1) / (end - first token)"),
    "guidellm": Peer(command=_guidellm, read=read_guidellm, rate_means="tokens / (end - request)"),
    "llama-benchy": Peer(
        command=_llama_benchy, read=read_llama_benchy, rate_means="(tokens - 1) / (last token - first token)"
    ),
    "benchrig": Peer(command=_benchrig, read=read_benchrig, most_streams=1, rate_means="tokens / (end - first token)"),
}


def measure(
    peer: str, executable: str, url: str, *, streams: int, interval_ms: float, tokens: int, answers: int, folder: Path
) -> PeerResult:
    """Run a peer against the reference server at ``url`` and compare what it exports with the server's log.

    ``folder`` must be empty; it is the peer's home and keeps all it writes.

    Raises:
        RuntimeError: the peer failed, or did not measure every answer.
    """
    tool = PEERS[peer]
    job = _Job(
        executable=executable,
        url=url,
        model=f"reference?interval_ms={interval_ms:g}&delay_ms={_DELAY_MS}",
        streams=streams,
        tokens=tokens,
        answers=answers + streams,
        folder=folder,
    )
    _logs(url)
    command = tool.command(job)
    others_before = _others_cpu_s()
    wall_s, cpu_s = _run(command, folder)
    elsewhere = (_others_cpu_s() - others_before) / wall_s
    logs = _logs(url)
    found = tool.read(folder)
    if len(found) != job.answers or len(logs) != job.answers:
        raise RuntimeError(f"{peer} was asked for {job.answers} answers, sent {len(logs)} and exports {len(found)}")
    pairs = pair(found, logs, left_out=streams)
    reported, truth, errors = compare(pairs, tool.itl_of)
    return PeerResult(
        peer=peer,
        version=_version(executable),
        streams=streams,
        interval_ms=interval_ms,
        n=len(pairs),
        itl_of=tool.itl_of,
        rate_means=tool.rate_means,
        paired="response id" if found[0].response_id else "order",
        reported=reported,
        truth=truth,
        errors=errors,
        wall_s=wall_s,
        cpu_s=cpu_s,
        tokens=tokens * job.answers,
        elsewhere=elsewhere,
    )


def pair(answers: Sequence[Answer], logs: Mapping[str, SendLog], *, left_out: int) -> list[tuple[Answer, SendLog]]:
    """Match a peer's answers with the server's, all but the first ``left_out``.

    By response id where the peer exports it, else by order: answers asked for at the same moment may then be swapped.
    """
    in_order = sorted(answers, key=lambda answer: answer.start)
    arrived = sorted(logs.values(), key=lambda log: log.arrived_ns)
    pairs = [
        (answer, logs[answer.response_id] if answer.response_id else log)
        for answer, log in zip(in_order, arrived, strict=True)
    ]
    return pairs[left_out:]


def compare(pairs: Sequence[tuple[Answer, SendLog]], itl_of: ItlOf) -> tuple[Figures, Figures, Errors]:
    """What the peer says, what was so, and the difference."""
    ttfts = [answer.ttft_s for answer, _ in pairs if answer.ttft_s is not None]
    rates = [answer.tokens_per_s for answer, _ in pairs if answer.tokens_per_s is not None]
    true_ttfts = [(log.sent_ns[0] - log.arrived_ns) / 1e9 for _, log in pairs]
    true_gaps = [np.diff(log.sent_ns) / 1e9 for _, log in pairs]
    true_rates = [1 / float(np.mean(gaps)) for gaps in true_gaps]
    if itl_of == "gap":
        itls = [gap for answer, _ in pairs for gap in answer.gaps_s]
        true_itls = [float(gap) for gaps in true_gaps for gap in gaps]
    else:
        itls = [answer.itl_s for answer, _ in pairs if answer.itl_s is not None]
        true_itls = [float(np.mean(gaps)) for gaps in true_gaps]
    reported = Figures(ttft=_spread(ttfts), itl=_spread(itls), tokens_per_s=float(np.mean(rates)) if rates else None)
    truth = Figures(ttft=_spread(true_ttfts), itl=_spread(true_itls), tokens_per_s=float(np.mean(true_rates)))
    bias = float(np.mean(np.divide(rates, true_rates))) - 1 if len(rates) == len(pairs) else None
    errors = Errors(
        ttft=_error_size(ttfts, true_ttfts),
        itl=_error_size(itls, true_itls),
        ttft_p50_s=_difference(reported.ttft, truth.ttft, "p50_s"),
        ttft_p99_s=_difference(reported.ttft, truth.ttft, "p99_s"),
        itl_p50_s=_difference(reported.itl, truth.itl, "p50_s"),
        itl_p99_s=_difference(reported.itl, truth.itl, "p99_s"),
        rate_bias=bias,
    )
    return reported, truth, errors


def _spread(values: Sequence[float]) -> Spread | None:
    if not values:
        return None
    p50, p99 = np.percentile(values, (50, 99))
    return Spread(n=len(values), mean_s=float(np.mean(values)), p50_s=float(p50), p99_s=float(p99))


def _error_size(reported: Sequence[float], true: Sequence[float]) -> ErrorSize | None:
    """Sizes of the errors; None where the peer exports no such figure of every answer."""
    if not reported or len(reported) != len(true):
        return None
    sizes = np.abs(np.subtract(reported, true))
    p50, p99 = np.percentile(sizes, (50, 99))
    return ErrorSize(n=sizes.size, p50_s=float(p50), p99_s=float(p99), max_s=float(sizes.max()))


def _difference(reported: Spread | None, true: Spread | None, of: Literal["p50_s", "p99_s"]) -> float | None:
    return float(getattr(reported, of) - getattr(true, of)) if reported and true else None


def _run(command: Sequence[str], folder: Path) -> tuple[float, float]:
    """Run a peer with ``folder`` for its home; the seconds it took, and the CPU seconds of its process tree."""
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment |= {"HOME": str(folder), "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "NO_COLOR": "1"}
    environment["XDG_CACHE_HOME"] = str(folder / ".cache")
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with (
        (folder / "output.log").open("wb") as output,
        subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            code = process.wait(_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise RuntimeError(f"{command[0]} took more than {_TIMEOUT_S:g} s") from None
    wall_s, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if code:
        tail = (folder / "output.log").read_text("utf-8", errors="replace")[-2000:]
        raise RuntimeError(f"{command[0]} ended with {code}: {tail}")
    return wall_s, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _others_cpu_s() -> float:
    """CPU seconds that all processes but this one and its children have taken since the machine started."""
    times = psutil.cpu_times()._asdict()
    parts = ("user", "nice", "system", "irq", "softirq", "steal")
    ours = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            ours += sum(child.cpu_times()[:2])
    return float(sum(times.get(part, 0.0) for part in parts) - ours)


async def _await_quiet(patience_s: float) -> None:
    """Wait until other processes take less than a tenth of a core, but no longer than ``patience_s``."""
    until = time.perf_counter() + patience_s
    while time.perf_counter() < until:
        before, started = _others_cpu_s(), time.perf_counter()
        await asyncio.sleep(2)
        if (_others_cpu_s() - before) / (time.perf_counter() - started) < 0.1:
            return


def _logs(url: str) -> dict[str, SendLog]:
    """What the server has sent since it was last asked."""
    with urlopen(f"{url}/logs", timeout=30) as answer:
        return {name: SendLog(**log) for name, log in json.load(answer).items()}


def _version(executable: str) -> str:
    """The version the peer's command tells, or "unknown"."""
    done = subprocess.run([executable, "--version"], capture_output=True, text=True, timeout=120, check=False)
    words = (done.stdout or done.stderr).split()
    return next((word for word in reversed(words) if word[:1].isdigit()), "unknown")


def _one(folder: Path, name: str) -> Path:
    """The only file of that name in the folder, however deep."""
    found = sorted(folder.rglob(name))
    if len(found) != 1:
        raise RuntimeError(f"the peer wrote {len(found)} files named {name}")
    return found[0]


def _write_tokenizer(folder: Path) -> Path:
    """A folder with a tokenizer that splits at white space, in the ``tokenizers`` library's format.

    It stands where the Hugging Face libraries keep what they have downloaded, so it is found by name as well.
    """
    cached = folder / ".cache" / "huggingface" / "hub" / f"models--{_TOKENIZER.replace('/', '--')}"
    home = cached / "snapshots" / "1"
    home.mkdir(parents=True)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("1", "utf-8")
    words = ["[UNK]", *dict.fromkeys(_PROMPT.split()), *(f"w{n}" for n in range(4096))]
    model = {"type": "WordLevel", "vocab": {word: n for n, word in enumerate(words)}, "unk_token": "[UNK]"}
    parts = dict.fromkeys(("truncation", "padding", "normalizer", "post_processor", "decoder"))
    document: dict[str, Any] = {
        "version": "1.0",
        **parts,
        "added_tokens": [],
        "pre_tokenizer": {"type": "WhitespaceSplit"},
    }
    (home / "tokenizer.json").write_text(json.dumps({**document, "model": model}), "utf-8")
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "[UNK]", "model_max_length": 1 << 20}
    (home / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    (home / "config.json").write_text(json.dumps({"model_type": "llama"}), "utf-8")
    return home


def executables(named: Sequence[str]) -> dict[str, str | None]:
    """Where each peer's command is: as named, by the environment, on the path, or None."""
    given = dict(name.split("=", 1) for name in named)
    return {
        peer: given.get(peer) or os.environ.get(f"PEER_{peer.upper().replace('-', '_')}") or shutil.which(peer)
        for peer in PEERS
    }


def _row(result: PeerResult, start: PeerResult) -> str:
    """One line of the table; the CPU time is that less what a run of a single answer takes."""
    net_s = (result.cpu_s - start.cpu_s) / (result.tokens - start.tokens) * 1000
    cost = f"CPU {net_s:6.3f} s/1000 tokens and {start.cpu_s:.1f} s to start"
    return _line(result.peer, result.streams, result.errors, result.itl_of, cost, result.elsewhere)


def _own_row(level: Level, elsewhere: float) -> str:
    errors = Errors(
        ttft=level.ttft,
        itl=level.itl,
        ttft_p50_s=None,
        ttft_p99_s=None,
        itl_p50_s=None,
        itl_p99_s=None,
        rate_bias=level.rate_bias,
    )
    cost = f"CPU {level.cpu_s_per_1000_tokens:6.3f} s/1000 tokens, worker only"
    return _line("foundry-bench", level.streams, errors, "gap", cost, elsewhere)


def _line(name: str, streams: int, errors: Errors, itl_of: ItlOf, cost: str, elsewhere: float) -> str:
    """Sizes of the errors as p50 / p99 in ms, the rate's in per cent."""
    bias = f"{errors.rate_bias:+.2%}" if errors.rate_bias is not None else "-"
    return (
        f"{name:<14}{streams:>3} streams  TTFT {_sizes(errors.ttft):>16} ms"
        f"  ITL by {itl_of:<6} {_sizes(errors.itl):>16} ms"
        f"  rate {bias:>7}  {cost}  ({elsewhere:.2f} cores taken elsewhere)"
    )


def _sizes(size: ErrorSize | None) -> str:
    return f"{size.p50_s * 1e3:.3f} / {size.p99_s * 1e3:.3f}" if size else "-"


async def _measure_peer(
    peer: str, executable: str, url: str, loads: Sequence[Load], base: Path, patience_s: float
) -> list[PeerResult]:
    """Measure and print one peer: a single answer first, to know what its start costs."""
    results: list[PeerResult] = []
    for number, load in enumerate((_START, *loads)):
        most = PEERS[peer].most_streams
        if most and load.streams > most:
            print(
                f"{peer:<14}{load.streams:>3} streams  it has no more than {most} answer under way at once", flush=True
            )
            continue
        folder = base / f"{peer}-{number}"
        folder.mkdir(parents=True)
        await _await_quiet(patience_s)
        try:
            results.append(measure(peer, executable, url, **asdict(load), folder=folder))
        except RuntimeError as error:
            print(f"{peer:<14}{load.streams:>3} streams  failed: {error}", flush=True)
            break
        if load is not _START:
            print(_row(results[-1], results[0]), flush=True)
    return results


async def _main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=EXECUTABLE", help="where a peer is")
    parser.add_argument("--only", action="append", help="measure only this peer (or foundry-bench)")
    parser.add_argument("--load", action="append", metavar="STREAMS,INTERVAL_MS,TOKENS,ANSWERS", help="instead of ours")
    parser.add_argument("--patience", type=float, default=30, help="seconds to wait for a quiet machine")
    parser.add_argument("--json", type=Path, help="write all results there")
    parser.add_argument("--keep", type=Path, help="keep what the peers write in this folder")
    given = parser.parse_args()
    parts = [words.split(",") for words in given.load or ()]
    loads = [Load(int(s), float(ms), int(t), int(n)) for s, ms, t, n in parts] or list(FULL)
    base = given.keep or Path(tempfile.mkdtemp(prefix="peers-"))
    results: list[PeerResult] = []
    async with reference_server() as url:
        for load in loads if not given.only or "foundry-bench" in given.only else ():
            await _await_quiet(given.patience)
            before, started = _others_cpu_s(), time.perf_counter()
            level = await measure_level(url, load)
            print(_own_row(level, (_others_cpu_s() - before) / (time.perf_counter() - started)), flush=True)
        for peer, executable in executables(given.peer).items():
            if given.only and peer not in given.only:
                continue
            if executable:
                results += await _measure_peer(peer, executable, url, loads, base, given.patience)
            else:
                print(f"{peer:<14}not installed")
    if given.json:
        given.json.write_text(json.dumps([asdict(result) for result in results], indent=2), "utf-8")
    if not given.keep:
        shutil.rmtree(base)


if __name__ == "__main__":
    if sys.platform == "win32":
        sys.exit("the CPU time of a process tree is read the POSIX way")
    asyncio.run(_main())

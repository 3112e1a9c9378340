"""What ``benchmarks/peers.py`` reads of other tools' exports, and how it compares them with the truth."""

import importlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from foundry_bench.values.calibration import SendLog

pytest.importorskip("resource", reason="the CPU time of a process tree is read the POSIX way")


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The modules of ``benchmarks/peer``, which is found from beside it only."""
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "benchmarks")
    names = ("aiperf", "benchrig", "errors", "guidellm", "llama_benchy", "tool")
    return SimpleNamespace(**{name: importlib.import_module(f"peer.{name}") for name in names})


def test_aiperf_records_are_read_in_seconds(peer: Any, tmp_path: Path) -> None:
    metrics = {
        "time_to_first_token": 25.0,
        "inter_token_latency": 5.0,
        "inter_chunk_latency": [4.0, 6.0],
        "output_token_throughput_per_user": 200.0,
    }
    record = {
        "metadata": {"request_start_ns": 7},
        "metrics": {name: {"value": value, "unit": "ms"} for name, value in metrics.items()},
    }
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / "profile_export.jsonl").write_text(json.dumps(record) + "\n")
    assert peer.aiperf.read(tmp_path) == [
        peer.tool.Answer(start=7, ttft_s=0.025, itl_s=0.005, gaps_s=(0.004, 0.006), tokens_per_s=200.0)
    ]


def test_guidellm_requests_are_read_with_their_response_ids(peer: Any, tmp_path: Path) -> None:
    request = {
        "response_id": "ref-3",
        "info": {"timings": {"request_start": 1.5}},
        "time_to_first_token_ms": 22.0,
        "inter_token_latency_ms": 5.0,
        "output_tokens_per_second": 190.0,
    }
    document = {"benchmarks": [{"requests": {"successful": [request], "errored": []}}]}
    (tmp_path / "benchmarks.json").write_text(json.dumps(document))
    assert peer.guidellm.read(tmp_path) == [
        peer.tool.Answer(start=1.5, response_id="ref-3", ttft_s=0.022, itl_s=0.005, tokens_per_s=190.0)
    ]


def test_llama_benchy_values_are_read_in_order(peer: Any, tmp_path: Path) -> None:
    run = {"e2e_ttft": {"values": [30.0, 20.0]}, "tg_req_throughput": {"values": [199.0, 201.0]}}
    (tmp_path / "result.json").write_text(json.dumps({"benchmarks": [run]}))
    assert peer.llama_benchy.read(tmp_path) == [
        peer.tool.Answer(start=0, ttft_s=0.03, tokens_per_s=199.0),
        peer.tool.Answer(start=1, ttft_s=0.02, tokens_per_s=201.0),
    ]


def test_benchrig_results_are_read_in_order(peer: Any, tmp_path: Path) -> None:
    (tmp_path / "benchmark_1.json").write_text(
        json.dumps({"results": [{"ttft_sec": 0.023, "eval_tok_per_sec": 204.1}]})
    )
    assert peer.benchrig.read(tmp_path) == [peer.tool.Answer(start=0, ttft_s=0.023, tokens_per_s=204.1)]


def test_a_missing_export_is_an_error(peer: Any, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"0 files named result\.json"):
        peer.llama_benchy.read(tmp_path)


def _log(arrived_ms: int, *sent_ms: int) -> SendLog:
    return SendLog(arrived_ns=arrived_ms * 1_000_000, sent_ns=[ms * 1_000_000 for ms in sent_ms])


def test_answers_are_paired_by_id_or_by_order_and_the_first_are_left_out(peer: Any) -> None:
    logs = {"a": _log(0, 20, 25), "b": _log(1, 21, 26), "c": _log(2, 22, 27)}
    by_order = [peer.tool.Answer(start=start) for start in (30, 10, 20)]
    assert [log for _, log in peer.errors.pair(by_order, logs, left_out=1)] == [logs["b"], logs["c"]]
    by_id = [peer.tool.Answer(start=start, response_id=name) for start, name in ((1, "c"), (2, "a"), (3, "b"))]
    assert [log for _, log in peer.errors.pair(by_id, logs, left_out=1)] == [logs["a"], logs["b"]]


def test_errors_are_found_answer_by_answer_and_gap_by_gap(peer: Any) -> None:
    answer = peer.tool.Answer(start=0, ttft_s=0.021, itl_s=0.005, gaps_s=(0.004, 0.006), tokens_per_s=202.0)
    reported, truth, errors = peer.errors.compare([(answer, _log(0, 20, 25, 30))], "gap")
    assert truth.ttft.p50_s == pytest.approx(0.020)
    assert truth.tokens_per_s == pytest.approx(200)
    assert reported.itl.n == truth.itl.n == 2
    assert errors.ttft.max_s == pytest.approx(0.001)
    assert errors.ttft_p50_s == pytest.approx(0.001)
    assert errors.itl.p50_s == pytest.approx(0.001)
    assert errors.itl_p50_s == pytest.approx(0)
    assert errors.rate_bias == pytest.approx(0.01)


def test_a_figure_the_peer_does_not_export_has_no_error(peer: Any) -> None:
    reported, _, errors = peer.errors.compare([(peer.tool.Answer(start=0, ttft_s=0.02), _log(0, 20, 25))], "answer")
    assert reported.itl is None
    assert reported.tokens_per_s is None
    assert (errors.itl, errors.itl_p50_s, errors.rate_bias) == (None, None, None)

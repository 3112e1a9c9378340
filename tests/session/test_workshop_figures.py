"""The workshop script's own figures, computed once more from the lines of a recorded run as the script does it."""

import json
from pathlib import Path

import numpy as np
import pytest

from recorded import record_run


def test_they_are_what_the_script_makes_of_the_same_samples(tmp_path: Path) -> None:
    path = record_run(tmp_path, rounds=7)
    lines = [json.loads(line) for line in (path / "samples.jsonl").read_text().splitlines()]
    models = {model["name"]: model["workshop"] for model in json.loads((path / "run.json").read_text())["models"]}
    for name in ("smollm2-135m", "phi-4-mini"):
        rows = [row for row in lines if row["model"] == name and row["phase"] == "measure" and row["status"] == "ok"]
        latencies = [row["latency_s"] for row in rows]
        rates = [(row["prompt_tokens"] + row["completion_tokens"]) / row["latency_s"] for row in rows]
        assert len(rows) == 14
        assert models[name] == {
            "latency_avg": pytest.approx(sum(latencies) / len(latencies), rel=1e-12),
            "latency_p95": pytest.approx(float(np.percentile(latencies, 95)), rel=1e-12),
            "tokens_per_sec_avg": pytest.approx(sum(rates) / len(rates), rel=1e-12),
            "first_token_latency_avg": pytest.approx(sum(row["ttft_s"] for row in rows) / len(rows), rel=1e-12),
            "rounds": 7,
            "alias": name,
        }

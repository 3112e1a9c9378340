"""benchrig: how it is driven, and what it exports."""

import json
from pathlib import Path

from peer.tool import PROMPT, Answer, Job, Tool, only_file


def command(job: Job) -> list[str]:
    """Writes a scenario and a configuration."""
    scenarios = job.folder / "scenarios"
    scenarios.mkdir()
    options = {"temperature": 0, "num_predict": job.tokens}
    scenario = {"id": "reference", "name": "reference", "prompt": PROMPT, "options": options}
    (scenarios / "speed.json").write_text(json.dumps([scenario]), "utf-8")
    config = job.folder / "config.yaml"
    runtime = {"base_url": f"{job.url}/v1", "warmup": False, "unload_after_test": False}
    config.write_text(json.dumps({"prism": runtime}), "utf-8")  # JSON is YAML
    return [
        *(job.executable, "--config", str(config), "--scenarios-dir", str(scenarios), "--runtime", "prism"),
        *("--models", f"prism:{job.model}", "--suite", "speed", "--runs", str(job.answers)),
        *("--output-dir", str(job.folder / "results")),
    ]


def read(folder: Path) -> list[Answer]:
    """The results of ``benchmark_*.json`` in order; its TTFT is in s, rounded to the ms."""
    document = json.loads(only_file(folder, "benchmark_*.json").read_text("utf-8"))
    return [
        Answer(start=n, ttft_s=result["ttft_sec"], tokens_per_s=result["eval_tok_per_sec"])
        for n, result in enumerate(document["results"])
    ]


TOOL = Tool(command=command, read=read, most_streams=1, rate_means="tokens / (end - first token)")

"""aiperf: how it is driven, and what it exports."""

import json
from pathlib import Path

from peer.tokenizer import TOKENIZER, write_tokenizer
from peer.tool import PROMPT, Answer, Job, Tool, only_file


def command(job: Job) -> list[str]:
    """Writes a prompt file and a tokenizer that is found by its name."""
    write_tokenizer(job.folder)
    prompts = job.folder / "prompts.jsonl"
    prompts.write_text(json.dumps({"text": PROMPT}) + "\n", "utf-8")
    return [
        *(job.executable, "profile", "--model", job.model, "--url", job.url, "--endpoint-type", "chat", "--streaming"),
        *("--input-file", str(prompts), "--custom-dataset-type", "single_turn", "--use-server-token-count"),
        *("--extra-inputs", f"max_tokens:{job.tokens}", "--tokenizer", TOKENIZER),
        *("--concurrency", str(job.streams), "--request-count", str(job.answers), "--allow-dataset-wrap"),
        *("--export-level", "records", "--artifact-dir", str(job.folder / "artifacts"), "--ui", "none"),
        *("--no-gpu-telemetry", "--no-server-metrics"),
    ]


def read(folder: Path) -> list[Answer]:
    """The answers of ``profile_export.jsonl``; its times are in ms, its starts in ns by the wall clock."""
    answers = []
    for line in only_file(folder, "profile_export.jsonl").read_text("utf-8").splitlines():
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


TOOL = Tool(command=command, read=read, itl_of="gap", rate_means="(tokens - 1) / (end - first token)")

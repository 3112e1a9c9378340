"""guidellm: how it is driven, and what it exports."""

import json
from pathlib import Path

from peer.tokenizer import write_tokenizer
from peer.tool import PROMPT, Answer, Job, Tool, only_file


def command(job: Job) -> list[str]:
    """Writes a row of data for each answer, and a tokenizer."""
    row = {"prompt": PROMPT, "output_tokens_count": job.tokens}
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
        "tokenizer": {"kind": "huggingface_auto", "model": str(write_tokenizer(job.folder))},
        "output": {"kind": "json", "path": str(job.folder / "benchmarks.json")},
    }
    options = [word for name, part in parts.items() for word in (f"--{name}", json.dumps(part))]
    return [job.executable, "run", *options, "--disable-console"]


def read(folder: Path) -> list[Answer]:
    """The successful requests of ``benchmarks.json``; its latencies are in ms."""
    document = json.loads(only_file(folder, "benchmarks.json").read_text("utf-8"))
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


TOOL = Tool(command=command, read=read, rate_means="tokens / (end - request)")

"""llama-benchy: how it is driven, and what it exports."""

import hashlib
import json
from pathlib import Path

from peer.tokenizer import write_tokenizer
from peer.tool import PROMPT, Answer, Job, Tool, only_file


def command(job: Job) -> list[str]:
    """Writes the book it cuts prompts from where it keeps downloaded ones, and a tokenizer."""
    book = f"{job.url}/book.txt"
    cache = job.folder / ".cache" / "llama-benchy"
    cache.mkdir(parents=True)
    name = hashlib.md5(book.encode(), usedforsecurity=False).hexdigest()
    (cache / f"{name}.txt").write_text(f"{PROMPT} " * 64, "utf-8")
    return [
        *(job.executable, "--base-url", f"{job.url}/v1", "--model", job.model, "--book-url", book),
        *("--tokenizer", str(write_tokenizer(job.folder)), "--pp", "5", "--tg", str(job.tokens)),
        *("--runs", str(job.answers // job.streams), "--concurrency", str(job.streams)),
        *("--no-warmup", "--no-adapt-prompt", "--skip-coherence", "--latency-mode", "none", "--exit-on-first-fail"),
        *("--format", "json", "--save-result", str(job.folder / "result.json")),
    ]


def read(folder: Path) -> list[Answer]:
    """The values of ``result.json`` in the order the answers were asked for; its TTFT is in ms."""
    run = json.loads(only_file(folder, "result.json").read_text("utf-8"))["benchmarks"][0]
    pairs = zip(run["e2e_ttft"]["values"], run["tg_req_throughput"]["values"], strict=True)
    return [Answer(start=n, ttft_s=ttft / 1e3, tokens_per_s=rate) for n, (ttft, rate) in enumerate(pairs)]


TOOL = Tool(command=command, read=read, rate_means="(tokens - 1) / (last token - first token)")

"""Loads a model, streams an answer and unloads it, over and over in one worker, and watches that worker's memory.

python benchmarks/cycles.py MODEL [CYCLES]     the model must be on the disk; settings come from the environment
"""

import asyncio
import json
import os
import sys
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from foundry_bench.session.paths import with_default_folders
from foundry_bench.session.settings import resolve
from foundry_bench.session.supervisor import Worker, start_worker
from foundry_bench.values.events import ActionFailed, ModelDescribed, ModelLoaded, ModelUnloaded
from foundry_bench.values.plan import Runtime, Target
from foundry_bench.worker.protocol import Load, Unload


async def main(name: str, cycles: int) -> None:
    """Print a line a tenth of the cycles: which, seconds to load, characters of the answer, memory loaded and not."""
    runtime = with_default_folders(resolve({}, os.environ, models_needed=False).plan.runtime)
    target = Target(name=name, backend="foundry", model=name)
    with TemporaryDirectory() as folder:
        for part, count in (("one worker", cycles), ("a fresh worker", 1)):
            async with start_worker(Path(folder) / "worker.log") as worker:
                print(f"{part}:")
                for number in range(1, count + 1):
                    line = await cycle(worker, target, runtime)
                    if number in {1, count} or number % max(1, count // 10) == 0:
                        print(f"{number:4}  {line}", flush=True)


async def cycle(worker: Worker, target: Target, runtime: Runtime) -> str:
    """Once round; raises RuntimeError where anything fails."""
    process = psutil.Process(worker.pid)
    worker.send(Load(runtime=runtime, target=target))
    model_id = ""
    async for event in worker.events():
        match event:
            case ActionFailed(error=error):
                raise RuntimeError(error.message)
            case ModelDescribed(id=model_id):
                pass
            case ModelLoaded(url=url, load_s=load_s):
                text = await asyncio.to_thread(stream, str(url), model_id)
                loaded_mb = process.memory_info().rss / 1e6
                worker.send(Unload(runtime=runtime, target=target))
            case ModelUnloaded():
                rest_mb = process.memory_info().rss / 1e6
                return f"{load_s:.2f} s, {len(text)} characters, {loaded_mb:.0f} MB loaded, {rest_mb:.0f} MB after"
    raise RuntimeError((await worker.cause_of_death()).message)


def stream(url: str, model_id: str) -> str:
    """The text of one streamed answer."""
    messages = [{"role": "user", "content": "Say hello."}]
    body = {"model": model_id, "messages": messages, "max_tokens": 32, "temperature": 0, "stream": True}
    request = urllib.request.Request(
        f"{url}/chat/completions", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    text = ""
    with urllib.request.urlopen(request, timeout=60) as answer:
        for line in answer:
            if line.startswith(b"data: {"):
                choices = json.loads(line[6:])["choices"]
                text += (choices[0].get("delta") or {}).get("content") or "" if choices else ""
    if not text:
        raise RuntimeError("an answer without text")
    return text


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100))

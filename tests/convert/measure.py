"""Measures a conversion, on Linux: `PYTHONPATH=src:tests python -m convert.measure MODEL.gguf`.

Prints seconds and peak memory of a conversion in a process of its own, how often the network's first choice is that of
the float32 reference on a fixed text (in SmolLM2's ids), and the speed of the answer through Foundry Local's runtime.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from convert.onnx_run import all_logits
from convert.reference import reference_logits

HERE: Final = Path(__file__).parent
# VmHWM, because ru_maxrss of a child starts at its parent's size.
CONVERSION: Final = """
import sys, time
start = time.perf_counter()
from pathlib import Path
from foundry_bench.convert import convert_gguf
convert_gguf(Path(sys.argv[1]), Path(sys.argv[2]), context=2048, accuracy_level=int(sys.argv[3]))
seconds = time.perf_counter() - start
(peak,) = (line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(seconds, int(peak) / 1024)
"""


def output(*command: str) -> str:
    """What this interpreter prints when run with `command`."""
    done = subprocess.run(
        [sys.executable, *command], stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, "CI": "true"}
    )
    return done.stdout


def main(source: Path, folder: Path) -> None:
    """Convert `source` into `folder` at accuracy levels 1 and 4, and measure."""
    say = sys.stdout.write
    ids = json.loads((HERE / "llama_cpp_tokens.json").read_text(encoding="utf-8"))["story_ids"]
    expected = reference_logits(source, ids).argmax(axis=-1)
    for level, step in ((1, len(ids)), (4, 1)):
        out = folder / f"level-{level}"
        seconds, megabytes = map(float, output("-c", CONVERSION, str(source), str(out), str(level)).split())
        say(f"level {level}: converted in {seconds:.2f} s, at most {megabytes:.0f} MB resident, imports and all\n")
        same = int((all_logits(out, ids, step).argmax(axis=-1) == expected).sum())
        say(f"level {level}: same first choice as the reference for {same} of {len(ids)} tokens\n")
    (answer,) = json.loads(output(str(HERE / "ask_runtime.py"), str(folder / "level-4")))
    speed = (answer["tokens"] - 1) / answer["decode_s"]
    say(f"runtime: first token after {answer['ttft_s']:.3f} s, {speed:.0f} tokens/s over {answer['tokens']} tokens\n")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        main(Path(sys.argv[1]), Path(scratch))

"""Stands in for ONNX Runtime GenAI's model builder: speaks its lines, and ends as STAND_IN says."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser()
    for flag in ("-i", "-o", "-p", "-e", "-c"):
        parser.add_argument(flag, required=True)
    parser.add_argument("--extra_options", nargs="+", default=[])
    given = parser.parse_args()
    out, how = Path(given.o), os.environ.get("STAND_IN", "well")
    say = sys.stdout.write
    sys.stderr.write("\rnoise: \x1b[31m 10%\rnoise: 20%\n")
    say("Reading embedding layer\nReading layer 0\n")
    (out / "half.onnx").write_text("half", encoding="utf-8")
    Path(os.environ.get("STAND_IN_PID", os.devnull)).write_text(str(os.getpid()), encoding="utf-8")
    if how == "hangs":
        say("quantizer [INFO] - skip to quantize /model/layers.1/constant ...\n")
        time.sleep(600)
    if how == "refuses":
        raise NotImplementedError("The \x1b[31mtiny model is not currently supported.")
    if how == "dies":
        os.abort()
    say(f"Reading layer 1\nReading final norm\nReading LM head\nSaving ONNX model in {out}\n")
    for layer in (0, 1):
        sys.stderr.write(f"12:00 quantizer [INFO] - start to quantize /model/layers.{layer}/mlp/up_proj/MatMul ...\n")
    sys.stderr.write("\rSaving norm (f32, [64]):  50%|#####     | 1/2\rSaving head (f32, [64]): 100%|##########| 2/2\n")
    config = {"model": {"context_length": 512}, "search": {"max_length": 512}, "given": vars(given)}
    if how != "forgets":
        (out / "genai_config.json").write_text(json.dumps(config), encoding="utf-8")
    say(f"Saving processing files in {out} for GenAI\n")


if __name__ == "__main__":
    main()

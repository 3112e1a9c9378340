"""Commands as a user runs them, in this process: starting another one takes Python most of a second."""

import contextlib
import io
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from foundry_bench.cli import main


def command(
    *arguments: str, code: int = 0, folder: Path | None = None, environ: Mapping[str, str] = MappingProxyType({})
) -> subprocess.CompletedProcess[str]:
    """Run one, in a folder and with additions to the environment; what it printed, once its exit code is as said."""
    bytes_out, bytes_err = io.BytesIO(), io.BytesIO()
    out, err = (io.TextIOWrapper(stream, "utf-8", write_through=True) for stream in (bytes_out, bytes_err))
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        if folder:
            patch.chdir(folder)
        for name, value in environ.items():
            patch.setenv(name, value)
        found = main(arguments)
    told = bytes_err.getvalue().decode()
    assert found == code, told
    return subprocess.CompletedProcess(arguments, found, bytes_out.getvalue().decode(), told)

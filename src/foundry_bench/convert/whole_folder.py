"""A folder that appears when it is complete, and not at all after a failure."""

from __future__ import annotations

import shutil
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

from foundry_bench.convert.errors import ConvertError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def whole_or_nothing(out: Path) -> Iterator[Path]:
    """A new folder beside `out`, which becomes `out` at the end and is removed after any failure.

    Raises:
        ConvertError: `out` exists, or cannot be written.
    """
    if out.exists():
        raise ConvertError(f"{out}: exists already; remove it or choose another folder")
    folder = out.with_name(f".{out.name}.{uuid.uuid4().hex}.partial")
    try:
        folder.mkdir()
        yield folder
        folder.rename(out)
    except OSError as error:
        raise ConvertError(f"{out}: cannot be written: {error}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)

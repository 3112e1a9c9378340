"""Whole files of others, none of them larger than such a file ever is."""

import errno
import os
import stat
from pathlib import Path

MOST_BYTES = 1 << 28


def read_bounded(path: Path, most: int = MOST_BYTES) -> bytes:
    """The content of a file, or of a pipe.

    Raises:
        OSError: it can't be read, or holds more than ``most`` bytes (EFBIG).
    """
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            content = file.read(most + 1)
        elif found.st_size <= most:
            content = file.read()
        else:
            content = None
    if content is None or len(content) > most:
        raise OSError(errno.EFBIG, f"larger than {most:,} bytes", str(path))
    return content

"""Writes a file whole or not at all."""

import os
import secrets
import shutil
import time
from pathlib import Path

_READER_WAITS_S = (0.01, 0.05, 0.2, 0.5)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that its user named, as ``replace_atomically`` does.

    A device or pipe can't be replaced and is written to; a link stays a link.

    Raises:
        OSError: for instance where the disk is full; the old file is as it was.
    """
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    replace_atomically(path.resolve(), content)


def replace_atomically(path: Path, content: bytes) -> None:
    """Replace the file by ``content``, on disk before this returns; killed at any point, the old one is still there.

    Nothing is written elsewhere: what stands there as a link, perhaps in a folder from a stranger, is a link no more.

    Raises:
        OSError: for instance where the disk is full; the old file is as it was.
    """
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")  # another process may be at the same file
    try:
        with draft.open("xb") as file:
            if path.is_file() and not path.is_symlink():
                shutil.copymode(path, draft)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _replace(draft, path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def remove_drafts(path: Path) -> None:
    """Remove what killed processes left of their replacing this file; only for whoever keeps all others from it."""
    for draft in path.parent.glob(f"{path.name}.*.tmp"):
        draft.unlink(missing_ok=True)


def _replace(draft: Path, path: Path) -> None:
    """On Windows a file that someone reads can't be replaced: readers are short, so wait for them."""
    for wait_s in _READER_WAITS_S:
        try:
            draft.replace(path)
        except PermissionError:
            time.sleep(wait_s)
        else:
            return
    draft.replace(path)

"""Files that are replaced whole, or not at all."""

import errno
import os
import time
from pathlib import Path

import pytest

from foundry_bench.session.atomic import write_atomically


def test_a_failed_write_leaves_the_old_file_and_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    file = tmp_path / "run.json"
    write_atomically(file, b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(file, b"new")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["run.json"]
    assert file.read_bytes() == b"old"


@pytest.mark.parametrize(("refusals", "written"), [(0, True), (1, True), (4, True), (5, False)])
def test_a_reader_on_windows_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusals: int, *, written: bool
) -> None:
    waits: list[float] = []
    left = [PermissionError(errno.EACCES, "in use")] * refusals
    replace_file = Path.replace

    def replace_when_free(self: Path, target: Path) -> Path:
        if left:
            raise left.pop()
        return replace_file(self, target)

    monkeypatch.setattr(Path, "replace", replace_when_free)
    monkeypatch.setattr(time, "sleep", waits.append)
    file = tmp_path / "run.json"
    if written:
        write_atomically(file, b"new")
        assert file.read_bytes() == b"new"
    else:
        with pytest.raises(PermissionError):
            write_atomically(file, b"new")
        assert not file.exists()
    assert len(waits) == min(refusals, 4)


@pytest.mark.skipif(os.name == "nt", reason="making links needs a privilege there")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    link = tmp_path / "link.md"
    link.symlink_to(tmp_path / "real.md")
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert (tmp_path / "real.md").read_bytes() == b"new"


@pytest.mark.skipif(os.name == "nt", reason="there is no /dev/null to spare")
def test_a_device_is_written_to() -> None:
    write_atomically(Path(os.devnull), b"gone")
    assert not Path(os.devnull).is_file()

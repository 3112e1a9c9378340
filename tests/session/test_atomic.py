"""Files that are replaced whole, or not at all."""

import errno
import os
import time
from pathlib import Path

import pytest

from foundry_bench.session.atomic import write_atomically
from foundry_bench.session.config_file import save_config


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


def test_another_who_is_at_the_same_file_keeps_its_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sync = os.fsync

    def sync_while_another_writes(descriptor: int) -> None:
        monkeypatch.setattr(os, "fsync", sync)
        write_atomically(tmp_path / "run.json", b"another's")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", sync_while_another_writes)
    write_atomically(tmp_path / "run.json", b"ours")
    assert (tmp_path / "run.json").read_bytes() == b"ours"
    assert [file.name for file in tmp_path.glob("run*")] == ["run.json"]


@pytest.mark.skipif(os.name == "nt", reason="there are no such modes there")
def test_who_may_read_a_file_stays_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("rounds = 3\n")
    file.chmod(0o600)
    backup = save_config(file, {"rounds": 4})
    assert backup
    assert [oct(one.stat().st_mode & 0o777) for one in (file, backup)] == ["0o600", "0o600"]

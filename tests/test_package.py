"""What is handed out: a wheel with all that the program reads, a source archive with nothing of this machine."""

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
BYPRODUCTS = {"__pycache__", ".DS_Store"}


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The source archive and the wheel; neither needs anything from the network."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(folder)], cwd=ROOT, check=True, capture_output=True
    )
    (source,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return source, wheel


def files(folder: str) -> set[str]:
    """The files below a folder of the tree, relative to it."""
    found = (file for file in (ROOT / folder).rglob("*") if file.is_file() and not BYPRODUCTS & set(file.parts))
    return {file.relative_to(ROOT / folder).as_posix() for file in found}


def test_the_wheel_holds_what_the_program_reads(archives: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(archives[1]) as wheel:
        inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
        metadata = wheel.read(next(name for name in wheel.namelist() if name.endswith("/METADATA"))).decode()
    wanted = {f"foundry_bench/{file}" for file in files("src/foundry_bench")}
    wanted |= {f"foundry_bench/{folder}/{file}" for folder in ("sample_configs", "themes") for file in files(folder)}
    assert inside == wanted
    assert "foundry_bench/py.typed" in inside
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert sorted(re.findall(r"^Provides-Extra: (.+)$", metadata, re.MULTILINE)) == sorted(extras)


def test_the_source_archive_holds_the_source_alone(archives: tuple[Path, Path]) -> None:
    with tarfile.open(archives[0]) as source:
        inside = {name.partition("/")[2] for name in source.getnames()}
    for folder in ("src", "tests", "themes", "sample_configs", "docs"):
        assert {f"{folder}/{file}" for file in files(folder)} <= inside
    places = {name.partition("/")[0] for name in inside}
    named = {"LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "PKG-INFO", "pyproject.toml"}
    folders = {"benchmarks", "docs", "requirements", "sample_configs", "src", "tests", "themes"}
    assert places == named | folders | {"mkdocs.yml", ".gitignore"}


def test_the_wheel_works_without_the_tree(archives: tuple[Path, Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(archives[1]) as wheel:
        wheel.extractall(tmp_path / "site")  # noqa: S202 - we have just built it
    here = tmp_path / "empty"
    here.mkdir()
    program = (
        "import sys, foundry_bench\n"
        f"assert foundry_bench.__file__.startswith({str(tmp_path)!r}), foundry_bench.__file__\n"
        "from foundry_bench.cli import main\n"
        "from foundry_bench.tui.themes import find_theme, read_theme\n"
        "assert main(['init']) == 0 and main(['completion', 'zsh']) == 0 and main(['history']) == 0\n"
        "for name in ('dark', 'light', 'high-contrast', 'ansi-16'): read_theme(find_theme(name, None))\n"
    )
    environ = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=here, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "#compdef foundry-bench" in done.stdout
    assert {file.name for file in here.iterdir()} == {"plan.toml", "prompts.json", "config.toml"}


def test_the_constraints_name_each_dependency_at_a_version_that_is_allowed() -> None:
    lines = (ROOT / "requirements" / "constraints.txt").read_text("utf-8").splitlines()
    pins = [Requirement(line) for line in lines if not line.startswith("#")]
    assert [str(pin.specifier) for pin in pins if len(pin.specifier) != 1 or pin.url] == []
    assert not any("://" in line or "--" in line for line in lines)
    versions: dict[str, list[str]] = {}
    for pin in pins:
        versions.setdefault(pin.name, []).append(str(pin.specifier).removeprefix("=="))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    for requirement in map(Requirement, wanted):
        if requirement.name != project["name"]:
            found = versions.get(requirement.name, [])
            assert found, f"{requirement.name} is not in requirements/constraints.txt"
            assert all(requirement.specifier.contains(version) for version in found), requirement


def test_every_extra_has_its_row() -> None:
    page = (ROOT / "docs" / "install.md").read_text("utf-8")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert [name for name in extras if f"| `{name}` |" not in page] == []

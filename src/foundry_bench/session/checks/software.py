"""Checks Python and the packages that everything stands on."""

import platform
import re
import sys
from importlib import metadata

from foundry_bench.values.check import Check, failed, ok, warning

_PYTHON = (3, 11)


def check_software() -> list[Check]:
    """Python's version, and which required packages are there: in what version, not whether that is one asked for."""
    version = platform.python_version()
    where = f"{version}, {platform.system()} {platform.machine()}"
    found = [ok("python", where) if sys.version_info >= _PYTHON else failed("python", where, "install Python 3.11")]
    try:
        required = metadata.requires("foundry-bench") or []
        own = metadata.version("foundry-bench")
    except metadata.PackageNotFoundError:
        return [*found, warning("packages", "foundry-bench is not installed as a package", "pip install foundry-bench")]
    missing, versions = [], [f"foundry-bench {own}"]
    for line in required:
        if ";" not in line:  # the others are extras, or for some systems only
            name = re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0]
            try:
                versions.append(f"{name} {metadata.version(name)}")
            except metadata.PackageNotFoundError:
                missing.append(name)
    if missing:
        return [*found, failed("packages", f"missing: {', '.join(missing)}", f"pip install {' '.join(missing)}")]
    return [*found, ok("packages", ", ".join(versions))]

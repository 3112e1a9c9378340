"""Checks the model cache and the imported models: what is whole, partial or damaged."""

from collections.abc import Sequence
from pathlib import Path

from foundry_bench.session.model_files import examine
from foundry_bench.session.own_models import list_own
from foundry_bench.session.paths import with_default_folders
from foundry_bench.values.check import Check, failed, ok, warning
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import megabytes, one_line
from foundry_bench.values.plan import Runtime
from foundry_bench.worker.model_cache import cached_models, folder_mb

_HASH_LIMIT_S = 2.0
_REMOVE = "remove the model and download or import it again"


def check_cache(runtime: Runtime) -> list[Check]:
    """A line for the whole, and one for each model that is not well."""
    cache = Path(with_default_folders(runtime).model_cache_dir or "")
    partial = sorted(file.parent for file in cache.glob("*/*/download.tmp"))
    whole = [Path(entry.path) for entry in cached_models(cache) if entry.path]
    others = {
        file.parent for name in ("genai_config.json", "inference_model.json") for file in cache.glob(f"*/*/{name}")
    }
    broken = sorted(others - set(whole) - set(partial))
    own, found = _own_folders()
    gone = [(name, folder) for name, folder in own if not folder.is_dir()]
    found += [failed("own model", f"{name}: {folder} is gone", "import it again") for name, folder in gone]
    found += [_damaged(folder, "its download never ended", "run it again: a download resumes") for folder in partial]
    found += [
        _damaged(folder, "inference_model.json or genai_config.json is missing or damaged", _REMOVE)
        for folder in broken
    ]
    folders = [*whole, *(folder for _, folder in own if folder.is_dir())]
    examined = examine(folders, _HASH_LIMIT_S)
    for damage in examined.damages:
        if damage.certain:
            found.append(failed("model files", f"{_name(damage.folder)}: {damage.what}", _REMOVE))
        else:
            found.append(warning("model files", f"{_name(damage.folder)}: {damage.what}", f"if you did not: {_REMOVE}"))
    return [*found, _whole(cache, folders, examined.compared, examined.files)]


def _whole(cache: Path, folders: Sequence[Path], compared: int, files: int) -> Check:
    if not folders:
        return ok("models on disk", f"none in {cache}")
    size = megabytes(sum(folder_mb(folder) or 0.0 for folder in folders))
    return ok("models on disk", f"{len(folders)}, {size}; {compared} of {files} files compared with their first sight")


def _own_folders() -> tuple[list[tuple[str, Path]], list[Check]]:
    try:
        return [(name, Path(model.path)) for name, model in list_own().items()], []
    except InputError as error:
        return [], [failed("own models", str(error), "mend the file or remove it")]


def _damaged(folder: Path, what: str, mend: str) -> Check:
    return warning("model files", f"{_name(folder)}: {what}", mend)


def _name(folder: Path) -> str:
    return one_line(folder.name)

"""Names for a command line, as the disk knows them: found quickly, or left out where something can't be read."""

import json
import os
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

from foundry_bench.session.paths import config_path, with_default_folders
from foundry_bench.values.errors import InputError
from foundry_bench.values.plan import Runtime
from foundry_bench.worker.bounded import read_bounded

Candidate: TypeAlias = tuple[str, str]
"""A word, and what it is."""

_RUN_FILE = "run.json"
_MOST_RUNS = 100


def runs(out: str | None) -> list[Candidate]:
    """The recorded runs in the folder ``out``, newest first; None is the user's own."""
    found = [path.name for path in sorted(_out(out), reverse=True)[:_MOST_RUNS] if (path / _RUN_FILE).is_file()]
    return [("last", f"the newest: {found[0]}"), *((name, "") for name in found)] if found else []


def models_of_run(out: str | None, ref: str) -> list[Candidate]:
    """The models of a run, each as RUN:MODEL."""
    folders = {path.name: path for path in _out(out)}
    newest = max(folders, default="")
    document = _json(folders.get(newest if ref == "last" else ref, Path(ref)) / _RUN_FILE)
    plan = _table(document, "plan")
    return [(f"{ref}:{model}", "") for model in plan.get("models", ())]


def running() -> list[Candidate]:
    """Benchmarks under way."""
    from foundry_bench.session.beacons import list_running

    return [(beacon.id, ", ".join(beacon.models)) for beacon in list_running()]


def models_on_disk() -> list[Candidate]:
    """Imported models, and those of the cache by alias and id."""
    cache = Path(str(_runtime().model_cache_dir))
    markers = [file for file in sorted(cache.glob("*/*/inference_model.json")) if not _unfinished(file.parent)]
    ids = [str(_json(file).get("Name", "")) for file in markers]
    known = {model.get("id"): model.get("alias") for model in _saved_catalog(cache)}
    aliases = dict.fromkeys(str(known.get(id_) or id_.rpartition(":")[0]) for id_ in ids)
    return [*_own(), *((alias, "in the cache") for alias in aliases), *((id_, "in the cache") for id_ in ids)]


def catalog_models() -> list[Candidate]:
    """What the runtime last heard from its catalog, by alias."""
    saved = _saved_catalog(Path(str(_runtime().model_cache_dir)))
    return [(alias, "in the catalog") for alias in sorted({str(model.get("alias")) for model in saved})]


def loaded() -> list[Candidate]:
    """Models in memory."""
    from foundry_bench.worker.loaded_models import loaded_models

    return [(model.alias, model.id) for model in loaded_models(Path(str(_runtime().app_data_dir)))]


def named_sources() -> list[Candidate]:
    """The user's endpoints and adapters, as the beginning of a model's name."""
    config = _config()
    services = [(f"{name}:", _url(given)) for name, given in _table(config, "endpoints").items()]
    return [*services, *((name, "an adapter") for name in _table(config, "adapters"))]


def endpoint_urls() -> list[Candidate]:
    """The addresses of the user's endpoints."""
    return [(url, name) for name, given in _table(_config(), "endpoints").items() if (url := _url(given))]


def themes() -> list[Candidate]:
    """The themes that come along, and the user's own."""
    from foundry_bench.session.shipped import shipped_folder

    folders = (shipped_folder("themes"), config_path(os.environ).parent / "themes")
    return [(file.stem, "") for folder in folders for file in sorted(folder.glob("*.toml"))]


def _saved_catalog(cache: Path) -> list[dict[str, Any]]:
    models = _json(cache / "foundry.modelinfo.json").get("models")
    return [model for model in models if isinstance(model, dict)] if isinstance(models, list) else []


def _unfinished(folder: Path) -> bool:
    return (folder / "download.tmp").exists() or not (folder / "genai_config.json").is_file()


def _own() -> Iterable[Candidate]:
    from foundry_bench.session.own_models import list_own

    with suppress(InputError):
        return [(name, "imported") for name in list_own()]
    return ()


def _out(folder: str | None) -> Iterable[Path]:
    with suppress(OSError):
        return list(Path(folder or _config().get("out") or "runs").expanduser().iterdir())
    return ()


def _runtime() -> Runtime:
    table = _table(_config(), "foundry")
    given = {
        key: os.environ.get(variable) or table.get(key)
        for key, variable in (("app_data_dir", "FOUNDRY_BENCH_DATA"), ("model_cache_dir", "FOUNDRY_BENCH_MODEL_CACHE"))
    }
    return with_default_folders(Runtime(**given))


def _config() -> Mapping[str, Any]:
    """The user's config as it is: a command will refuse what is wrong with it, and say so."""
    with suppress(OSError, ValueError):
        return tomllib.loads(config_path(os.environ).read_text("utf-8-sig"))
    return {}


def _table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = document.get(name)
    return table if isinstance(table, dict) else {}


def _url(given: object) -> str:
    return str(given.get("url", "")) if isinstance(given, dict) else ""


def _json(path: Path) -> Mapping[str, Any]:
    with suppress(OSError, ValueError, RecursionError):
        document = json.loads(read_bounded(path))
        return document if isinstance(document, dict) else {}
    return {}

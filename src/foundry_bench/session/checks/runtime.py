"""Checks that the embedded runtime loads, and that its catalog answers."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from foundry_bench.session.own_models import list_own
from foundry_bench.session.paths import log_dir, with_default_folders
from foundry_bench.session.reaching import DEFAULT_CATALOG, reach
from foundry_bench.session.settings import Settings
from foundry_bench.session.supervisor import start_worker
from foundry_bench.values.check import Check, failed, ok, warning
from foundry_bench.values.errors import InputError
from foundry_bench.values.events import CatalogEntry, CatalogListed, StageStarted
from foundry_bench.values.format import seconds
from foundry_bench.values.plan import Runtime
from foundry_bench.worker.model_cache import cached_models
from foundry_bench.worker.protocol import Catalog

# The runtime gives a refused catalog up after about 4 s, a silent one after 30.
_TRIAL_LIMIT_S = 6.0
_MODULE = "foundry_bench.worker.runtime_trial"


@dataclass(frozen=True, slots=True)
class RuntimeState:
    """The two lines, what the catalog lists, and whether it answered."""

    checks: tuple[Check, ...]
    entries: tuple[CatalogEntry, ...] = ()
    reached: bool = False


@dataclass(slots=True)
class _Trial:
    started_s: float | None = None
    entries: tuple[CatalogEntry, ...] | None = None
    died: str | None = None


async def check_runtime(settings: Settings) -> RuntimeState:
    """Start the runtime in a process of its own, and meanwhile knock at the catalog's door."""
    runtime = with_default_folders(settings.plan.runtime)
    url = runtime.catalog_url or DEFAULT_CATALOG
    answering = asyncio.ensure_future(reach(url))
    trial, (answer, reach_s) = await asyncio.gather(_try(runtime, answering), answering)
    if trial.started_s is None:
        reason = trial.died or f"did not start within {_TRIAL_LIMIT_S:g} s"
        mend = f"reinstall foundry-local-sdk; its last words are in {log_dir() / 'doctor.log'}"
        return RuntimeState((failed("runtime", reason, mend),), reached=answer is None)
    runs = ok("runtime", f"Foundry Local starts in {seconds(trial.started_s)}, in a process of its own")
    host = urlsplit(url).netloc
    listed = f"{len(trial.entries)} variants" if trial.entries is not None else "no list yet"
    if answer is None and trial.entries:
        return RuntimeState(
            (runs, ok("catalog", f"{host} answers in {seconds(reach_s)}, {listed}")), trial.entries, reached=True
        )
    if answer is None:
        reason = trial.died or f"{host} answers, but the runtime has {listed} after {_TRIAL_LIMIT_S:g} s"
        mend = "is --catalog-url a Foundry catalog? without one, leave the setting out"
        return RuntimeState((runs, warning("catalog", reason, mend)), trial.entries or ())
    found = f"{host}: {answer}; models on the disk can be used, none downloaded"
    mend = "check the network, the proxy (HTTPS_PROXY) and --catalog-url"
    check = warning("catalog", found, mend) if _something_else(settings, runtime) else failed("catalog", found, mend)
    return RuntimeState((runs, check), trial.entries or ())


async def _try(runtime: Runtime, answering: Awaitable[tuple[str | None, float]]) -> _Trial:
    """Start the runtime, and have it list its catalog, for which there is no waiting where that can't be reached."""
    trial = _Trial()
    began_s = time.monotonic()
    async with start_worker(log_dir() / "doctor.log", _MODULE) as worker:
        worker.send(Catalog(runtime=runtime))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_TRIAL_LIMIT_S):
                async with contextlib.aclosing(worker.events()) as events:
                    async for event in events:
                        match event:
                            case StageStarted(stage="catalog"):
                                trial.started_s = time.monotonic() - began_s
                                if (await answering)[0] is not None:
                                    break
                            case CatalogListed(entries=entries):
                                trial.entries = entries
                                break
                    else:
                        trial.died = (await worker.cause_of_death()).message
        worker.kill()  # all that it could tell is told, and its own way out may wait for the catalog
    return trial


def _something_else(settings: Settings, runtime: Runtime) -> bool:
    """Whether there is anything to measure without a catalog."""
    with contextlib.suppress(InputError):
        if list_own():
            return True
    plan = settings.plan
    elsewhere = plan.endpoint or settings.endpoints or settings.adapters
    return bool(elsewhere or cached_models(Path(runtime.model_cache_dir or "")))

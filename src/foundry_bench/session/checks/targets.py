"""Checks that the models to be measured fit into memory and answer."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from foundry_bench.session.checks.runtime import RuntimeState
from foundry_bench.session.own_models import list_own
from foundry_bench.session.paths import log_dir, with_default_folders
from foundry_bench.session.settings import Settings
from foundry_bench.session.supervisor import start_worker
from foundry_bench.session.targets import find_target
from foundry_bench.values.check import Check, failed, ok, warning
from foundry_bench.values.choice import named
from foundry_bench.values.errors import InputError
from foundry_bench.values.events import CatalogEntry, ModelFinished, SampleFinished
from foundry_bench.values.fit import Demand, Room, demand, free_mb, need, verdict
from foundry_bench.values.format import megabytes, one_line, seconds
from foundry_bench.values.plan import Plan, Prompt, Runtime, Target
from foundry_bench.values.record import Failure, Sample
from foundry_bench.worker.model_cache import cached_models, folder_mb
from foundry_bench.worker.protocol import Measure
from foundry_bench.worker.room import read_room

_PROMPT = Prompt(id="doctor", prompt="Say hello.", max_tokens=8)
_LIMIT_S = 20.0
_UNASKED_LIMIT_S = 8.0
_UNASKED_MB = 2_000.0


async def check_targets(settings: Settings, state: RuntimeState) -> AsyncGenerator[Check]:
    """Two lines a model: of the plan's, or without any of the smallest one on the disk."""
    plan = settings.plan
    runtime = with_default_folders(plan.runtime)
    disk = cached_models(Path(runtime.model_cache_dir or ""))
    for target in _targets(settings, disk):
        if isinstance(target, Check):
            yield target
            continue
        asked: Target | None = target
        if target.backend == "foundry":
            entry = _entry(target.model, state.entries, disk)
            path = target.path or (entry.path if entry else None)
            size_mb = (folder_mb(Path(path)) if path else None) or (entry.size_mb if entry else None)
            yield check_fit(target.name, size_mb, demand(plan), read_room(), entry.device if entry else None)
            if path and not state.reached:
                model = entry.name if entry else target.model
                asked = replace(target, model=model, path=path)  # as the runtime would find it, but without the wait
            elif not path and not (entry and entry.cached):
                asked = None
        if asked is None:
            yield warning(
                f"model {target.name}", "not on this disk", "none needed, if the name is right: a run downloads it"
            )
        else:
            yield await _answers(
                plan, runtime, asked, min(plan.timeout_s, _LIMIT_S if plan.models else _UNASKED_LIMIT_S)
            )


def _targets(settings: Settings, disk: Sequence[CatalogEntry]) -> Iterator[Target | Check]:
    """Where to ask, or why it can't be told."""
    for name in settings.plan.models:
        try:
            yield find_target(name, settings.plan.endpoint, settings.endpoints, settings.adapters, list_own())
        except InputError as error:
            yield failed(f"model {name}", str(error), "mend the setting")
    if not settings.plan.models:
        small = [entry for entry in disk if entry.size_mb and entry.size_mb < _UNASKED_MB]
        if not small:
            yield ok("models", "none named and no small one on the disk: nothing to ask; name some with -m or a plan")
        else:
            least = min(small, key=lambda entry: entry.size_mb or 0.0)
            yield Target(name=least.id, backend="foundry", model=least.id)


def check_fit(name: str, size_mb: float | None, demand: Demand, room: Room, device: str | None = None) -> Check:
    """Whether a model of this size, for this device, fits into the memory that is free now."""
    title = f"memory for {name}"
    free = megabytes(free_mb(room))
    if size_mb is None:
        return ok(title, f"its size is not known; {free} free")
    needed = need(size_mb, demand=demand)
    found = f"{megabytes(needed.least_mb)} to {megabytes(needed.likely_mb)} needed, {free} free"
    match verdict(needed, room, device):
        case "fits":
            return ok(title, found)
        case "tight":
            return warning(title, found, "close other programs")
        case "no":
            return failed(title, found, "close other programs, or choose a smaller model or variant")


async def _answers(plan: Plan, runtime: Runtime, target: Target, limit_s: float) -> Check:
    """One short request, in a worker of its own."""
    name = f"model {target.name}"
    with tempfile.TemporaryDirectory(prefix="foundry-bench-") as folder:
        if target.path:  # such a model needs no cache; registering it would leave a trace in the user's
            runtime = replace(runtime, model_cache_dir=f"{folder}/models", app_data_dir=f"{folder}/data")
        asked = replace(plan.once(target.name, [_PROMPT]), concurrency=1, runtime=runtime)
        try:
            async with asyncio.timeout(limit_s):
                sample, failure, advice = await _probe(asked, target)
        except TimeoutError:
            waits = f"; a run waits {plan.timeout_s:g} s" if limit_s < plan.timeout_s else ""
            return warning(name, f"no answer within {limit_s:g} s, cut off{waits}", "try it alone: foundry-bench probe")
    if failure or sample is None:
        mend = advice or "try it alone: foundry-bench probe"
        return failed(name, one_line(failure.message if failure else "it did not answer"), mend)
    return ok(name, f"answers: first token {seconds(sample.ttft_s)}, {seconds(sample.latency_s)} in all")


async def _probe(plan: Plan, target: Target) -> tuple[Sample | None, Failure | None, str | None]:
    """The measured answer, or why there is none and how to mend it."""
    sample: Sample | None = None
    async with start_worker(log_dir() / "doctor.log") as worker:
        worker.send(Measure(plan=plan, target=target))
        async for event in worker.events():
            match event:
                case SampleFinished(sample=found) if found.phase == "measure":
                    sample = found
                case ModelFinished(error=error, advice=advice):
                    return sample, error, advice
    return sample, await worker.cause_of_death(), None


def _entry(name: str, listed: Sequence[CatalogEntry], disk: Sequence[CatalogEntry]) -> CatalogEntry | None:
    """What is known of a model: as it lies on the disk, else as the catalog lists it."""
    listings = named(listed, name)
    meant = {entry.id for entry in (*listings, *named(disk, name))}
    on_disk = [entry for entry in disk if entry.id in meant]
    return next(iter([*on_disk, *(entry for entry in listings if entry.cached), *listings]), None)

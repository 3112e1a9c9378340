"""What a host of a fleet does: the task that its Dask worker runs."""

import asyncio
import contextlib
import os
from dataclasses import replace
from hashlib import sha256

from foundry_bench.session.benchmark import Benchmark
from foundry_bench.session.channel import Skip
from foundry_bench.session.file_names import slug
from foundry_bench.session.fleet_messages import HostEnded, HostJob, HostOrder, HostReady, HostStarted, decode_job
from foundry_bench.session.host_facts import describe_host
from foundry_bench.session.host_link import HostLink
from foundry_bench.session.host_turn import host_turn
from foundry_bench.session.own_models import list_own
from foundry_bench.session.paths import data_dir, with_default_folders
from foundry_bench.session.settings import resolve
from foundry_bench.session.store import RUN_FILE, Run
from foundry_bench.values.errors import InputError
from foundry_bench.values.events import AnswerProgressed, Event, Noted, RequestStarted, SampleFinished
from foundry_bench.values.fleet import sample_key
from foundry_bench.values.plan import Target
from foundry_bench.values.record import Failure
from foundry_bench.values.result import RunRecord
from foundry_bench.worker.protocol import Pause, Resume, Stop

_LAST_WORDS_S = 10.0


def measure(job: bytes) -> None:
    """Measure what the job says, record it on this host, and tell home of it; never raises for a model's sake."""
    HostBenchmark(decode_job(job)).measure()


class HostBenchmark:
    """A host's part of a run."""

    def __init__(self, job: HostJob) -> None:
        self._job = job
        self._link = HostLink(job, self._tell_record)
        self._run: Run | None = None
        self._told: RunRecord | None = None
        self._benchmark: Benchmark | None = None
        self._let_go: str | None = None
        self._stopping = self._paused = False
        self._given_up = asyncio.Event()
        self._samples = 0

    def measure(self) -> None:
        """To its end, or as long as home is reached."""
        asyncio.run(self._measure())

    async def _measure(self) -> None:
        carrying = asyncio.ensure_future(self._link.carry(self._obey))
        working = asyncio.ensure_future(self._work())
        await asyncio.wait({carrying, working}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():  # nobody listens any more
            working.cancel()
        await asyncio.wait({working})
        self._link.end()
        await asyncio.wait({carrying}, timeout=_LAST_WORDS_S)
        carrying.cancel()
        self._tell_record()  # nothing that comes after the end is heard
        self._link.tell(HostEnded(samples=self._samples, error=_failure(working)))
        with contextlib.suppress(OSError, RuntimeError):
            async with asyncio.timeout(_LAST_WORDS_S):
                await self._link.flush()

    async def _work(self) -> None:
        job = self._job
        folder, own = data_dir() / "fleet", folder_name(job.host)
        name = f"{job.run}-{own}"
        async with host_turn(folder / f"{own}.turn", self._waits):
            settings = resolve({}, os.environ, models_needed=False)
            plan = replace(job.plan, runtime=with_default_folders(settings.plan.runtime))
            if (folder / name / RUN_FILE).is_file():
                self._run = Run.resume(folder / name)
            else:
                self._run = Run.create(folder, plan, await asyncio.to_thread(describe_host), run_id=name)
            self._reconcile(self._run)
            gate = self._gate if job.share else None
            targets = tuple(map(_here, job.targets))
            self._benchmark = Benchmark(plan, targets, self._run, self._listen, gate)
            if self._paused:  # while it waited for its turn
                self._benchmark.pause()
            if self._stopping:
                self._benchmark.stop()
            await self._benchmark.measure()

    def _reconcile(self, run: Run) -> None:
        """Give this host's record what only home has of it, and home what only this host has."""
        here = {sample_key(sample): sample for sample in run.samples()}
        there = {sample_key(sample): sample for sample in self._job.known}
        for key, sample in there.items():
            if key not in here:
                run.append(sample)
        for key, sample in here.items():
            if key not in there:
                self._link.tell(SampleFinished(slot=0, sample=sample))
        self._samples = len(here.keys() | there.keys())

    async def _gate(self, model: str) -> None:
        if not self._stopping:  # else it is a model before this one that was skipped
            self._given_up.clear()
        self._link.tell(HostReady(model=model), at_once=True)
        opened, given_up = asyncio.ensure_future(self._link.opened(model)), asyncio.ensure_future(self._given_up.wait())
        try:
            await asyncio.wait({opened, given_up}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            opened.cancel()
            given_up.cancel()
        self._let_go = model

    def _listen(self, event: Event) -> None:
        """Texts as they grow stay here: home draws no answer, and what is sent takes time from what is measured."""
        match event:
            case AnswerProgressed():
                return
            case RequestStarted(model=model, phase="measure"):
                if model == self._let_go:
                    self._let_go = None
                    self._link.tell(HostStarted(model=model), at_once=True)
                return
            case RequestStarted():
                return
            case SampleFinished():
                self._samples += 1
        self._link.tell(event)

    def _tell_record(self) -> None:
        if self._run and self._run.record is not self._told:
            self._told = self._run.record
            self._link.tell(self._told)

    def _waits(self) -> None:
        self._link.tell(Noted(message="waits for another benchmark on this host to end"), at_once=True)

    def _obey(self, order: HostOrder) -> None:
        self._stopping |= isinstance(order, Stop)
        self._paused = isinstance(order, Pause) or (self._paused and not isinstance(order, Resume))
        if self._benchmark is None:
            return
        match order:
            case Pause():
                self._benchmark.pause()
            case Resume():
                self._benchmark.resume()
            case Skip():
                self._given_up.set()
                self._benchmark.skip()
            case Stop():
                self._given_up.set()
                self._benchmark.stop()


def folder_name(host: str) -> str:
    """A host's name as part of a file's: no other host of a home that several share has the same."""
    name = slug(host)
    return name if name == host else f"{name}-{sha256(host.encode()).hexdigest()[:8]}"


def _here(target: Target) -> Target:
    """The same model on this host: one's own are in a folder of each host's own."""
    if target.backend != "foundry":
        return target
    own = list_own().get(target.name)
    return replace(target, path=own.path if own else None, license=own.license if own else target.license)


def _failure(working: "asyncio.Future[None]") -> Failure | None:
    """Why this host could not do its part, in a line."""
    if working.cancelled():
        return Failure(type="stopped", message="nobody listened any more")
    error = working.exception()
    if error is None:
        return None
    if isinstance(error, InputError):
        return Failure(type="refused", message=str(error))
    if isinstance(error, OSError):
        return Failure(type="disk", message=f"{error.filename or 'its folder'}: {error.strerror or error}")
    return Failure(type="broken", message=f"{type(error).__name__}: {error}")

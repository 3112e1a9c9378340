"""Runs a plan on the hosts of a Dask cluster: one pinned task a host, one run here that records them all."""

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Collection, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from foundry_bench.session import fleet_host
from foundry_bench.session.channel import Skip
from foundry_bench.session.cluster import connected, workers_of
from foundry_bench.session.facet_ratings import check_run
from foundry_bench.session.fleet_ledger import FleetLedger, Listener
from foundry_bench.session.fleet_messages import (
    HostEnded,
    HostJob,
    HostNews,
    HostOrder,
    HostReady,
    HostStarted,
    decode_news,
    encode_line,
    go_topic,
    orders_topic,
)
from foundry_bench.session.host_link import SILENCE_S
from foundry_bench.session.start_line import StartLine
from foundry_bench.session.store import Run
from foundry_bench.values.errors import InputError
from foundry_bench.values.events import ModelFinished, Noted
from foundry_bench.values.fleet import HostStatus, hosts_plan
from foundry_bench.values.format import one_line
from foundry_bench.values.plan import Plan, Target
from foundry_bench.values.record import Failure
from foundry_bench.values.result import RunRecord, RunStatus
from foundry_bench.worker.protocol import Pause, Resume, Stop

T = TypeVar("T")

_LOOK_S = 1.0
_STOP_S = 15.0
_GONE_LOOKS = 2  # a worker that is missing so often in a row is lost; what it told before is read meanwhile


class FleetBenchmark:
    """A run of many hosts under way; steered like a ``Benchmark``.

    Args:
        plan: what to measure, with the address of the cluster.
        targets: where, in the plan's order.
        run: the run on disk, with its hosts; what is finished there is kept.
        listener: is told each event after it is on disk.
    """

    def __init__(self, plan: Plan, targets: Sequence[Target], run: Run, listener: Listener) -> None:
        self._plan = plan
        self._targets = targets
        self._run = run
        self._listener = listener
        self._ledger = FleetLedger(plan, run, listener)
        self._topic = f"foundry-bench/{run.record.id}/{secrets.token_hex(4)}"
        self._hosts = {host.name: _Host() for host in run.record.hosts if self._ledger.unfinished(host.name)}
        self._line = StartLine(plan.models, self._hosts)
        self._client: Any = None
        self._news: Any = None
        self._over = asyncio.Event()
        self._orders: asyncio.Queue[HostOrder] = asyncio.Queue()
        self._stopping_at_s: float | None = None
        self._unreached = False

    @property
    def worker_pid(self) -> int | None:
        """The processes are on other machines."""
        return None

    async def measure(self) -> RunStatus:
        """Measure on every host what it still lacks; returns the run's final status.

        A host that fails, or is lost, is recorded as such and the others go on. Where the scheduler is lost, or on
        cancellation, the run is closed as interrupted.

        Raises:
            InputError: no scheduler answers.
            OSError: the run can't be written any more.
        """
        status: RunStatus = "interrupted"
        try:
            async with connected(self._plan.cluster or "") as self._client:
                await self._measure()
            if self._plan.spread:
                self._ledger.merge(self._line.skews_s)
            if self._stopping_at_s is None and not self._unreached:
                answered = any(result.counts.answered for result in self._run.record.models)
                status = "done" if answered else "failed"
        finally:
            self._run.close(status)
        if status == "done":
            with contextlib.suppress(InputError, OSError):
                await asyncio.to_thread(check_run, self._run.path)
        return status

    def pause(self) -> None:
        """Let the requests in flight end and start no more, nor another model."""
        self._orders.put_nowait(Pause())

    def resume(self) -> None:
        """Go on after a pause."""
        self._orders.put_nowait(Resume())

    def skip(self) -> None:
        """Give up the model that each host has in hand."""
        self._orders.put_nowait(Skip())

    def stop(self) -> None:
        """Have all hosts give up; what was finished stays."""
        self._stopping_at_s = self._stopping_at_s or asyncio.get_running_loop().time()
        self._orders.put_nowait(Stop())

    async def _measure(self) -> None:
        try:
            try:
                await self._begin()
                await self._follow()
            except asyncio.CancelledError:
                self.stop()
                await self._follow()
                raise
        except _SchedulerLostError as error:
            self._unreached = True
            for name in self._open():
                self._end(name, "lost", Failure(type="scheduler_lost", message="the scheduler was lost"))
            mend = f"start the cluster again, then go on with: foundry-bench run --resume {self._run.record.id}"
            self._listener(Noted(message=f"the scheduler was lost ({error}); {mend}"))

    async def _begin(self) -> None:
        """Give each host its job; one that is not there is lost."""
        from distributed import Queue

        self._news = await self._asked(Queue(self._topic, client=self._client))
        workers = await self._asked(workers_of(self._client))
        for name, host in self._hosts.items():
            address = self._ledger.host(name).address
            if address not in workers:
                self._end(name, "lost", Failure(type="host_lost", message="it is not in the cluster"))
                continue
            host.orders = await self._asked(Queue(orders_topic(self._topic, name), client=self._client))
            self._run.set_host(replace(self._ledger.host(name), status="waiting", error=None))
            host.future = self._client.submit(
                fleet_host.measure,
                encode_line(self._job(name)),
                key=f"{self._topic}/{name}",
                workers=[address],
                allow_other_workers=False,
                pure=False,
                retries=0,
            )

    def _job(self, name: str) -> HostJob:
        models = self._ledger.unfinished(name)
        share = self._ledger.share(name)
        return HostJob(
            run=self._run.record.id,
            host=name,
            topic=self._topic,
            plan=hosts_plan(replace(self._plan, models=tuple(models)), share),
            targets=tuple(target for target in self._targets if target.name in models),
            share=share,
            known=self._ledger.known(name),
        )

    async def _follow(self) -> None:
        """Until no host is left that measures."""
        if not self._open():
            return
        tasks = [asyncio.ensure_future(one) for one in (self._read(), self._watch(), self._send(), self._over.wait())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self) -> None:
        while True:
            await self._enter(await self._asked(self._news.get()))
            for bundle in await self._asked(self._news.get(batch=True)):
                await self._enter(bundle)

    async def _send(self) -> None:
        while True:
            order = encode_line(await self._orders.get())
            for name in self._open():
                if orders := self._hosts[name].orders:
                    await self._asked(orders.put(order))

    async def _enter(self, bundle: Sequence[Any]) -> None:
        """Enter what a host told; what makes no sense ends its part."""
        name, lines = bundle
        if name not in self._open():
            return
        self._hosts[name].heard_s = asyncio.get_running_loop().time()
        for line in lines:
            try:
                news = decode_news(line)
            except ValueError as error:
                message = f"it told what can't be understood ({one_line(str(error))[:200]}); update foundry-bench there"
                self._end(name, "failed", Failure(type="garbled", message=message))
                return
            self._take(name, news)
        await self._let_go()

    def _take(self, name: str, news: HostNews) -> None:
        now_s = asyncio.get_running_loop().time()
        match news:
            case RunRecord():
                self._ledger.enter_record(name, news)
            case HostReady(model=model):
                self._line.ready(name, model)
            case HostStarted(model=model):
                self._line.started(name, model, now_s)
            case HostEnded(samples=samples, error=error):
                if samples != (have := self._ledger.count(name)):
                    self._listener(Noted(message=f"{name}: {samples - have} of its samples did not come home"))
                ended: HostStatus = "stopped" if self._stopping_at_s else "failed" if error else "done"
                self._end(name, ended, error)
            case _:
                if isinstance(news, ModelFinished):
                    self._line.out(name, news.model)
                self._ledger.enter(name, news)

    async def _let_go(self) -> None:
        """Have the hosts begin a model that all of them are ready for."""
        from distributed import Event

        for model in tuple(self._line.due()):
            self._line.let_go(model, asyncio.get_running_loop().time())
            await self._asked(Event(go_topic(self._topic, model), client=self._client).set())

    async def _watch(self) -> None:
        """Look after the hosts: whatever becomes of one, its part ends."""
        while True:
            workers = await self._asked(workers_of(self._client))
            for name in self._open():
                if ending := await self._ending(name, workers):
                    self._end(name, *ending)
            await self._let_go()
            await asyncio.sleep(_LOOK_S)

    async def _ending(self, name: str, workers: Collection[str]) -> tuple[HostStatus, Failure] | None:
        """Why a host's part is over, where it is."""
        host, now_s = self._hosts[name], asyncio.get_running_loop().time()
        host.missed = 0 if self._ledger.host(name).address in workers else host.missed + 1
        if host.missed >= _GONE_LOOKS:
            return "lost", Failure(type="host_lost", message="its Dask worker ended or can't be reached")
        if host.heard_s is not None and now_s - host.heard_s > SILENCE_S:
            return "lost", Failure(type="host_lost", message=f"it said nothing for {SILENCE_S:g} s")
        if host.future is not None and host.future.status == "error":
            error = await self._asked(host.future.exception())
            message = f"{type(error).__name__}: {one_line(str(error))[:300]}"
            if isinstance(error, ModuleNotFoundError):
                message += "; install the same foundry-bench there"
            return "failed", Failure(type="broken", message=message)
        if self._stopping_at_s is not None and now_s - self._stopping_at_s > _STOP_S:
            return "stopped", Failure(type="stopped", message="interrupted before its end")
        return None

    def _open(self) -> list[str]:
        return [name for name, host in self._hosts.items() if not host.over]

    def _end(self, name: str, status: HostStatus, error: Failure | None) -> None:
        self._hosts[name].over = True
        self._line.out(name)
        self._ledger.end(name, replace(self._ledger.host(name), status=status, error=error))
        if not self._open():
            self._over.set()

    async def _asked(self, answer: Awaitable[T]) -> T:
        """What the scheduler answers.

        Raises:
            _SchedulerLostError: it doesn't.
        """
        try:
            return await answer
        except (OSError, RuntimeError, ValueError) as error:
            raise _SchedulerLostError(one_line(str(error))[:200] or type(error).__name__) from error


class _SchedulerLostError(Exception):
    """The scheduler does not answer any more."""


class _Host:
    """What this run has to do with a host: its task, the queue of its orders, when it was last heard."""

    def __init__(self) -> None:
        self.future: Any = None
        self.orders: Any = None
        self.heard_s: float | None = None
        self.missed = 0
        self.over = False

"""Runs a plan on the hosts of a Dask cluster: one pinned task a host, one run here that records them all."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from foundry_bench.session import fleet_host
from foundry_bench.session.channel import Skip
from foundry_bench.session.cluster import connected, hosts_from, workers_of
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
from foundry_bench.session.host_watch import HostWatch, SchedulerLostError, asked
from foundry_bench.session.paths import from_here
from foundry_bench.session.run_end import close_after
from foundry_bench.session.start_line import StartLine
from foundry_bench.session.store import Run
from foundry_bench.values.events import ModelFinished, Noted
from foundry_bench.values.fleet import hosts_plan
from foundry_bench.values.format import brief
from foundry_bench.values.plan import Plan, Target
from foundry_bench.values.record import Failure, HostStatus, Sample
from foundry_bench.values.result import RunRecord, RunStatus
from foundry_bench.worker.protocol import Pause, Resume, Stop

_LOOK_S = 1.0
_STOP_S = 15.0


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
        self._hosts = {host.name: HostWatch() for host in run.record.hosts if self._ledger.unfinished(host.name)}
        self._line = StartLine(plan.models, self._hosts)
        self._client: Any = None
        self._news: Any = None
        self._over = asyncio.Event()
        self._orders: asyncio.Queue[HostOrder] = asyncio.Queue()
        self._stopping_at_s: float | None = None
        self._paused = False

    async def measure(self) -> RunStatus:
        """Measure on every host what it still lacks; returns the run's final status.

        A host that fails, or is lost, is recorded as such and the others go on. Where the scheduler is lost, or on
        cancellation, the run is closed as interrupted.

        Raises:
            InputError: no scheduler answers.
            OSError: the run can't be written any more.
        """
        return await close_after(self._measure(), self._run)

    def pause(self) -> None:
        """Let the requests in flight end and start no more, nor another model."""
        self._paused = True
        self._orders.put_nowait(Pause())

    def resume(self) -> None:
        """Go on after a pause."""
        self._orders.put_nowait(Resume())

    def skip(self) -> None:
        """Give up the model that each host has in hand."""
        self._orders.put_nowait(Skip())

    def stop(self) -> None:
        """Have all hosts give up; what was finished stays."""
        self._stopping_at_s = self._stopping_at_s or _now_s()
        self._orders.put_nowait(Stop())

    async def _measure(self) -> bool:
        """Measure what is wanted; whether nobody stopped it and the scheduler was there to the end."""
        async with connected(self._plan.cluster or "") as self._client:
            reached = await self._measure_on_hosts()
        if self._plan.spread:
            # The time that hosts measured together has a pause in it, whose length each knows by its own clock alone.
            self._ledger.merge({} if self._paused else self._line.skews_s)
        return reached and self._stopping_at_s is None

    async def _measure_on_hosts(self) -> bool:
        """Until no host is left that measures; whether the scheduler was there to the end."""
        try:
            try:
                await self._begin()
                await self._follow()
            except asyncio.CancelledError:
                self.stop()
                await self._follow()
                raise
        except SchedulerLostError as error:
            for name in self._open():
                self._end(name, "lost", Failure(type="scheduler_lost", message="the scheduler was lost"))
            mend = f"start the cluster again, then go on with: foundry-bench run --resume {from_here(self._run.path)}"
            self._listener(Noted(message=f"the scheduler was lost ({error}); {mend}"))
            return False
        return True

    async def _begin(self) -> None:
        """Give each host its job; one that is not there is lost."""
        from distributed import Queue

        self._news = await asked(Queue(self._topic, client=self._client))
        workers = await asked(workers_of(self._client))
        known = self._ledger.known()
        for name, host in self._hosts.items():
            address = self._ledger.host(name).address
            if address not in workers:
                self._end(name, "lost", Failure(type="host_lost", message="it is not in the cluster"))
                continue
            host.orders = await asked(Queue(orders_topic(self._topic, name), client=self._client))
            self._ledger.set_host(replace(self._ledger.host(name), status="waiting", error=None))
            host.future = self._client.submit(
                fleet_host.measure,
                encode_line(self._job(name, known[name])),
                key=f"{self._topic}/{name}",
                workers=[address],
                allow_other_workers=False,
                pure=False,
                retries=0,
            )

    def _job(self, name: str, known: Sequence[Sample]) -> HostJob:
        models = self._ledger.unfinished(name)
        share = self._ledger.share(name)
        return HostJob(
            run=self._run.record.id,
            host=name,
            topic=self._topic,
            plan=hosts_plan(replace(self._plan, models=tuple(models)), share),
            targets=tuple(target for target in self._targets if target.name in models),
            share=share,
            known=tuple(known),
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
            await self._enter(await asked(self._news.get()))
            for bundle in await asked(self._news.get(batch=True)):
                await self._enter(bundle)

    async def _send(self) -> None:
        while True:
            order = encode_line(await self._orders.get())
            for name in self._open():
                if orders := self._hosts[name].orders:
                    await asked(orders.put(order))

    async def _enter(self, bundle: Sequence[Any]) -> None:
        """Enter what a host told; what makes no sense ends its part."""
        name, lines = bundle
        if name not in self._open():
            return
        self._hosts[name].heard_s = _now_s()
        for line in lines:
            try:
                news = decode_news(line)
            except ValueError as error:
                message = f"it told what can't be understood ({brief(str(error))}); update foundry-bench there"
                self._end(name, "failed", Failure(type="garbled", message=message))
                return
            self._take(name, news)
        await self._let_go()

    def _take(self, name: str, news: HostNews) -> None:
        now_s = _now_s()
        match news:
            case RunRecord():
                self._ledger.enter_record(name, news)
            case HostReady(model=model):
                self._line.ready(name, model)
            case HostStarted(model=model):
                self._line.started(name, model, now_s)
            case HostEnded(samples=samples, error=error):
                if samples > (have := self._ledger.count(name)):
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
            self._line.let_go(model, _now_s())
            await asked(Event(go_topic(self._topic, model), client=self._client).set())

    async def _watch(self) -> None:
        """Look after the hosts: whatever becomes of one, its part ends."""
        while True:
            workers = await asked(workers_of(self._client))
            for name in self._open():
                if ending := await self._hosts[name].ending(self._ledger.host(name).address, workers):
                    self._end(name, *ending)
                elif self._stopping_at_s is not None and _now_s() - self._stopping_at_s > _STOP_S:
                    self._end(name, "stopped", Failure(type="stopped", message="interrupted before its end"))
            self._greet(workers)
            await self._let_go()
            await asyncio.sleep(_LOOK_S)

    def _greet(self, workers: Mapping[str, Mapping[str, Any]]) -> None:
        """Tell, once, of a lost host that is back: its figures would have a gap, so that nobody goes on with it."""
        there = {host.name: host.address for host in hosts_from(workers)}
        for name, host in self._hosts.items():
            if host.lost_at and there.get(name, host.lost_at) != host.lost_at:
                host.lost_at = None
                self._ledger.tell(name, back=True)
                self._listener(Noted(message=f"{name} is back; what it lacks is measured by --resume"))

    def _open(self) -> list[str]:
        return [name for name, host in self._hosts.items() if not host.over]

    def _end(self, name: str, status: HostStatus, error: Failure | None) -> None:
        known = self._ledger.host(name)
        self._hosts[name].over = True
        self._hosts[name].lost_at = known.address if status == "lost" else None
        self._line.out(name)
        self._ledger.end(name, replace(known, status=status, error=error))
        if not self._open():
            self._over.set()


def _now_s() -> float:
    return asyncio.get_running_loop().time()

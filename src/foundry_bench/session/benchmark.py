"""Runs a plan: calibrates, then measures the models one after the other or in turns."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence

from foundry_bench.session.calibrating import calibrate, short_loads
from foundry_bench.session.measurement import Listener, Measurement, begin_measurement
from foundry_bench.session.prefetch import prefetch
from foundry_bench.session.room import lack_of_room
from foundry_bench.session.run_end import close_after
from foundry_bench.session.stopwatch import Stopwatch
from foundry_bench.session.store import Run
from foundry_bench.values.errors import InputError
from foundry_bench.values.events import Noted, RoundsExpected, StageStarted
from foundry_bench.values.plan import Order, Plan, Target
from foundry_bench.values.record import Sample
from foundry_bench.values.resampling import Answers
from foundry_bench.values.result import RunStatus
from foundry_bench.values.stopping import Pace, decide, next_round
from foundry_bench.worker.protocol import Pause, Resume

Gate = Callable[[str], Awaitable[None]]

_SKIP_GRACE_S = 5.0


class Benchmark:
    """A run under way.

    Args:
        plan: what to measure.
        targets: where, in the plan's order.
        run: the run on disk; of a resumed one, what is finished there is kept.
        listener: is told each event after it is on disk.
        gate: is awaited between a model's warm-up and its first measured request, where models go one by one.
    """

    def __init__(
        self, plan: Plan, targets: Sequence[Target], run: Run, listener: Listener, gate: Gate | None = None
    ) -> None:
        self._plan = plan
        self._targets = targets
        self._run = run
        self._listener = listener
        self._gate = gate
        self._in_hand: Measurement | None = None
        self._stopping = False
        self._prefetching: asyncio.Task[None] | None = None
        self._watch = Stopwatch()
        self._before: dict[str, list[Sample]] = {}

    async def measure(self) -> RunStatus:
        """Measure every model that the run doesn't hold yet; returns the run's final status.

        A model that fails is recorded as such and the next one is measured. On cancellation the run is closed as
        interrupted. Of one that is done the answers are scored by the checks of their facets.

        Raises:
            OSError: the run can't be written any more.
        """
        return await close_after(self._measure(), self._run)

    @property
    def worker_pid(self) -> int | None:
        """The process of the model in hand."""
        return self._in_hand.worker.pid if self._in_hand else None

    def pause(self) -> None:
        """Let the requests in flight end and start no more, nor another model."""
        self._watch.pause()
        if self._in_hand:
            self._in_hand.worker.send(Pause())

    def resume(self) -> None:
        """Go on after a pause."""
        self._watch.go_on()
        if self._in_hand:
            self._in_hand.worker.send(Resume())

    def skip(self) -> None:
        """Give the model in hand up, by force where it does not listen, and go on with the next."""
        self._watch.go_on()
        if self._in_hand:
            self._in_hand.give_up()
            asyncio.get_running_loop().call_later(_SKIP_GRACE_S, self._kill_if_same, self._in_hand)

    def stop(self) -> None:
        """Give the model in hand up and measure no more; what was finished stays."""
        self._stopping = True
        if self._prefetching:
            self._prefetching.cancel()
        self.skip()

    def _kill_if_same(self, measurement: Measurement) -> None:
        if self._in_hand is measurement and not measurement.over:
            measurement.worker.kill()

    async def _measure(self) -> bool:
        """Measure what is wanted; whether nobody stopped it."""
        if self._plan.prefetch:
            await self._prefetch()
        await self._calibrate()
        waiting = [target for target in self._targets if target.name not in self._run.finished_models()]
        self._before = await asyncio.to_thread(self._recorded, waiting)
        if await self._may_alternate(waiting):
            await self._measure_in_turns(waiting)
        else:
            await self._measure_one_by_one(waiting)
        return not self._stopping

    async def _prefetch(self) -> None:
        waiting = [target for target in self._targets if target.name not in self._run.finished_models()]
        self._prefetching = asyncio.create_task(prefetch(self._plan, waiting, self._listener))
        try:
            await self._prefetching
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        finally:
            self._prefetching = None

    async def _calibrate(self) -> None:
        """Measure this machine's own error first; a benchmark goes on without, and says so by having none."""
        if self._plan.calibrate and not self._stopping:
            self._listener(StageStarted(model="this machine", stage="calibrate"))
            with contextlib.suppress(InputError):
                self._run.set_calibration(await calibrate(short_loads(self._plan.concurrency), short=True))

    async def _may_alternate(self, waiting: Sequence[Target]) -> bool:
        """Whether the models take turns; where they should but can't, the run says why."""
        problem = None
        if wanted := self._plan.order == "interleaved" and len(waiting) > 1 and not self._stopping:
            problem = await lack_of_room(self._plan, waiting)
        notes = [f"measured one after the other, not in turns: {problem}"] if problem else []
        for note in notes:
            self._listener(Noted(message=note))
        alternating = wanted and not problem
        if waiting:
            self._record_order(waiting, notes, alternating=alternating)
        return alternating

    def _record_order(self, waiting: Sequence[Target], notes: Sequence[str], *, alternating: bool) -> None:
        """Of a resumed run what was true before stays, and what is other now is told beside it."""
        before = self._run.record
        order: Order = "interleaved" if alternating else "sequential"
        if before.order and before.order != order:
            how = "in turns" if alternating else "one after the other"
            names = ", ".join(target.name for target in waiting)
            notes, order = [f"after an interruption measured {how}: {names}", *notes], before.order
        self._run.set_order(order, list(dict.fromkeys([*before.notes, *notes])))

    async def _measure_one_by_one(self, waiting: Sequence[Target]) -> None:
        for place, target in enumerate(waiting):
            if self._stopping:
                break
            before_s, left = self._watch.read_s(), len(waiting) - place
            share_s = (self._plan.budget_s - before_s) / left if self._plan.budget_s else None
            async with self._begin(target) as measurement:
                try:
                    await self._measure_alone(measurement, before_s, share_s)
                except BaseException:  # the run ends in a hurry
                    self._run.add_model(measurement.result())
                    raise
            self._in_hand = None

    async def _measure_alone(self, measurement: Measurement, since_s: float, share_s: float | None) -> None:
        await self._prepare(measurement)
        if self._gate and not measurement.over:
            await self._gate(measurement.name)
        while not (measurement.over or measurement.stop):
            through = next_round(self._plan, measurement.rounds, alternating=False)
            began_s = self._watch.read_s()
            await self._turn(measurement, through)
            self._judge([measurement], since_s, share_s, self._watch.read_s() - began_s)
        await self._finish(measurement)

    async def _measure_in_turns(self, waiting: Sequence[Target]) -> None:
        """All models are loaded; in each cycle every one takes a turn, and another one goes first."""
        async with contextlib.AsyncExitStack() as workers:
            taking = list[Measurement]()
            try:
                for target in waiting:
                    if not self._stopping:
                        taking.append(await workers.enter_async_context(self._begin(target)))
                        await self._prepare(taking[-1])
                        await self._leave(taking)
                cycle = 0
                while taking and not self._stopping:
                    began_s = self._watch.read_s()
                    await self._cycle(taking, cycle)
                    self._judge(taking, 0.0, self._plan.budget_s, self._watch.read_s() - began_s)
                    await self._leave(taking)
                    cycle += 1
                for measurement in taking:
                    measurement.give_up()
                await self._leave(taking)
            finally:
                for measurement in taking:  # only where the run ends in a hurry
                    self._run.add_model(measurement.result())

    async def _cycle(self, taking: Sequence[Measurement], cycle: int) -> None:
        first = cycle % len(taking)
        through = next_round(self._plan, max(one.rounds for one in taking), alternating=True)
        for measurement in (*taking[first:], *taking[:first]):
            if not self._stopping:
                await self._turn(measurement, through)

    async def _leave(self, taking: list[Measurement]) -> None:
        """Record those that are over or wanted no more, and let them go."""
        for measurement in tuple(taking):
            if measurement.over or measurement.stop or measurement.given_up:
                await self._finish(measurement)
                taking.remove(measurement)
        self._in_hand = None

    async def _finish(self, measurement: Measurement) -> None:
        """Record it, after its sweep: that waits for the end of a pause, too."""
        self._in_hand = measurement
        if not (measurement.over or measurement.given_up):
            await self._watch.running()
        self._run.add_model(await measurement.finish())

    def _recorded(self, waiting: Sequence[Target]) -> dict[str, list[Sample]]:
        """The samples of these models that the run holds from before an interruption, in one pass over all."""
        found: dict[str, list[Sample]] = {target.name: [] for target in waiting}
        for sample in self._run.samples():
            if sample.model in found:
                found[sample.model].append(sample)
        return found

    def _begin(self, target: Target) -> contextlib.AbstractAsyncContextManager[Measurement]:
        before = self._before.pop(target.name, [])
        return begin_measurement(self._plan, target, self._run, self._listener, before)

    async def _prepare(self, measurement: Measurement) -> None:
        await self._watch.running()
        self._in_hand = measurement
        if self._stopping:  # while it was being started
            self.skip()
        await measurement.prepare()

    async def _turn(self, measurement: Measurement, through: int) -> None:
        await self._watch.running()
        self._in_hand = measurement
        await measurement.measure(through)

    def _judge(self, taking: Sequence[Measurement], since_s: float, share_s: float | None, turn_s: float) -> None:
        """Decide for each model whether its rounds end here, and tell how many there will probably be."""
        models: Mapping[str, Answers] = {one.name: one.answers for one in taking}
        for measurement in taking:
            if measurement.over:
                continue
            pace = None
            if share_s is not None:
                pace = Pace(share_s=share_s, spent_s=self._watch.read_s() - since_s, turn_s=turn_s)
            found = decide(self._plan, models, measurement.name, measurement.rounds, pace)
            measurement.stop = found.stop
            if found.expected != self._plan.rounds:
                self._listener(RoundsExpected(model=measurement.name, rounds=found.expected))

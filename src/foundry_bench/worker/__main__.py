"""The worker process: commands in on standard input, events out on standard output, both as JSON lines.

Both descriptors are moved away first; descriptors 1 and 2 then lead to a log file, so that nothing the native
runtime prints can reach a screen or break the protocol. The process ends when its standard input closes.
"""

import asyncio
import contextlib
import os
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from typing import BinaryIO

from foundry_bench.values.events import Event
from foundry_bench.values.fit import Demand, demand
from foundry_bench.values.plan import Runtime, Target, Via
from foundry_bench.worker.adapter import AdapterBackend
from foundry_bench.worker.backend import Backend, LifeCycle
from foundry_bench.worker.engine import Engine
from foundry_bench.worker.foundry import FoundryBackend
from foundry_bench.worker.life import FoundryLife, LifeCommand, carry_out
from foundry_bench.worker.openai_http import OpenAIEndpoint
from foundry_bench.worker.protocol import (
    Catalog,
    Command,
    Finish,
    Measure,
    Pause,
    Resume,
    Rounds,
    Stop,
    decode_command,
    encode,
)
from foundry_bench.worker.secret import Key, read_key
from foundry_bench.worker.service_life import ServiceLife

_ORPHAN_GRACE_S = 3.0


class _EventWriter:
    """Encodes and writes in a thread of its own: a reader that dawdles must not hold up the stamps."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._waiting: deque[Event] = deque()
        self._keys: list[Key] = []
        self._more = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._write, name="events", daemon=True)
        self._thread.start()

    def hide(self, key: Key) -> None:
        """From now on strike the key out of everything: whatever quotes it, it goes no further."""
        if key not in self._keys:
            self._keys.append(key)

    def emit(self, event: Event) -> None:
        self._waiting.append(event)
        if not self._more.is_set():  # events come in flocks, at each tick: one wakes the thread for all
            self._more.set()

    def close(self) -> None:
        self._closing = True
        self._more.set()
        self._thread.join()

    def _write(self) -> None:
        # OSError: nobody listens any more; the closing of standard input ends the process.
        with _fatal(), contextlib.suppress(OSError):
            closing = False
            while not closing:
                self._more.wait()
                self._more.clear()
                closing = self._closing  # read before the last look: whatever was emitted until then is written
                while self._waiting:
                    line = encode(self._waiting.popleft())
                    for key in self._keys:
                        line = key.strike(line)
                    self._out.write(line)
                self._out.flush()


class _Worker:
    """Carries out commands; one model is measured at a time."""

    def __init__(self, events: _EventWriter) -> None:
        self._events = events
        self._loop = asyncio.get_running_loop()
        self._commands: asyncio.Queue[Command | None] = asyncio.Queue()
        self._engine: Engine | None = None
        self._stopped = self._paused = False  # also before there is an engine that could be told
        self._lives: dict[str, LifeCycle] = {}

    def read_commands(self, source: BinaryIO) -> None:
        """Runs in a thread; the end of ``source`` means that the parent is gone or wants no more."""
        with _fatal():
            for line in source:
                self._loop.call_soon_threadsafe(self._take, decode_command(line))
        threading.Timer(_ORPHAN_GRACE_S, os._exit, [0]).start()
        self._loop.call_soon_threadsafe(self._take, None)

    def _take(self, command: Command | None) -> None:
        if isinstance(command, Pause | Resume):
            self._paused = isinstance(command, Pause)
            if self._engine:
                (self._engine.pause if self._paused else self._engine.resume)()
        elif isinstance(command, Rounds) and self._engine:
            self._engine.grant(command.through)
        elif isinstance(command, Finish) and self._engine:
            self._engine.finish()
        elif isinstance(command, Stop) or command is None:
            self._stopped = True
            if self._engine:
                self._engine.stop()
            if command is None:
                self._commands.put_nowait(None)
        else:
            self._commands.put_nowait(command)

    async def serve(self) -> None:
        while (command := await self._commands.get()) is not None:
            self._events.hide(read_key(getattr(command, "target", None)))
            if isinstance(command, Measure):
                await self._measure(command)
            elif isinstance(command, Catalog):
                backend = _backend(command.target, command.runtime, "auto")
                self._events.emit(await backend.catalog())
                await backend.release()
            elif isinstance(command, LifeCommand):
                self._events.emit(await carry_out(command, self._life_for(command)))
        for life in self._lives.values():
            await life.close()

    def _life_for(self, command: LifeCommand) -> LifeCycle:
        kind = command.target.backend
        if kind not in self._lives:
            emit = self._events.emit
            self._lives[kind] = ServiceLife(emit) if command.target.served else FoundryLife(command.runtime, emit)
        return self._lives[kind]

    async def _measure(self, command: Measure) -> None:
        plan, target = command.plan, command.target
        backend = _backend(target, plan.runtime, plan.via, demand(plan))
        key, turns = read_key(target).text, command.in_turns
        self._engine = Engine(plan, target.name, backend, self._events.emit, key=key, done=command.done, in_turns=turns)
        if self._paused:
            self._engine.pause()
        if self._stopped:
            self._engine.stop()
        await self._engine.measure()
        self._engine = None


def _backend(target: Target | None, runtime: Runtime, via: Via, needed: Demand | None = None) -> Backend:
    if target is not None and target.backend == "openai_http":
        # For comparing the clocks: stamps of the kernel where there are any, or those of every system.
        return OpenAIEndpoint(target, kernel_stamps=os.environ.get("FOUNDRY_BENCH_CLOCK") != "arrival")
    if target is not None and target.backend == "adapter":
        return AdapterBackend(target)
    return FoundryBackend(target, runtime, via, needed)


@contextlib.contextmanager
def _fatal() -> Iterator[None]:
    """An error that nobody expected ends the process, with its traceback in the log: half a worker helps nobody."""
    try:
        yield
    except BaseException:  # noqa: BLE001 - see above
        traceback.print_exc()
        os._exit(1)


def _take_descriptors() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output under other numbers; 0 leads nowhere, 1 leads where 2 does: to the log."""
    source, out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    os.dup2(2, 1)
    return source, out


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform != "linux":
        return None  # asyncio's own
    from foundry_bench.worker.arrival_loop import ArrivalLoop  # it needs epoll

    return ArrivalLoop


async def _main(source: BinaryIO, out: BinaryIO) -> None:
    events = _EventWriter(out)
    worker = _Worker(events)
    threading.Thread(target=worker.read_commands, args=[source], name="commands", daemon=True).start()
    await worker.serve()
    events.close()


if __name__ == "__main__":
    streams = _take_descriptors()
    # The thread that writes events holds the interpreter for microseconds; hand it back as fast.
    sys.setswitchinterval(0.0005)
    with _fatal(), asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_main(*streams))
    # The native runtime's own exit handlers may wait for its threads; all that matters is done.
    os._exit(0)

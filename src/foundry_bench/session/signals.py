"""Has the event loop answer the system's signals."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def answered(**answers: Callable[[], object]) -> Iterator[None]:
    """Calls, inside the block, what is given for a signal's name; a system without that signal never does.

    On Windows there are none: ^C arrives as KeyboardInterrupt, for which ``asyncio.run`` cancels its task.
    """
    loop = asyncio.get_running_loop()
    known = {getattr(signal, name): answer for name, answer in answers.items() if hasattr(signal, name)}
    with contextlib.ExitStack() as stack:
        for number, answer in known.items():
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, answer)
                stack.callback(loop.remove_signal_handler, number)
        yield

"""Work in a thread for a screen that may be gone when it is done."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from textual.app import App

Given = ParamSpec("Given")
Found = TypeVar("Found")


async def apart(app: "App[None]", function: Callable[Given, Found], *args: Given.args, **kwargs: Given.kwargs) -> Found:
    """What ``function`` returns, called in a thread.

    Raises:
        CancelledError: the application is being left, and with it the widgets that the caller would go on with.
    """
    found = await asyncio.to_thread(function, *args, **kwargs)
    if not app.is_running:
        raise asyncio.CancelledError
    return found

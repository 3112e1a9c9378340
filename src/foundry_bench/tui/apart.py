"""Work that a screen waits for, and that may be done when the screen is gone."""

import asyncio
from collections.abc import Awaitable, Callable
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
    return await staying(app, asyncio.to_thread(function, *args, **kwargs))


async def staying(app: "App[None]", work: Awaitable[Found]) -> Found:
    """What ``work`` comes to, be it a failure, as long as the application stays.

    Raises:
        CancelledError: the application is being left, and with it the widgets that the caller would go on with.
    """
    try:
        return await work
    finally:
        if not app.is_running:
            raise asyncio.CancelledError

"""Checks that each service which is named answers with its list of models."""

import asyncio
import os
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from foundry_bench.session.inputs import Endpoint
from foundry_bench.session.settings import Settings
from foundry_bench.session.targets import KEY_VARIABLE
from foundry_bench.session.threads import in_thread
from foundry_bench.values.check import Check, failed, ok, warning
from foundry_bench.values.plan import Target
from foundry_bench.worker.openai_http import OpenAIEndpoint

_LIMIT_S = 4.0


async def check_endpoints(settings: Settings, environ: Mapping[str, str] = os.environ) -> list[Check]:
    """A line for each endpoint, all asked at once."""
    named: dict[str, Endpoint] = dict(settings.endpoints)
    if settings.plan.endpoint:
        named["--endpoint"] = Endpoint(url=settings.plan.endpoint, key_env=KEY_VARIABLE)
    return list(await asyncio.gather(*(_check(name, endpoint, environ) for name, endpoint in named.items())))


async def _check(name: str, endpoint: Endpoint, environ: Mapping[str, str]) -> Check:
    name = f"endpoint {name.removeprefix('--endpoint')}".strip()
    mend = "is the service running, and is this its address?"
    if endpoint.key_env and endpoint.key_env != KEY_VARIABLE and not environ.get(endpoint.key_env):
        return failed(name, f"{endpoint.url}: its key is not set", f"set {endpoint.key_env} to the key")
    try:
        async with asyncio.timeout(_LIMIT_S):
            # A name server that is silent would hold an executor's thread, and the end of the program with it.
            await in_thread(lambda: socket.getaddrinfo(urlsplit(endpoint.url).hostname, None))
            target = Target(name="", backend="openai_http", model="", url=endpoint.url, key_env=endpoint.key_env)
            listed = await OpenAIEndpoint(target).catalog()
    except TimeoutError:
        return failed(name, f"{endpoint.url} did not answer within {_LIMIT_S:g} s", mend)
    except OSError as error:
        return failed(name, f"{endpoint.url}: its host's name is not known ({error.strerror or error})", mend)
    if listed.note:
        return failed(name, listed.note, mend)
    if not listed.entries:
        return warning(name, f"{endpoint.url} answers, but lists no models", "name the model as the service calls it")
    return ok(name, f"{endpoint.url}, {len(listed.entries)} models")

"""The Dask cluster: how it is reached, which hosts it has. Dask is imported here, and when a cluster is asked for."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from foundry_bench.values.errors import InputError
from foundry_bench.values.fleet import HostRecord
from foundry_bench.values.format import one_line
from foundry_bench.values.plan import Plan, Target

CONNECT_S = 10.0
_CLOSE_S = 3.0
_LONGEST_NAME = 60


@contextlib.asynccontextmanager
async def connected(address: str) -> AsyncIterator[Any]:
    """A client of the scheduler at ``address``, with the security that Dask's own configuration says.

    Raises:
        InputError: Dask isn't installed, or no scheduler answers there.
    """
    try:
        import distributed
    except ImportError as error:
        raise InputError(
            f"a cluster needs Dask, which is not installed ({error}); pip install 'foundry-bench[fleet]'"
        ) from error
    for name in [one for one in logging.root.manager.loggerDict if one.startswith("distributed")]:
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what it has to say is said by us, in one line
    if address.startswith(("tls:", "wss:")) and not distributed.Security().get_connection_args("client")["ssl_context"]:
        raise InputError(f"{address}: Dask has no certificate; set distributed.comm.tls in Dask's own configuration")
    try:
        client = await distributed.Client(address, asynchronous=True, timeout=CONNECT_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError, TypeError, RuntimeError) as error:
        reason = one_line(str(error)) or type(error).__name__
        raise InputError(f"no Dask scheduler answers at {address}: {reason}; start one with: dask scheduler") from error
    try:
        yield client
    finally:
        with contextlib.suppress(Exception):  # whatever state it is in, it is left
            async with asyncio.timeout(_CLOSE_S):
                await client.close(timeout=1)


async def workers_of(client: Any) -> Mapping[str, Mapping[str, Any]]:
    """What the scheduler says of its workers, by address.

    Raises:
        OSError: it isn't there any more, or doesn't answer in time.
    """
    async with asyncio.timeout(CONNECT_S):
        identity = await client.scheduler.identity(n_workers=-1)
    found: Mapping[str, Mapping[str, Any]] = identity["workers"]
    return found


def hosts_from(workers: Mapping[str, Mapping[str, Any]]) -> tuple[HostRecord, ...]:
    """The hosts among workers, by name.

    A worker's name is its host's. Workers without a name of their own stand for the machine at their address, and of
    several on one machine the first does: two models at once on one machine would measure each other.
    """
    found: dict[str, HostRecord] = {}
    for address, worker in sorted(workers.items()):
        named = str(worker.get("name", address))
        own = named != address
        name = one_line(named if own else str(worker.get("host", address)))[:_LONGEST_NAME] or address
        if name in found:
            if not own:
                continue
            name = one_line(f"{name} {address}")
        limit = worker.get("memory_limit")
        found[name] = HostRecord(
            name=name,
            address=address,
            tags=tuple(sorted(one_line(str(tag)) for tag in worker.get("resources") or ())),
            memory_limit_mb=round(limit / 1e6, 1) if limit else None,
        )
    return tuple(sorted(found.values(), key=lambda host: host.name))


def present_hosts(address: str) -> tuple[HostRecord, ...]:
    """The hosts of the cluster whose scheduler is at ``address``.

    Raises:
        InputError: Dask isn't installed, no scheduler answers, or it has no worker.
    """
    hosts = asyncio.run(_ask(address))
    if not hosts:
        raise InputError(f"the cluster at {address} has no worker; start one on each host with: dask worker {address}")
    return hosts


def hosts_for(plan: Plan, targets: Sequence[Target], recorded: Sequence[HostRecord] = ()) -> tuple[HostRecord, ...]:
    """The hosts that a plan is measured on: none without a cluster; of a ``recorded`` run those it had.

    Raises:
        InputError: they can't be had, or can't measure that.
    """
    if not plan.cluster:
        return ()
    if strange := next((one for one in targets if plan.spread and not one.served), None):
        raise InputError(f"--spread loads an endpoint, and {strange.name!r} has none; name it with -e URL")
    present = present_hosts(plan.cluster)
    return rejoin(recorded, present) if recorded else choose_hosts(plan, present)


def choose_hosts(plan: Plan, hosts: Sequence[HostRecord]) -> tuple[HostRecord, ...]:
    """Those that a plan asks for, by name or tag.

    Raises:
        InputError: there are none, or fewer than are to send one load.
    """
    wanted = [
        host
        for host in hosts
        if not plan.on or any(fnmatchcase(text, one) for one in plan.on for text in (host.name, *host.tags))
    ]
    names = ", ".join(" ".join((host.name, *(f"[{tag}]" for tag in host.tags))) for host in hosts)
    if not wanted:
        raise InputError(f"no host's name or tag is like {' or '.join(map(repr, plan.on))}; there are: {names}")
    if plan.spread and len(wanted) < plan.spread:
        raise InputError(f"--spread {plan.spread} needs as many hosts; there are {len(wanted)}: {names}")
    return tuple(wanted[: plan.spread])


def rejoin(recorded: Sequence[HostRecord], present: Sequence[HostRecord]) -> tuple[HostRecord, ...]:
    """The hosts of a recorded run, at the addresses that they have now.

    Raises:
        InputError: none of those that are wanted is there.
    """
    now = {host.name: host.address for host in present}
    wanting = [host.name for host in recorded if host.status != "done"]
    if wanting and not any(name in now for name in wanting):
        raise InputError(f"none of {', '.join(wanting)} is in the cluster; there are: {', '.join(now)}")
    return tuple(replace(host, address=now.get(host.name, host.address)) for host in recorded)


async def _ask(address: str) -> tuple[HostRecord, ...]:
    async with connected(address) as client:
        try:
            return hosts_from(await workers_of(client))
        except OSError as error:
            raise InputError(f"the Dask scheduler at {address} went away; start it again") from error

"""Asks the hosts of a cluster what they are, all at once and within bounds."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from foundry_bench.session.cluster import connected
from foundry_bench.session.host_facts import host_facts
from foundry_bench.values.fleet import HostRecord
from foundry_bench.values.format import brief
from foundry_bench.values.host_facts import HostFacts

_ANSWER_S = 60.0


def ask_hosts(address: str, hosts: Sequence[HostRecord], *, calibrated: bool) -> list[tuple[HostRecord, HostFacts]]:
    """What each host says; of one that doesn't answer within a minute, why.

    Raises:
        InputError: no scheduler answers.
    """
    return asyncio.run(_ask(address, hosts, calibrated=calibrated))


async def _ask(address: str, hosts: Sequence[HostRecord], *, calibrated: bool) -> list[tuple[HostRecord, HostFacts]]:
    async with connected(address) as client:
        futures = [
            client.submit(
                host_facts,
                calibrated=calibrated,
                workers=[host.address],
                allow_other_workers=False,
                pure=False,
                retries=0,
            )
            for host in hosts
        ]
        answers = await asyncio.gather(*map(_answer, futures))
    return [
        (replace(host, environment=facts.environment, calibration=facts.calibration), facts)
        for host, facts in zip(hosts, answers, strict=True)
    ]


async def _answer(future: Any) -> HostFacts:
    try:
        async with asyncio.timeout(_ANSWER_S):
            return msgspec.json.decode(await future.result(), type=HostFacts)
    except TimeoutError:
        return HostFacts(problem=f"no answer within {_ANSWER_S:g} s: it is busy with another task, or gone")
    except ModuleNotFoundError as error:
        return HostFacts(problem=f"{error}; install the same foundry-bench there")
    except Exception as error:  # noqa: BLE001 - whatever the task raised there is raised here
        return HostFacts(problem=brief(f"{type(error).__name__}: {error}"))

"""Downloads a plan's missing models before the first is measured, so that no figure is taken beside a download."""

from collections.abc import Callable, Sequence

from foundry_bench.session.downloads import Downloads
from foundry_bench.values.events import Event, StageProgressed, StageStarted
from foundry_bench.values.plan import Plan, Target
from foundry_bench.values.transfer import Transfer
from foundry_bench.values.transfer_lines import detail, outcome


async def prefetch(plan: Plan, targets: Sequence[Target], listener: Callable[[Event], None]) -> None:
    """Download what is missing; a model that can't be had is left to its own measurement, which records why."""
    begun = set[str]()

    def tell(transfer: Transfer) -> None:
        name = transfer.name
        if transfer.state == "downloading" and name not in begun:
            begun.add(name)
            listener(StageStarted(model=name, stage="download", size_mb=transfer.size_mb))
        if transfer.state != "waiting":
            text = detail(transfer) if transfer.state == "downloading" else outcome(transfer)
            listener(StageProgressed(model=name, stage="download", fraction=transfer.arrived, detail=text))

    downloads = Downloads(plan.runtime, tell)
    for target in targets:
        if target.backend == "foundry" and not target.path:
            downloads.add(target)
    try:
        await downloads.finished()
    finally:
        await downloads.close()

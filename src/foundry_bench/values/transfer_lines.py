"""A download as people read it: how far it is, and what is worth a line of its own."""

from foundry_bench.values.eta import clock
from foundry_bench.values.format import megabytes, one_line
from foundry_bench.values.transfer import ATTEMPTS, Transfer, eta_s, speed_mb_s


def detail(transfer: Transfer) -> str:
    """``of 86 MB, 2.0 MB/s, 0:31 left``: as much of it as is known."""
    if transfer.state != "downloading":
        return transfer.state
    speed, left_s = speed_mb_s(transfer), eta_s(transfer)
    parts = [f"of {megabytes(transfer.size_mb)}"] if transfer.size_mb else ["looking it up"]
    if speed is not None:
        parts.append(f"{speed:.1f} MB/s")
    if left_s is not None:
        parts.append(f"{clock(left_s)} left")
    return ", ".join(parts)


def outcome(transfer: Transfer) -> str:
    """What a change of state means; empty where it means nothing new."""
    reason = one_line(transfer.error.message) if transfer.error else ""
    advice = f" ({one_line(transfer.advice)})" if transfer.advice else ""
    match transfer.state:
        case "retrying":
            return f"{reason}; try {transfer.attempt} of {ATTEMPTS}"
        case "failed":
            return f"{reason}{advice}"
        case "done":
            return f"{megabytes(transfer.size_mb)} on the disk"
        case "cancelled":
            return f"cancelled at {transfer.fraction:.0%}; what is there stays for the next time"
        case _:
            return ""

"""What a command says of a failure."""

from foundry_bench.values.format import one_line


def failure_line(what: str, message: str, advice: str | None) -> str:
    """What failed, why, and in brackets how to mend it where that is known."""
    return one_line(f"{what}: {message} ({advice})" if advice else f"{what}: {message}")

"""The agreed start of hosts that send one load: all are ready, then all are let go."""

from collections.abc import Collection, Iterator


class StartLine:
    """Who is ready, who has started, and how far apart at most; times are those of one clock, in seconds."""

    def __init__(self, models: Collection[str], hosts: Collection[str]) -> None:
        self.skews_s: dict[str, float] = {}
        self._running = {model: set(hosts) for model in models}
        self._ready: dict[str, set[str]] = {model: set() for model in models}
        self._let_go: dict[str, tuple[float, set[str]]] = {}

    def ready(self, host: str, model: str) -> None:
        """The host has loaded the model and waits."""
        if model in self._ready:
            self._ready[model].add(host)

    def out(self, host: str, model: str | None = None) -> None:
        """The host doesn't measure the model, or without one any model, any more."""
        for name, running in self._running.items():
            if model in {None, name}:
                running.discard(host)

    def due(self) -> Iterator[str]:
        """Models that all who are still in the race are ready for, and that were not let go."""
        for model, running in self._running.items():
            if model not in self._let_go and running and running <= self._ready[model]:
                yield model

    def let_go(self, model: str, now_s: float) -> None:
        """The hosts are told to begin after ``now_s``."""
        self._let_go[model] = (now_s, set(self._running[model]))

    def started(self, host: str, model: str, now_s: float) -> None:
        """It was heard at ``now_s`` that the host has begun; once all have, all began between the two times."""
        if model in self._let_go:
            began_s, missing = self._let_go[model]
            missing.discard(host)
            if not missing:
                self.skews_s[model] = now_s - began_s

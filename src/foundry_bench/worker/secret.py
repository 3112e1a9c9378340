"""An endpoint's key: read from the environment, sent, and struck out of whatever else would hold it."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from foundry_bench.values.plan import Target

# Shorter ones are no secrets but fillers, such as "none" or "ollama", and occur in answers by themselves.
_SHORTEST = 8
_INSTEAD = b"[key]"


@dataclass(frozen=True, slots=True)
class Key:
    """A key, or none; its text is in no representation of it."""

    text: str | None = field(default=None, repr=False)

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers that carry it."""
        return {"authorization": f"Bearer {self.text}"} if self.text else {}

    def strike(self, data: bytes) -> bytes:
        """The bytes without the key: some servers' refusals quote it."""
        if self.text is None or len(self.text) < _SHORTEST:
            return data
        # As it is, and as JSON spells it.
        return data.replace(self.text.encode(), _INSTEAD).replace(json.dumps(self.text)[1:-1].encode(), _INSTEAD)


def read_key(target: Target | None) -> Key:
    """The key that the target's environment variable holds."""
    held = os.environ.get(target.key_env, "").strip() if target and target.key_env else ""
    return Key(held or None)

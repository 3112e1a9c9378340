"""Whether a model fits in memory: weights, KV cache and the runtime itself against what is free."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from foundry_bench.values.format import megabytes
from foundry_bench.values.plan import Plan

Verdict = Literal["fits", "tight", "no"]

USUAL_TOKENS = 2560  # a prompt of 512 and the 2,048 that the runtime reserves for an answer of unknown length
_TOKEN_CHARACTERS = 3  # a cautious guess: English has four or five
# Measured with runtime 2.2.1 on CPU: a process with a loaded model and no weights to speak of, its threads' stacks,
# and how far the weights grow when they are rearranged for the processor.
_RUNTIME_MB, _STACKS_MB, _WEIGHTS_GROW = 70.0, 235.0, 1.5
# Where a model's shape is not known: the KV cache of 1,000 tokens as a share of the weights, at least and at most.
_KV_SHARE = (0.03, 0.12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """This machine's memory in MB; ``address_mb`` is what a limit on the process's address space leaves."""

    total_mb: float
    available_mb: float
    address_mb: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What decides the size of a KV cache; ``value_bytes`` is 4 on CPU, where the runtime keeps it in float32."""

    layers: int
    kv_heads: int
    head_size: int
    context_length: int
    value_bytes: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Memory in MB: below ``least_mb`` it can't work, with ``likely_mb`` it works at ease."""

    least_mb: float
    likely_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What is going to be asked of a model: ``requests`` at once of ``tokens`` each; ``check``: whether it must fit."""

    tokens: int = USUAL_TOKENS
    requests: int = 1
    check: bool = True


def demand(plan: Plan) -> Demand:
    """What a plan asks of each model: its longest prompt and answer, as often at once as its concurrency."""
    longest = max(
        (
            (len(prompt.prompt) + len(prompt.system or plan.system or "")) // _TOKEN_CHARACTERS
            + (prompt.max_tokens or plan.max_tokens)
            for prompt in plan.prompts
        ),
        default=USUAL_TOKENS,
    )
    return Demand(tokens=longest, requests=plan.concurrency, check=plan.fit_check)


def read_shape(genai_config: object, device: str | None = None) -> Shape | None:
    """The shape in a parsed ``genai_config.json``; None where it is not told."""
    match genai_config:
        case {
            "model": {
                "context_length": int(context),
                "decoder": {
                    "num_hidden_layers": int(layers),
                    "num_key_value_heads": int(kv_heads),
                    "head_size": int(head_size),
                },
            }
        }:
            on_cpu = (device or "CPU").upper() == "CPU"
            return Shape(
                layers=layers,
                kv_heads=kv_heads,
                head_size=head_size,
                context_length=context,
                value_bytes=4 if on_cpu else 2,
            )
    return None


def kv_mb(shape: Shape, tokens: int) -> float:
    """Size of a KV cache in MB: 2 (keys, values) x layers x heads x head size x bytes x tokens, at most the context."""
    per_token = 2 * shape.layers * shape.kv_heads * shape.head_size * shape.value_bytes
    return per_token * min(tokens, shape.context_length) / 1e6


def need(size_mb: float, shape: Shape | None = None, demand: Demand = Demand()) -> Need:
    """Memory that a model of ``size_mb`` takes while it answers what is asked of it.

    At least weights + one KV cache a request + the runtime; likely the weights grow by half and a second KV cache
    comes to each, as past and present are kept apart at times. Without a ``shape`` the KV cache is guessed from the
    size.
    """
    if shape:
        least_kv, likely_kv = (demand.requests * factor * kv_mb(shape, demand.tokens) for factor in (1, 2))
    else:
        least_kv, likely_kv = (demand.requests * size_mb * share * demand.tokens / 1000 for share in _KV_SHARE)
    return Need(
        least_mb=size_mb + least_kv + _RUNTIME_MB, likely_mb=size_mb * _WEIGHTS_GROW + likely_kv + 2 * _RUNTIME_MB
    )


def free_mb(room: Room) -> float:
    """Memory in MB that a process could still take."""
    if room.address_mb is None:
        return room.available_mb
    return max(0.0, min(room.available_mb, room.address_mb - _STACKS_MB))


def verdict(needed: Need, room: Room, device: str | None = None) -> Verdict:
    """``no`` where even the least is more than what is free, ``tight`` where the likely is.

    Of a model for a GPU or NPU, whose own memory is not known here, ``tight`` is the worst that can be told.
    """
    free = free_mb(room)
    if needed.least_mb > free:
        return "no" if (device or "CPU").upper() == "CPU" else "tight"
    return "tight" if needed.likely_mb > free else "fits"


def quantities(sizes: Mapping[str, float]) -> str:
    """Names with their sizes, for a line of advice: ``a (86.0 MB), b (1.20 GB)``."""
    return ", ".join(f"{name} ({megabytes(size)})" for name, size in sizes.items())

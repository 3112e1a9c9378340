"""Streams in every dialect, cut anywhere: none hangs or crashes the client, none counts that was not whole."""

import asyncio
import itertools
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from answers_in_memory import BROKEN, DIALECTS, Wire, believes_wrongly, read
from foundry_bench.values.record import Sample

TEXT = st.text(st.characters(codec="utf-8"), max_size=12).filter(lambda text: "<" not in text)
WIRES = st.builds(
    Wire,
    pieces=st.lists(TEXT, min_size=1, max_size=6),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    space=st.sampled_from([" ", ""]),
    comment=st.sampled_from(["", ": keep-alive\n\n", ":\r\n\r\n", "id: 1\nretry: 5\n", "event: message\n"]),
    preamble=st.sampled_from(["", "\ufeff", "\n\n", ": hello\n\n"]),
    reasoning=st.lists(TEXT, max_size=2),
    role=st.booleans(),
    spread=st.booleans(),
    ascii=st.booleans(),
    usage=st.sampled_from(["last", "every", "null", "none"]),
    finish=st.sampled_from([True, True, True, False]),
    done=st.booleans(),
    last_newline=st.booleans(),
    framing=st.sampled_from(["chunked", "length", "close"]),
    zipped=st.booleans(),
    broken=st.sampled_from([None] * 12 + sorted(BROKEN)),
)

END = st.sampled_from([False, False, True]).flatmap(lambda cut: st.integers(0, 10_000) if cut else st.none())


def cut(whole: bytes, at: list[int]) -> list[bytes]:
    ends = [0, *sorted(place % (len(whole) + 1) for place in at), len(whole)]
    return [whole[start:end] for start, end in itertools.pairwise(ends)]


@pytest.mark.parametrize("wire", DIALECTS.values(), ids=DIALECTS)
def test_a_dialect_cut_at_every_byte(wire: Wire, every_byte: bool) -> None:
    whole = wire.whole()
    step = 1 if every_byte else 11

    async def all_cuts() -> None:
        first = await read(whole)
        assert (first.status, first.text if first.counts else wire.text) == (wire.status, wire.text)
        for place in range(random.Random(len(whole)).randrange(step), len(whole), step):
            in_two = await read(whole[:place], whole[place:])
            assert (in_two.status, in_two.text, in_two.error) == (first.status, first.text, first.error)
            assert not believes_wrongly(wire, await read(whole[:place]))

    asyncio.run(all_cuts())


def test_generated_streams(streams: int, tally: Callable[[str], None]) -> None:
    seen = {"ok": 0, "unverified": 0, "error": 0}

    @settings(max_examples=streams, derandomize=True, database=None)
    @given(WIRES, st.lists(st.integers(0, 10_000), max_size=4), END)
    def run(wire: Wire, cuts: list[int], end: int | None) -> None:
        whole = wire.whole()
        kept = whole if end is None else whole[: end % (len(whole) + 1)]
        sample: Sample = asyncio.run(read(*cut(kept, cuts)))
        seen[sample.status] += 1
        assert not sample.error or sample.error.type != "unreadable"
        if kept == whole:
            assert sample.status == wire.status
        assert not believes_wrongly(wire, sample)

    run()
    counts = ", ".join(f"{count:,} {status}" for status, count in seen.items())
    tally(f"{sum(seen.values()):,} generated streams: 0 hung, 0 crashed, 0 believed wrongly ({counts})")

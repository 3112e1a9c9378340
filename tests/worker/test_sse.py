import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundry_bench.worker.sse import SSEDecoder


def decode(*reads: bytes) -> list[tuple[list[tuple[int, bytes]], bool]]:
    """Feed reads stamped 1, 2, 3 ...; the flush comes at the next stamp."""
    decoder = SSEDecoder()
    events = [event for stamp, data in enumerate(reads, 1) for event in decoder.feed(data, stamp)]
    events += decoder.flush(len(reads) + 1)
    return [([(line.stamp_ns, line.value) for line in event.lines], event.is_error) for event in events]


@pytest.mark.parametrize(
    ("stream", "values"),
    [
        (b"data: a\n\ndata: b\n\n", [[b"a"], [b"b"]]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", [[b"a"], [b"b"]]),
        (b"data: a\r\rdata: b\r\r", [[b"a"], [b"b"]]),
        (b"data:a\n\n", [[b"a"]]),
        (b"data:  a\n\n", [[b" a"]]),
        (b"data: a\ndata: b\n\n", [[b"a", b"b"]]),
        (b": keep-alive\n\ndata: a\n\n: again\n\n", [[b"a"]]),
        (b"\n\n\ndata: a\n\n\n\n", [[b"a"]]),
        (b"id: 7\nevent: message\nretry: 5\ndata: a\n\n", [[b"a"]]),
        (b"\xef\xbb\xbfdata: a\n\n", [[b"a"]]),
        (b"data: a", [[b"a"]]),
        (b"data: a\n", [[b"a"]]),
        (b"data\n\n", [[b""]]),
        ("data: a\u0085b\u2028c\n\n".encode(), [["a\u0085b\u2028c".encode()]]),
        (b"", []),
    ],
)
def test_a_stream_has_the_same_events_however_it_is_cut(stream: bytes, values: list[list[bytes]]) -> None:
    whole = decode(stream)
    assert [[value for _, value in lines] for lines, _ in whole] == values
    bytewise = decode(*(stream[i : i + 1] for i in range(len(stream))))
    assert [[value for _, value in lines] for lines, _ in bytewise] == values


@given(
    st.lists(st.sampled_from([b"data: x", b"data:", b":c", b"\n", b"\r", b"\r\n", b"event: error", b"y"])), st.data()
)
def test_where_reads_end_changes_nothing_but_stamps(parts: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(parts)
    cut = data.draw(st.integers(0, len(stream)))
    assert [([v for _, v in lines], error) for lines, error in decode(stream)] == [
        ([v for _, v in lines], error) for lines, error in decode(stream[:cut], stream[cut:])
    ]


def test_a_line_has_the_stamp_of_the_read_that_ended_it() -> None:
    assert decode(b"data: a\n\ndata: b", b"\n\nda", b"ta: c\n\n") == [
        ([(1, b"a")], False),
        ([(2, b"b")], False),
        ([(3, b"c")], False),
    ]


@pytest.mark.parametrize("stream", [b"event: error\ndata: x\n\n", b"error: x\n\n"])
def test_errors_are_told_from_data(stream: bytes) -> None:
    assert decode(stream + b"data: y\n\n") == [([(1, b"x")], True), ([(1, b"y")], False)]


def test_a_crlf_cut_in_two_is_one_line_end() -> None:
    assert decode(b"data: a\r", b"\n\r", b"\ndata: b\n\n") == [([(1, b"a")], False), ([(3, b"b")], False)]

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundry_bench.worker.chunked import ChunkedDecoder


def decode(*reads: bytes) -> tuple[bytes, bytes]:
    decoder, body, rest = ChunkedDecoder(), b"", b""
    for data in reads:
        if decoder.ended:
            rest += data
            continue
        lone = decoder.lone(data)
        found, after = decoder.feed(data) if lone is None else (lone, b"")
        body += found
        rest += after
    return body, rest


@pytest.mark.parametrize(
    ("stream", "body", "rest"),
    [
        (b"3\r\nabc\r\n0\r\n\r\n", b"abc", b"0\r\n\r\n"),
        (b"3;x=y\r\nabc\r\n1\r\n!\r\n0\r\nt: 1\r\n\r\n", b"abc!", b"0\r\nt: 1\r\n\r\n"),
        (b"A\r\n0123456789\r\n", b"0123456789", b""),
        (b"001\r\na\r\n001\r\nb\r\n000\r\n\r\n", b"ab", b"000\r\n\r\n"),
        (b"5\r\n0\r\n\r\n\r\n0\r\n\r\n", b"0\r\n\r\n", b"0\r\n\r\n"),
    ],
)
def test_frames_come_off(stream: bytes, body: bytes, rest: bytes) -> None:
    assert decode(stream) == (body, rest)
    assert decode(*(stream[i : i + 1] for i in range(len(stream)))) == (body, rest)
    for cut in range(len(stream)):
        assert decode(stream[:cut], stream[cut:]) == (body, rest)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.data())
def test_where_reads_end_changes_nothing(chunks: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    cut = data.draw(st.integers(0, len(stream)))
    assert decode(stream[:cut], stream[cut:]) == (b"".join(chunks), b"0\r\n\r\n")


@pytest.mark.parametrize("stream", [b"xyz\r\nabc\r\n", b"\r\n\r\n", b"-3\r\nabc\r\n", b"1" * 5000])
def test_broken_frames_are_an_error(stream: bytes) -> None:
    with pytest.raises(ValueError, match=r"chunk|int\(\)"):
        decode(stream)

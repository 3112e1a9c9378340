"""The chunked transfer coding of HTTP/1.1 (RFC 9112, section 7.1), as fast as plain Python goes."""

_LONGEST_SIZE_LINE = 4096


class ChunkedDecoder:
    """Takes the frames off a chunked body.

    A stream of tokens is a stream of tiny chunks, so this is where most of the time to read one would go.
    """

    def __init__(self) -> None:
        self._partial = b""
        self._left = 0  # of the chunk in hand, the line end after it included
        self.ended = False

    def lone(self, data: bytes) -> bytes | None:
        """The content of the chunk that ``data`` is, where it is a whole one and nothing else.

        Nearly every read of a stream of tokens is. If it isn't (None), nothing was taken, and ``feed`` is for it.
        """
        if self._left or self._partial:
            return None
        end = data.find(b"\r\n")
        try:
            length = int(data[:end], 16)
        except ValueError:
            return None
        return data[end + 2 : -2] if length > 0 and 0 < end == len(data) - length - 4 else None

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """The body's bytes in ``data``, and what follows the last chunk, with that chunk's own size line in front.

        Raises:
            ValueError: the framing is broken.
        """
        if self._partial:
            data = self._partial + data
        body = []
        at, size = 0, len(data)
        while at < size:
            if self._left:
                content = min(self._left - 2, size - at)
                if content > 0:
                    body.append(data[at : at + content])
                step = min(self._left, size - at)
                self._left -= step
                at += step
                continue
            end = data.find(b"\n", at)
            if end < 0:
                break
            length = _length(data[at:end])
            if not length:
                self.ended = True
                return b"".join(body), data[at:]
            self._left = length + 2
            at = end + 1
        self._partial = data[at:]
        if len(self._partial) > _LONGEST_SIZE_LINE:
            raise ValueError("a chunk has no size")
        return b"".join(body), b""


def _length(size_line: bytes) -> int:
    length = int(size_line.partition(b";")[0], 16)
    if length < 0:
        raise ValueError("a chunk's size is below zero")
    return length

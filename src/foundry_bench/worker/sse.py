"""Server-sent events: bytes in, events out, without clock or I/O; a line keeps the stamp of the read that ended it."""

from typing import NamedTuple

_BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One ``data`` or ``error`` line of an event, and when its last byte arrived (ns)."""

    stamp_ns: int
    value: bytes


class Event(NamedTuple):
    """One event. ``is_error`` where the server named it so, by an ``event: error`` or an ``error:`` line."""

    lines: list[Line]
    is_error: bool


class SSEDecoder:
    """Splits a byte stream into events as the WHATWG standard's "event stream interpretation" says.

    Lines end at CR, LF or CRLF and nothing else, so that U+0085 and U+2028 stay inside the text. Lines are kept
    apart rather than joined: servers that forget the blank line between two events can still be read.
    """

    def __init__(self) -> None:
        self._partial: list[bytes] = []
        self._after_cr = False
        self._at_start = True
        self._lines: list[Line] = []
        self._is_error = False
        self._between = False  # two events, with nothing kept

    def lone(self, data: bytes) -> bytes | None:
        """The value of the event that ``data`` is, where it is one of a single line and nothing else.

        Nearly every read of a stream of tokens is. If it isn't (None), nothing was taken, and ``feed`` is for it.
        """
        whole = self._between and data.endswith(b"\n\n") and data.startswith(b"data: ")
        return data[6:-2] if whole and data.find(b"\n") == len(data) - 2 and b"\r" not in data else None

    def feed(self, data: bytes, stamp_ns: int) -> list[Event]:
        """The events that ``data`` completes; ``stamp_ns`` is when ``data`` arrived."""
        if self._after_cr and data:
            data = data.removeprefix(b"\n")
            self._after_cr = False
        if b"\r" in data:
            self._after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if b"\n" not in data:
            if data:
                self._partial.append(data)
                self._between = False
            return []
        lines = (b"".join(self._partial) + data).split(b"\n")
        rest = lines.pop()
        self._partial = [rest] if rest else []
        events: list[Event] = []
        for line in lines:
            if line:
                self._take(line, stamp_ns)
            elif self._lines:
                events.append(self._finish())
            else:
                self._is_error = False
        self._between = not (self._partial or self._lines or self._is_error or self._after_cr)
        return events

    def flush(self, stamp_ns: int) -> list[Event]:
        """What the end of the stream leaves unfinished: servers forget the last newline."""
        if self._partial:
            self._take(b"".join(self._partial), stamp_ns)
            self._partial = []
        return [self._finish()] if self._lines else []

    def _take(self, line: bytes, stamp_ns: int) -> None:
        if self._at_start:
            line = line.removeprefix(_BOM)
            self._at_start = False
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._lines.append(Line(stamp_ns, value))
        elif name == b"error":
            self._lines.append(Line(stamp_ns, value))
            self._is_error = True
        elif name == b"event" and value == b"error":
            self._is_error = True

    def _finish(self) -> Event:
        event = Event(self._lines, self._is_error)
        self._lines, self._is_error = [], False
        return event

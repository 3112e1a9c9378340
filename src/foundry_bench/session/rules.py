"""The rules single values obey, wherever they come from."""

import re
from collections.abc import Callable

from foundry_bench.session.refusals import MOST, Check, instance, place, refusal, shown
from foundry_bench.values.errors import InputError


def number(expects: str, fits: Callable[[float], bool], *, whole: bool = False) -> Check:
    """A rule for finite numbers; true and false are none."""

    def check(value: object, name: str) -> float:
        found = instance(value, int if whole else (int, float), name, expects)
        if isinstance(found, bool) or not fits(found):
            raise refusal(name, expects, value)
        if found > MOST:
            raise refusal(name, f"{expects} and at most {MOST}", value)
        return found if whole else float(found)

    return check


count = number("a whole number of at least 1", lambda n: n >= 1, whole=True)


def counts(most: int) -> Check:
    """A rule for a list of different whole numbers, from 1 to ``most``."""
    one = number(f"a whole number from 1 to {most}", lambda n: 1 <= n <= most, whole=True)

    def check(value: object, name: str) -> tuple[object, ...]:
        items = instance(value, (list, tuple), name, "a list of whole numbers")
        found = tuple(one(item, f"{name}: item {position}") for position, item in enumerate(items, 1))
        if len(set(found)) < len(found):
            raise InputError(f"{name} holds a number twice; remove one")
        return found

    return check


def choice(*options: str) -> Check:
    """A rule for one word of several."""

    def check(value: object, name: str) -> object:
        if value not in options:
            raise refusal(name, " or ".join(map(repr, options)), value)
        return value

    return check


def flag(value: object, name: str) -> bool:
    """True or false.

    Raises:
        InputError: for anything else.
    """
    return instance(value, bool, name, "true or false")


def text(value: object, name: str) -> str:
    """Text of any length that a file can hold.

    Raises:
        InputError: for anything but text, or if half of a Unicode surrogate pair is in it.
    """
    content = instance(value, str, name, "text")
    if not content.isascii() and re.search("[\ud800-\udfff]", content):
        raise InputError(f"{name} holds half of a Unicode character; write it again")
    return content


def words(value: object, name: str) -> str:
    """Text with something in it.

    Raises:
        InputError: for anything else.
    """
    content = text(value, name)
    if not content.strip():
        raise refusal(name, "text with words in it", value)
    return content


def duration(value: object, name: str) -> float:
    """Seconds, from a number of them or a text such as 90s, 10m or 1h30m.

    Raises:
        InputError: if it is no such time, or none above 0.
    """
    expects = "a time such as 90s, 10m or 1h30m"
    if isinstance(value, bool):
        raise refusal(name, expects, value)
    text = str(instance(value, (int, float, str), name, expects)).strip()
    parts = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?", text)
    hours, minutes, rest = (float(part or 0) for part in parts.groups()) if parts else (0.0, 0.0, 0.0)
    found_s = hours * 3600 + minutes * 60 + rest
    if not 0 < found_s <= MOST:
        raise refusal(name, expects, value)
    return found_s


def until(value: object, name: str) -> str:
    """A rule that ends the rounds, written out in full.

    Raises:
        InputError: if it is none.
    """
    from foundry_bench.values.stopping import parse_until  # numpy: late, so that help is instant

    rule = instance(value, str, name, "a rule such as '5%' or 'separated'")
    with place(name):
        return str(parse_until(rule))


def label(value: object, name: str) -> str:
    """A name of one line, without the space around it.

    Raises:
        InputError: if it is empty or holds a line break or another control character.
    """
    expects = "a name of one line"
    content = instance(value, str, name, expects).strip()
    if not content or not content.isprintable():
        raise refusal(name, expects, value)
    return content


def labels(value: object, name: str) -> tuple[str, ...]:
    """A list of names, none of them twice; it may be empty.

    Raises:
        InputError: if it is no such list.
    """
    items = instance(value, list, name, "a list of names")
    found: list[str] = []
    for position, item in enumerate(items, 1):
        content = label(item, f"{name}: item {position}")
        if content in found:
            raise InputError(f"{name}: {shown(content)} is there twice; remove one")
        found.append(content)
    return tuple(found)


def models(value: object, name: str) -> tuple[str, ...]:
    """A list of at least one model.

    Raises:
        InputError: if it is no such list.
    """
    found = labels(value, name)
    if not found:
        raise InputError(f"{name} is an empty list; name at least one model")
    return found


def folder(value: object, name: str) -> str:
    """A path, with ``~`` spelled out.

    Raises:
        InputError: if it is blank, holds a control character, or the home folder it speaks of is not known.
    """
    path = instance(value, str, name, "a path")
    if not path.strip():
        raise refusal(name, "a path", value)
    if re.search(r"[\0-\x1f]", path):  # "C:\new" in TOML holds a line break
        raise InputError(f"{name} {shown(path)} holds a control character; write a Windows path in 'single quotes'")
    from pathlib import Path  # late, so that help is instant

    try:
        return str(Path(path).expanduser())
    except RuntimeError:
        raise InputError(f"{name} {shown(path)}: there is no such home folder; write the path in full") from None


def url(value: object, name: str) -> str:
    """The base URL of a service, without a key in it.

    Raises:
        InputError: if it is not http or https, has no host, or has more than host, port and path.
    """
    from urllib.parse import urlsplit  # late, so that help is instant

    address = instance(value, str, name, "an http or https URL").strip()
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        # urlsplit's own words may quote the address, and with it a password.
        raise InputError(f"{name} is not a URL: its host or port is malformed; write http://HOST:PORT") from error
    if "@" in address:
        raise InputError(f"{name} holds a user name or password; keys belong in the environment")
    if parts.query or parts.fragment:
        raise InputError(f"{name} must end before the '?' or '#'; keys belong in the environment")
    if re.fullmatch(r"(?!https?:)[\w.-]+(:\d+)?(/[\w./-]*)?", address):
        raise InputError(f"{name} {shown(address)} has no scheme; write http://{address}")
    if parts.scheme not in {"http", "https"} or not host or not address.isprintable() or " " in address:
        raise refusal(name, "an http or https URL with a host, such as http://localhost:5273", address)
    return address


def cluster(value: object, name: str) -> str:
    """The address of a Dask scheduler.

    Raises:
        InputError: if it isn't PROTOCOL://HOST:PORT, with a protocol that Dask has.
    """
    expects = "a scheduler's address, such as tcp://lab:8786 or tls://lab:8786"
    address = instance(value, str, name, expects).strip()
    if re.fullmatch(r"[\w.-]+:\d+", address):
        raise InputError(f"{name} {shown(address)} has no protocol; write tcp://{address}")
    if not re.fullmatch(r"(tcp|tls|ws|wss|ucx)://(\[[0-9a-fA-F:.%]+\]|[\w.-]+):\d{1,5}", address):
        raise refusal(name, expects, address)
    if int(address.rpartition(":")[2]) > 65535:
        raise InputError(f"{name} {shown(address)}: a port is at most 65535; Dask's own is 8786")
    return address


def variable(value: object, name: str) -> str:
    """The name of an environment variable.

    Raises:
        InputError: if it can't be one; the value isn't shown, since it may be the key itself.
    """
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z_]\w*", value, re.ASCII):
        raise InputError(f"{name} must be the name of an environment variable, such as LAB_KEY, never the key itself")
    return value

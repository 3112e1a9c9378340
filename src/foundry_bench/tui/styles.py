"""The shortest way from one style of a terminal to another; a style is the numbers of its sequence (SGR)."""

from functools import lru_cache

_OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "7": "27", "9": "29"}  # what takes each attribute away again


@lru_cache(4096)
def change_of_style(before: str | None, after: str) -> str:
    """The shortest sequence from one style to another; None is an unknown one."""
    if not after:
        return "\x1b[m"
    whole = f"\x1b[0;{after}m"
    if before is None:
        return whole
    (had, *colors_before), (has, *colors) = _parts(before), _parts(after)
    if not had | has <= _OFF.keys():
        return whole
    off = {_OFF[code] for code in had - has}
    codes = sorted(off) + sorted(code for code in has if code not in had or _OFF.get(code) in off)
    changed = zip(colors_before, colors, ("39", "49"), strict=True)
    codes += [new or default for old, new, default in changed if new != old]
    return min(whole, f"\x1b[{';'.join(codes)}m", key=len) if codes else ""


@lru_cache(4096)
def _parts(style: str) -> tuple[frozenset[str], str, str]:
    """Attributes, foreground and background of a style's codes; of several the last holds."""
    attributes, foreground, background = set[str](), "", ""
    codes = style.split(";") if style else []
    while codes:
        code = codes.pop(0)
        if code in {"38", "48"}:
            count = 4 if codes[:1] == ["2"] else 2
            color, codes = ";".join((code, *codes[:count])), codes[count:]
        else:
            color = code
        if code == "38" or (len(code) == 2 and code[0] in "39"):
            foreground = "" if code == "39" else color
        elif code == "48" or (len(code) == 2 and code[0] == "4") or code.startswith("10"):
            background = "" if code == "49" else color
        else:
            attributes.add(code)
    return frozenset(attributes), foreground, background

"""The settings as texts of a form, checked by the rules of the command line; pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from foundry_bench.session.fields import FIELDS
from foundry_bench.session.settings import Settings, resolve
from foundry_bench.values.errors import InputError

# A list of prompts is no line of text: it is written in a file.
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "Measuring": ("models", "rounds", "warmup", "max_tokens", "temperature", "seed", "system"),
    "Requests": (
        *("concurrency", "stream", "timeout", "stall", "keep_warm"),
        *("client", "calibrate", "prefetch", "fit_check"),
    ),
    "Places": ("endpoint", "via", "out"),
    "Screen": ("screen.theme", "screen.ascii", "screen.low_bandwidth"),
    "Runtime": ("foundry.catalog_url", "foundry.model_cache_dir", "foundry.app_data_dir"),
    "Energy": ("watts", "price_per_kwh", "currency"),
}


def text_of(value: object) -> str:
    """What the form shows of a value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def read(name: str, text: str) -> object:
    """The value that a text stands for; None of an empty one, which takes the setting out of the file.

    Raises:
        InputError: it breaks the setting's rule.
    """
    return FIELDS[name].rule.read([text.strip()], name) if text.strip() else None


def problem(name: str, text: str) -> str | None:
    """What is wrong with a text, in one line; None where nothing is."""
    try:
        read(name, text)
    except InputError as error:
        return str(error)
    return None


def changes(settings: Settings, texts: Mapping[str, str]) -> dict[str, object]:
    """The values that differ from what holds now, by name.

    Raises:
        InputError: one breaks its rule.
    """
    changed = {name: text for name, text in texts.items() if text.strip() != text_of(settings.values[name]).strip()}
    return {name: read(name, text) for name, text in changed.items()}


def with_config(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """The settings after a change of the config file; command line and plan hold on as they were given.

    Raises:
        InputError: the config or the environment can't be used.
    """
    config_or_default = ("default", "config.toml")
    given: dict[str, Any] = {
        name: settings.values[name]
        for name, source in settings.sources.items()
        if source not in config_or_default and not source.startswith("environment")
    }
    found = resolve(given, environ, models_needed=False)
    sources = {**found.sources, **{name: settings.sources[name] for name in given}}
    return replace(found, sources=sources)

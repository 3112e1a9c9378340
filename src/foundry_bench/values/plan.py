"""What is to be measured: the plan, its prompts, and the targets its model names stand for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from foundry_bench.values.facets import Facet

if TYPE_CHECKING:  # telemetry and all, which help and the first paint do not wait for
    from foundry_bench.values.energy import Rates

Client = Literal["raw", "openai"]
Via = Literal["auto", "web", "session"]
Order = Literal["sequential", "interleaved"]
BackendKind = Literal["foundry", "openai_http", "adapter"]


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """One prompt; ``system`` and ``max_tokens`` override the plan's where given, ``facets`` is what its answers are
    rated by.
    """

    id: str
    prompt: str
    system: str | None = None
    facets: tuple[str | Facet, ...] = ()
    max_tokens: int | None = None


# The workshop's questions: a definition, a comparison, a task, a list.
WORKSHOP_PROMPTS = (
    Prompt(id="benefits", prompt="List three benefits of running language models on the local device."),
    Prompt(id="explain", prompt="Explain retrieval-augmented generation in two sentences."),
    Prompt(id="compare", prompt="Compare small and large language models for an offline assistant."),
    Prompt(id="summarize", prompt="Summarize why deterministic prompts matter when models are compared."),
)


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """Where the embedded Foundry Local runtime finds its catalog and keeps its files; None is its own default."""

    catalog_url: str | None = None
    model_cache_dir: str | None = None
    app_data_dir: str | None = None


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Levels that are measured after a plan's own rounds, and enter none of its figures.

    ``concurrency``: the plan's prompts, with so many requests in flight. ``prompt_tokens``: prompts of about so many
    tokens, made of ``text`` (None: English prose).
    """

    concurrency: tuple[int, ...] = ()
    prompt_tokens: tuple[int, ...] = ()
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A benchmark: ``rounds`` x ``prompts`` measured requests for each model, ``concurrency`` in flight.

    ``timeout_s`` bounds one request, ``stall_s`` the wait for each of its tokens after the first.
    ``client="openai"`` sends every measured request a second time through the ``openai`` package, so that what an
    application feels stands beside what the wire shows.
    ``via`` chooses how the embedded runtime is asked: its web service, a ChatSession, or whichever serves the model.
    ``calibrate`` asks for the short calibration before the first model, ``prefetch`` for all missing downloads before
    it; ``fit_check`` refuses a model that can't fit in memory before it is loaded. ``keep_warm_s`` has a service
    reminded of its model that often while the run is paused, so that it doesn't unload it; None lets it.
    ``watts`` is the device's power where no meter can be read; ``price_per_kwh`` and ``currency`` make a cost of it.
    ``until`` ends a model's rounds before that by a rule (``stopping.parse_until``), ``budget_s`` bounds the time of
    all models together; ``order`` is one model after the other, or round by round in turns.
    ``cluster`` is the address of a Dask scheduler on whose workers the plan is measured, each of them or those whose
    name or tag is like one of ``on``; ``spread`` has so many of them send one load together.
    """

    models: tuple[str, ...]
    prompts: tuple[Prompt, ...] = WORKSHOP_PROMPTS
    endpoint: str | None = None
    system: str | None = None
    rounds: int = 3
    warmup: int = 1
    max_tokens: int = 128
    temperature: float = 0.0
    seed: int = 0
    concurrency: int = 1
    stream: bool = True
    timeout_s: float = 120.0
    stall_s: float = 60.0
    client: Client = "raw"
    via: Via = "auto"
    calibrate: bool = True
    prefetch: bool = False
    fit_check: bool = True
    keep_warm_s: float | None = None
    watts: float | None = None
    price_per_kwh: float | None = None
    currency: str | None = None
    until: str | None = None
    budget_s: float | None = None
    order: Order = "sequential"
    sweep: Sweep = Sweep()
    cluster: str | None = None
    on: tuple[str, ...] = ()
    spread: int | None = None
    capabilities: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    runtime: Runtime = Runtime()

    @property
    def rates(self) -> "Rates":
        """What turns telemetry into energy and cost."""
        from foundry_bench.values.energy import Rates

        return Rates(watts=self.watts, price_per_kwh=self.price_per_kwh, currency=self.currency)

    def once(self, model: str, prompts: Iterable[Prompt]) -> "Plan":
        """The same way of asking, of one model: each prompt once, and nothing besides."""
        return replace(
            self,
            models=(model,),
            prompts=tuple(prompts),
            rounds=1,
            warmup=0,
            client="raw",
            calibrate=False,
            sweep=Sweep(),
        )


@dataclass(frozen=True, kw_only=True)
class Target:
    """One model to measure, with everything its worker needs to reach it.

    Attributes:
        name: as the user wrote it; unique in a run.
        model: the alias or id to look up at the backend.
        url: base URL of an OpenAI-compatible endpoint, for ``openai_http``.
        key_env: name of the environment variable that holds the endpoint's key; the key itself is never stored.
        path: folder of a model of one's own, for ``foundry``; weights, for ``adapter``.
        adapter: the file of an adapter, which ends in ``.py``, or the name of an installed one, for ``adapter``.
        device: ``cpu``, ``gpu`` or ``npu``, where only a variant for it will do.
        execution_provider: likewise a provider, or a part of its name.
    """

    name: str
    backend: BackendKind
    model: str
    url: str | None = None
    key_env: str | None = None
    path: str | None = None
    license: str | None = None
    adapter: str | None = None
    capabilities: tuple[str, ...] = ()
    device: str | None = None
    execution_provider: str | None = None

    @property
    def served(self) -> bool:
        """Whether a service has it, whose memory and disk are no business of ours."""
        return self.url is not None

"""What the hosts of a fleet told, entered into one run: each sample once, a row for each model on each host."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace

from foundry_bench.session.store import Run
from foundry_bench.values.calibration import near_the_error
from foundry_bench.values.events import (
    Event,
    HostChanged,
    ModelDescribed,
    ModelFinished,
    ModelLoaded,
    Noted,
    SampleFinished,
)
from foundry_bench.values.fleet import (
    HostRecord,
    SampleKey,
    Share,
    at_home,
    on_host,
    on_its_host,
    sample_key,
    shares_of,
)
from foundry_bench.values.plan import Plan
from foundry_bench.values.record import ModelStatus, Sample
from foundry_bench.values.result import ModelResult, RunRecord, model_result
from foundry_bench.values.spread import Span, spread_of
from foundry_bench.values.summary import Summarizer, summarize

Listener = Callable[[Event], None]


class FleetLedger:
    """Enters what hosts tell into a run, and tells the listener afterwards.

    Args:
        plan: of all hosts.
        run: the run at home; what it holds already is kept.
        listener: is told each event after it is on disk, by the names that models have in this run.
    """

    def __init__(self, plan: Plan, run: Run, listener: Listener) -> None:
        self._plan = plan
        self._run = run
        self._listener = listener
        self._known = set[SampleKey]()
        self._count = Counter[str | None]()
        for sample in run.samples():
            self._keep(sample)
        self._begun_before = {name for name, _, phase, *_ in self._known if phase == "measure"}
        self._described: dict[str, ModelDescribed] = {}
        self._loaded: dict[str, ModelLoaded] = {}
        self._shares = shares_of(plan, run.record.hosts)

    def share(self, host: str) -> Share | None:
        """The host's part of one load; None where each host measures the whole plan."""
        return self._shares[host]

    def host(self, name: str) -> HostRecord:
        """What is known of a host."""
        return next(host for host in self._run.record.hosts if host.name == name)

    def set_host(self, changed: HostRecord) -> None:
        """Record what is known of a host.

        Raises:
            OSError: the run can't be written any more.
        """
        before = self.host(changed.name).status
        self._run.set_host(changed)
        if changed.status != before:
            self.tell(changed.name)

    def tell(self, name: str, *, back: bool = False) -> None:
        """Tell the listener how a host stands; ``back``: a lost one is there again."""
        host = self.host(name)
        message = host.error.message if host.error else ""
        self._listener(HostChanged(host=name, status=host.status, message=message, back=back))

    def known(self) -> dict[str, list[Sample]]:
        """What is recorded of each host, as the host itself has it; reads all samples."""
        found: dict[str, list[Sample]] = {host: [] for host in self._shares}
        for sample in self._run.samples():
            if sample.host in found:
                found[sample.host].append(on_its_host(sample, sample.host, self._shares[sample.host]))
        return found

    def count(self, host: str) -> int:
        """How many samples of a host are recorded."""
        return self._count[host]

    def unfinished(self, host: str) -> list[str]:
        """Models of the plan that still lack a good result on a host."""
        good = {model.name for model in self._run.record.models if model.status == "ok"}
        return [model for model in self._plan.models if on_host(model, host) not in good]

    def enter(self, host: str, event: Event) -> None:
        """Record what a host's engine told.

        Raises:
            OSError: the run can't be written any more.
        """
        match event:
            case SampleFinished(sample=sample):
                self._enter_sample(at_home(sample, host, self._shares[host]))
                return
            case Noted(message=message):
                self._listener(Noted(message=f"{host}: {message}"))
                return
            case ModelDescribed(model=model):
                self._described[on_host(model, host)] = event
            case ModelLoaded(model=model):
                self._loaded[on_host(model, host)] = event
        name = getattr(event, "model", None)
        if isinstance(name, str):
            self._listener(replace(event, model=on_host(name, host)))  # type: ignore[arg-type]  # every kind that has a model

    def enter_record(self, host: str, record: RunRecord) -> None:
        """Record what a host's own ``run.json`` says: the machine, its error, the models that it is done with.

        Raises:
            OSError: the run can't be written any more.
        """
        known = self.host(host)
        self.set_host(
            replace(
                known,
                status="running" if known.status == "waiting" else known.status,
                environment={name: value for name, value in record.environment.items() if name != "process"},
                calibration=record.calibration,
                notes=record.notes,
            )
        )
        have = {model.name: model for model in self._run.record.models}
        for model in record.models:
            if model.name in self._plan.models:
                row = self._row(host, model)
                if have.get(row.name) != row:
                    self._run.add_model(row)

    def end(self, host: str, changed: HostRecord) -> None:
        """Record how a host's part ended; models that it is not done with get what there is of them.

        Raises:
            OSError: the run can't be written any more.
        """
        self.set_host(changed)
        if changed.error is None:
            return
        told = {model.name: model.counts for model in self._run.record.models if model.status != "skipped"}
        for model in self.unfinished(host):
            name = on_host(model, host)
            own = [sample for sample in self._run.samples() if sample.model == name]
            measured = sum(sample.phase == "measure" and sample.path != "openai" for sample in own)
            if name in told and told[name].answered + told[name].failed == measured:
                continue  # it said itself what became of that
            finished = ModelFinished(model=name, status=_status(own), error=changed.error)
            summary = summarize(own, model, temperature=self._plan.temperature)
            known = self._described.get(name), self._loaded.get(name)
            row = model_result(finished, *known, summary, changed.calibration, rates=self._plan.rates)
            self._run.add_model(replace(row, host=host))
            self._listener(finished)

    def merge(self, skews_s: Mapping[str, float]) -> None:
        """Add a row for each model with the figures of all hosts' samples together.

        Args:
            skews_s: for each model the time within which all hosts that lacked it began; none where that is not known.
                It says nothing of a model that any host had begun before this sitting.

        Raises:
            OSError: the run can't be written any more.
        """
        hosts = [host.name for host in self._run.record.hosts]
        wanted = {on_host(model, host): model for model in self._plan.models for host in hosts}
        order = [prompt.id for prompt in self._plan.prompts]
        found = {
            model: Summarizer(model, temperature=self._plan.temperature, order=order) for model in self._plan.models
        }
        spans: dict[str, dict[str, Span]] = defaultdict(lambda: {host: Span() for host in hosts})
        for sample in self._run.samples():
            if sample.model in wanted and sample.host in hosts:
                model = wanted[sample.model]
                found[model].add(sample)
                spans[model][sample.host].add(sample)
        for model, summarizer in found.items():
            rows = [one for one in self._run.record.models if wanted.get(one.name) == model]
            if rows:
                earlier = any(on_host(model, host) in self._begun_before for host in hosts)
                spread = spread_of(spans[model], None if earlier else skews_s.get(model))
                self._run.add_model(replace(self._merged(model, rows, summarizer), spread=spread))

    def _merged(self, model: str, rows: list[ModelResult], summarizer: Summarizer) -> ModelResult:
        status: ModelStatus = "ok" if all(row.status == "ok" for row in rows) else "failed"
        if status == "failed" and summarizer.answered:
            status = "partial"
        bad = next((row for row in rows if row.status != "ok"), None)
        finished = ModelFinished(
            model=model, status=status, error=bad.error if bad else None, advice=bad.advice if bad else None
        )
        described = next((self._described[row.name] for row in rows if row.name in self._described), None)
        whole = model_result(finished, described, None, summarizer.result(), rates=self._plan.rates)
        near = {
            (caution.kind, caution.metric): caution
            for host in self._run.record.hosts
            if host.calibration
            for caution in near_the_error(whole.metrics, host.calibration)
        }
        return replace(whole, warnings=(*whole.warnings, *near.values()))

    def _row(self, host: str, model: ModelResult) -> ModelResult:
        """A host's result by the names, and the numbers of rounds, of this run."""
        share = self._shares[host]
        outliers = model.outliers
        if share:
            outliers = tuple(replace(one, round=share.whole_round(one.round)) for one in outliers)
        return replace(model, name=on_host(model.name, host), host=host, outliers=outliers)

    def _enter_sample(self, sample: Sample) -> None:
        if sample_key(sample) not in self._known:
            self._run.append(sample)
            self._keep(sample)
            self._listener(SampleFinished(slot=0, sample=sample))

    def _keep(self, sample: Sample) -> None:
        self._known.add(sample_key(sample))
        self._count[sample.host] += 1


def _status(samples: list[Sample]) -> ModelStatus:
    if any(sample.measured for sample in samples):
        return "partial"
    return "failed" if samples else "skipped"

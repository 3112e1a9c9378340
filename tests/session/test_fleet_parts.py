"""The two ends of a fleet's run without a cluster between them: what a host tells, what home makes of it."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from factories import CREATED, make_model, make_plan, make_sample
from foundry_bench.commands.progress import StderrProgress
from foundry_bench.session import fleet_host
from foundry_bench.session.benchmark import Benchmark
from foundry_bench.session.channel import Skip
from foundry_bench.session.facet_ratings import check_run
from foundry_bench.session.fleet import FleetBenchmark
from foundry_bench.session.fleet_host import HostBenchmark, folder_name
from foundry_bench.session.fleet_ledger import FleetLedger
from foundry_bench.session.fleet_messages import HostEnded, HostJob, HostNews, HostOrder
from foundry_bench.session.run_view import answers_of, samples_of
from foundry_bench.session.samples import SampleFile
from foundry_bench.session.store import Run
from foundry_bench.values.events import Event, Noted, SampleFinished, Stage, StageStarted
from foundry_bench.values.facets import Facet
from foundry_bench.values.fleet import HostRecord, Share
from foundry_bench.values.plan import Prompt
from foundry_bench.values.record import Failure
from foundry_bench.values.result import Counts
from foundry_bench.worker.protocol import Pause, Resume, Stop

PLAN = make_plan(models=("m",), rounds=4, concurrency=2, cluster="tcp://a:1", spread=2)
HOSTS = tuple(HostRecord(name=name, address=f"tcp://{name}:1") for name in ("a", "b"))
JOB = HostJob(run="r", host="a", topic="t", plan=PLAN, targets=(), share=Share(index=0, count=2))


class Line:
    """In the place of Dask's queues: keeps what is told, and opens its gate by hand."""

    def __init__(self, job: HostJob, before: Callable[[], None]) -> None:  # noqa: ARG002 - as the real one's
        self.told = list[HostNews]()
        self.gate, self._over, self._before = asyncio.Event(), asyncio.Event(), before

    def tell(self, news: HostNews, *, at_once: bool = False) -> None:  # noqa: ARG002 - as the real one's
        self.told.append(news)

    async def opened(self, model: str) -> None:  # noqa: ARG002 - as the real one's
        await self.gate.wait()

    async def carry(self, obey: Callable[[HostOrder], None]) -> None:  # noqa: ARG002 - as the real one's
        await self._over.wait()

    async def flush(self) -> None:
        self._before()

    def end(self) -> None:
        self._over.set()


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Run]:
    """A run of two hosts, of which the first has answered once."""
    run = Run.create(tmp_path, PLAN, {}, created=CREATED, hosts=HOSTS)
    FleetLedger(PLAN, run, print).enter("a", SampleFinished(slot=0, sample=make_sample(model="m")))
    for host in HOSTS:
        run.add_model(make_model(name=f"m@{host.name}", host=host.name))
    yield run
    run.close("done")


def test_samples_are_read_as_often_whatever_the_number_of_hosts(tmp_path: Path) -> None:
    reads = []

    class Watched(Run):
        def samples(self) -> SampleFile:
            reads.append(1)
            return super().samples()

    run = Watched.create(tmp_path, PLAN, {}, created=CREATED, hosts=HOSTS)
    ledger = FleetLedger(PLAN, run, print)
    for host in HOSTS:
        ledger.enter(host.name, SampleFinished(slot=0, sample=make_sample(model="m")))
        ledger.enter(host.name, SampleFinished(slot=0, sample=make_sample(model="m")))  # told twice
    assert [ledger.count(host.name) for host in HOSTS] == [1, 1]
    assert len(reads) == 1
    known = ledger.known()
    assert {host: [(one.model, one.host) for one in some] for host, some in known.items()} == {
        "a": [("m", None)],
        "b": [("m", None)],
    }
    assert len(reads) == 2
    run.close("done")


async def alone(task: "asyncio.Task[None]") -> bool:
    """Whether the task still waits once all that could go on has gone on."""
    for _ in range(5):
        await asyncio.sleep(0)
    return not task.done()


async def test_a_skip_is_over_with_its_model(recorded: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_host, "HostLink", Line)
    host = HostBenchmark(JOB)
    host._benchmark = Benchmark(PLAN, (), recorded, print)
    host._obey(Skip())  # of a model that is being measured
    waiting = asyncio.create_task(host._gate("m"))
    assert await alone(waiting)
    host._obey(Skip())
    await waiting
    host._obey(Stop())
    await host._gate("m")


async def test_a_host_gets_back_what_it_lacks_in_the_order_of_time(
    recorded: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet_host, "HostLink", Line)
    known = tuple(make_sample(model="m", sent_ns=number) for number in range(2, 12))
    HostBenchmark(replace(JOB, known=known))._reconcile(recorded)
    assert [sample.sent_ns for sample in recorded.samples()][1:] == list(range(2, 12))


async def test_a_host_that_is_paused_before_its_turn_measures_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet_host, "HostLink", Line)
    monkeypatch.setenv("FOUNDRY_BENCH_HOME", str(tmp_path))
    host = HostBenchmark(JOB)
    host._obey(Pause())
    measured = asyncio.Event()

    async def measure(benchmark: Benchmark) -> None:
        waiting = asyncio.create_task(benchmark._watch.running())
        assert await alone(waiting)
        host._obey(Resume())
        await waiting
        measured.set()

    monkeypatch.setattr(Benchmark, "measure", measure)
    await host._work()
    assert measured.is_set()
    assert host._run
    host._run.close("done")


async def test_nothing_is_told_after_the_end(recorded: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_host, "HostLink", Line)
    host = HostBenchmark(JOB)

    async def work() -> None:
        recorded.close("done")
        host._run = recorded

    monkeypatch.setattr(host, "_work", work)
    await host._measure()
    link: object = host._link
    assert isinstance(link, Line)
    assert link.told == [recorded.record, HostEnded()]


async def test_a_host_that_lacks_what_home_has_lost_nothing_on_the_way(recorded: Run) -> None:
    events = list[Event]()
    recorded.add_model(make_model(name="m@a", host="a", status="partial"))
    fleet = FleetBenchmark(PLAN, (), recorded, events.append)
    fleet._take("a", HostEnded(error=Failure(type="refused", message="its config can't be read")))
    assert not [event for event in events if isinstance(event, Noted)]


def test_a_host_has_one_bar_whatever_it_does(recorded: Run) -> None:
    with StderrProgress(lanes=True) as progress:
        ledger = FleetLedger(PLAN, recorded, progress.show)
        for model, stage in (("this machine", "calibrate"), ("m", "load")):
            ledger.enter("a", StageStarted(model=model, stage=cast("Stage", stage)))
        assert [task.description for task in progress._bars.tasks] == ["m@a: loading"]


def test_the_answers_of_all_hosts_are_checked_by_their_facets(tmp_path: Path) -> None:
    prompts = tuple(Prompt(id=name, prompt=name, facets=(Facet(name="short", max_words=3),)) for name in "zy")
    plan = make_plan(models=("m",), prompts=prompts, cluster="tcp://a:1")
    run = Run.create(tmp_path, plan, {}, hosts=HOSTS)
    for host, prompt in (("b", "z"), ("a", "y"), ("a", "z")):
        run.append(make_sample(model=f"m@{host}", host=host, prompt_id=prompt))
    run.close("done")
    assert [(one.model, one.prompt_id) for one in check_run(run.path)] == [("m@a", "z"), ("m@a", "y"), ("m@b", "z")]


def test_a_merged_row_tells_of_the_prompts_in_the_plans_order(tmp_path: Path) -> None:
    run = Run.create(tmp_path, PLAN, {}, hosts=HOSTS)
    ledger = FleetLedger(PLAN, run, print)
    for host, prompt in (("a", "explain"), ("b", "benefits")):
        ledger.enter(host, SampleFinished(slot=0, sample=make_sample(model="m", prompt_id=prompt)))
        run.add_model(make_model(name=f"m@{host}", host=host))
    ledger.merge({})
    run.close("done")
    assert list(run.record.models[0].per_prompt) == ["benefits", "explain"]


def test_a_merged_row_stands_for_the_samples_of_all_its_hosts(recorded: Run) -> None:
    ledger = FleetLedger(PLAN, recorded, print)
    ledger.enter("b", SampleFinished(slot=0, sample=make_sample(model="m")))
    ledger.merge({})
    assert [one.host for one in samples_of(recorded.path, ["m"])] == ["a", "b"]
    assert [one.round for one in answers_of(recorded.path, "m")] == [1, 2]
    assert [one.host for one in samples_of(recorded.path, ["m@b"])] == ["b"]


def test_hosts_that_share_a_home_share_no_folder() -> None:
    pod = "a-cluster-of-benchmarks-on-some-platform-worker"
    names = ["lab1", "Lab1", "lab 1", f"{pod}-1", f"{pod}-2"]
    assert (folder_name("lab1"), len({folder_name(name) for name in names})) == ("lab1", len(names))


@pytest.mark.parametrize("answers", [1, 2])
def test_what_a_host_told_of_a_model_stands_if_it_counts_all_of_its_answers(recorded: Run, answers: int) -> None:
    recorded.add_model(make_model(name="m@a", host="a", status="partial", counts=Counts(ok=1), disk_mb=7.0))
    ledger = FleetLedger(PLAN, recorded, print)
    for number in range(1, answers):
        ledger.enter("a", SampleFinished(slot=0, sample=make_sample(model="m", sent_ns=number)))
    ledger.end("a", replace(HOSTS[0], status="failed", error=Failure(type="disk", message="full")))
    found = next(row for row in recorded.record.models if row.name == "m@a")
    assert (found.counts.ok, found.disk_mb) == (answers, 7.0 if answers == 1 else None)


@pytest.mark.parametrize("earlier", [False, True])
async def test_hosts_that_began_in_several_sittings_have_no_common_rate(recorded: Run, earlier: bool) -> None:
    ledger = FleetLedger(PLAN, recorded, print)
    if not earlier:
        recorded.path.joinpath("samples.jsonl").write_bytes(b"")
        ledger = FleetLedger(PLAN, recorded, print)
        ledger.enter("a", SampleFinished(slot=0, sample=make_sample(model="m")))
    ledger.enter("b", SampleFinished(slot=0, sample=make_sample(model="m", sent_ns=5)))
    ledger.merge({"m": 0.1})
    spread = next(row.spread for row in recorded.record.models if row.name == "m")
    assert spread is not None
    assert (spread.start_skew_s, spread.total_tokens_per_s is None) == ((None, True) if earlier else (0.1, False))

"""Meters of the machine: the kernel's files are made by hand, NVIDIA's library is stood in for."""

import asyncio
import threading
from pathlib import Path
from typing import NamedTuple

import pytest

from foundry_bench.values.telemetry import Meter, Telemetry
from foundry_bench.worker.amdgpu import AmdCards
from foundry_bench.worker.nvml import NvmlCards
from foundry_bench.worker.power_source import Integral, SourceReading
from foundry_bench.worker.power_watch import PowerWatch, Stretch
from foundry_bench.worker.rapl import RaplCounters, zones

PACKAGE = Meter("cpu", "package-0")


def write(folder: Path, **files: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(f"{content}\n")
    return folder


def rapl_tree(root: Path) -> Path:
    write(root / "intel-rapl:0", name="package-0", energy_uj=9_000_000, max_energy_range_uj=10_000_000)
    write(root / "intel-rapl:0:0", name="core", energy_uj=4_000_000, max_energy_range_uj=10_000_000)
    write(root / "intel-rapl:0:1", name="dram", energy_uj=1_000_000, max_energy_range_uj=10_000_000)
    write(root / "intel-rapl:1", name="psys", energy_uj=20_000_000, max_energy_range_uj=10_000_000)
    write(root / "intel-rapl-mmio:0", name="package-0", energy_uj=9_000_000, max_energy_range_uj=10_000_000)
    return root


def test_packages_and_memory_are_counted_once_each(tmp_path: Path) -> None:
    counters = RaplCounters(rapl_tree(tmp_path))
    assert counters.read(0.0).joules == {PACKAGE: 9.0, Meter("cpu", "dram of package 0"): 1.0}


def test_a_counter_that_begins_anew_goes_on(tmp_path: Path) -> None:
    counters = RaplCounters(rapl_tree(tmp_path))
    file = tmp_path / "intel-rapl:0" / "energy_uj"
    found = []
    for count in (9_500_000, 500_000, 9_900_000, 100_000):
        file.write_text(str(count))
        found.append(counters.read(0.0).joules[PACKAGE])
    assert found == [9.5, 10.5, 19.9, 20.1]


def test_a_counter_that_begins_anew_at_an_untold_range_is_unknown(tmp_path: Path) -> None:
    (rapl_tree(tmp_path) / "intel-rapl:0" / "max_energy_range_uj").unlink()
    counters = RaplCounters(tmp_path)
    (tmp_path / "intel-rapl:0" / "energy_uj").write_text("5")
    assert PACKAGE not in counters.read(0.0).joules


def test_counters_that_may_not_be_read_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rapl_tree(tmp_path)
    read_text = Path.read_text

    def refuse(path: Path, *args: str) -> str:
        if path.name == "energy_uj":
            raise PermissionError(13, "Permission denied")
        return read_text(path, *args)

    monkeypatch.setattr(Path, "read_text", refuse)  # root, who may run this, is refused nothing by the system
    assert not RaplCounters(tmp_path)
    assert len(zones(tmp_path)) == 2
    assert not RaplCounters(tmp_path / "nowhere")


class Utilisation(NamedTuple):
    gpu: int


class MemoryInfo(NamedTuple):
    used: int


class StandInNvml:
    """What the NVIDIA library does for two cards: one counts energy, the older one tells its power."""

    class NVMLError(Exception):
        pass

    def __init__(self) -> None:
        self.counter_mj = 1_000_000
        self.milliwatts = 60_000

    def nvmlInit(self) -> None:  # noqa: N802 - the library's own names, here and below
        pass

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return 2

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        return index

    def nvmlDeviceGetName(self, handle: int) -> bytes | str:  # noqa: N802
        return b"Old" if handle else "New"

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: int) -> int:  # noqa: N802
        if handle:
            raise self.NVMLError("Not Supported")
        return self.counter_mj

    def nvmlDeviceGetPowerUsage(self, handle: int) -> int:  # noqa: N802
        assert handle == 1
        return self.milliwatts

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> Utilisation:  # noqa: N802
        return Utilisation(gpu=(80, 10)[handle])

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> MemoryInfo:  # noqa: N802
        return MemoryInfo(used=(3_000_000_000, 500_000_000)[handle])


def test_nvidia_cards_tell_energy_use_and_memory() -> None:
    library = StandInNvml()
    cards = NvmlCards(library)
    new, old = Meter("gpu", "GPU 0 New"), Meter("gpu", "GPU 1 Old")
    assert cards.read(10.0) == SourceReading(joules={new: 1000.0, old: 0.0}, gpu_percent=80.0, gpu_memory_mb=3500.0)
    library.counter_mj, library.milliwatts = 1_250_000, 100_000
    assert cards.read(12.0).joules == {new: 1250.0, old: 160.0}  # 80 W for two seconds


def test_no_driver_is_no_cards() -> None:
    assert NvmlCards.find() is None


def test_amd_cards_tell_use_memory_and_power(tmp_path: Path) -> None:
    board = write(tmp_path / "card0" / "device", gpu_busy_percent=35, mem_info_vram_used=2_000_000_000, board_info="x")
    write(board / "hwmon" / "hwmon3", power1_average=50_000_000)
    on_chip = write(tmp_path / "card1" / "device", gpu_busy_percent=5, mem_info_vram_used=500_000_000)
    write(on_chip / "hwmon" / "hwmon4", power1_average=15_000_000)
    write(tmp_path / "card2" / "device", vendor="0x8086")
    cards = AmdCards(tmp_path)
    cards.read(1.0)
    assert cards.read(3.0) == SourceReading(
        joules={Meter("gpu", "GPU card0 amdgpu"): 100.0},  # the other's power is the processor's, counted there
        gpu_percent=35.0,
        gpu_memory_mb=2500.0,
    )
    assert not AmdCards(tmp_path / "nowhere")


def test_power_over_time_is_energy() -> None:
    integral = Integral()
    assert [integral.joules(at, watts) for at, watts in ((5.0, 10.0), (6.0, 20.0), (8.0, 20.0))] == [0.0, 15.0, 55.0]


class Counter:
    """A source whose count the test moves, and which tells how often it was read."""

    def __init__(self) -> None:
        self.joules = 0.0
        self._readings = 0
        self._more = threading.Condition()

    def read(self, at_s: float) -> SourceReading:
        assert at_s > 0
        with self._more:
            joules = self.joules
            self._readings += 1
            self._more.notify_all()
        return SourceReading(joules={PACKAGE: joules})

    def be_read_twice(self) -> None:
        """The first reading from now on may have been begun before, and belong to what was before; not the second."""
        with self._more:
            enough = self._readings + 2
            assert self._more.wait_for(lambda: self._readings >= enough, 20)


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foundry_bench.worker.power_watch._IDLE_S", 0.0)
    monkeypatch.setattr("foundry_bench.worker.power_watch._INTERVAL_S", 0.001)


async def watched(watch: PowerWatch, source: Counter) -> Telemetry | None:
    """5 of 9 joules are spent in the measure phase."""
    await watch.rest()
    stretches: tuple[tuple[Stretch, float], ...] = (("other", 1.0), ("measure", 6.0), ("other", 9.0))
    for stretch, joules in stretches:
        watch.enter(stretch)
        await asyncio.to_thread(source.be_read_twice)
        source.joules = joules
    return watch.finish(answers=2, completion_tokens=10)


@pytest.mark.usefixtures("_at_once")
async def test_the_measure_phase_alone_is_summed_up() -> None:
    source = Counter()
    found = await watched(PowerWatch(lambda: True, lambda: [source]), source)
    assert found is not None
    assert [meter.joules for meter in found.meters] == [5.0]
    assert (found.answers, found.completion_tokens) == (2, 10)


@pytest.mark.usefixtures("_at_once")
async def test_a_pause_enters_nothing() -> None:
    source = Counter()
    assert await watched(PowerWatch(lambda: False, lambda: [source]), source) is None


async def test_a_source_that_hangs_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foundry_bench.worker.power_watch._OPEN_LIMIT_S", 0.01)
    monkeypatch.setattr("foundry_bench.worker.power_watch._LAST_READING_LIMIT_S", 0.01)
    free = threading.Event()

    def hang() -> list[Counter]:
        free.wait(10)
        return []

    watch = PowerWatch(lambda: True, hang)
    await watch.rest()
    watch.enter("measure")
    assert watch.finish(answers=1, completion_tokens=1) is None
    free.set()

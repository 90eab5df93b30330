"""One concept of a budget on every device: the scripted driver stands in for a card this machine may lack."""

from __future__ import annotations

import mmap
import os
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from workbench.hardware.planner import GIB
from workbench.hardware.snapshot import CpuMeter, GpuReading, NvmlDriver, take_snapshot

BUDGET = 6 * GIB


class ScriptedNvml:
    """A driver that answers with one prepared reading."""

    def __init__(self, reading: GpuReading | None) -> None:
        self.reading = reading

    def read(self) -> GpuReading | None:
        return self.reading


NO_GPU = ScriptedNvml(None)


def card(*, total: int, used: int, **details: float) -> ScriptedNvml:
    return ScriptedNvml(GpuReading("RTX 3060", total * GIB, used * GIB, (total - used) * GIB, **details))


class NVMLError(Exception):
    """The name under which nvidia-ml-py raises everything."""


def scripted_library(**answers: Any) -> Any:
    """The few functions of nvidia-ml-py that are called; an answer that is an exception is raised."""

    def answering(answer: Any) -> Any:
        def call(*_: Any) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call

    defaults = {
        "nvmlInit": None,
        "nvmlDeviceGetHandleByIndex": "card 0",
        "nvmlDeviceGetMemoryInfo": SimpleNamespace(total=6 * GIB, used=GIB, free=5 * GIB),
        "nvmlDeviceGetName": "RTX 3060",
        "nvmlDeviceGetUtilizationRates": SimpleNamespace(gpu=37),
        "nvmlDeviceGetTemperature": 61,
        "nvmlDeviceGetPowerUsage": 75_500,
    }
    functions = {name: answering(answer) for name, answer in (defaults | answers).items()}
    return SimpleNamespace(NVMLError=NVMLError, NVML_TEMPERATURE_GPU=0, **functions)


def test_without_a_gpu_the_reading_is_this_process_and_never_called_vram() -> None:
    snapshot = take_snapshot(BUDGET, nvml=NO_GPU)
    assert snapshot.label == "resident memory"
    assert "VRAM" not in snapshot.device
    rss = psutil.Process(os.getpid()).memory_info().rss
    assert snapshot.used_bytes == pytest.approx(rss, rel=0.2)
    assert snapshot.gpu_utilisation_percent is snapshot.gpu_temperature_c is snapshot.gpu_power_watts is None


def test_resident_memory_grows_with_what_this_process_holds() -> None:
    before = take_snapshot(BUDGET, nvml=NO_GPU)
    size = 64 * 1024**2
    with mmap.mmap(-1, size) as held:  # new pages: an allocator may have kept old ones resident
        held.write(b"\x01" * size)
        after = take_snapshot(BUDGET, nvml=NO_GPU)
    assert after.used_bytes - before.used_bytes > 0.9 * size


def test_on_a_cpu_the_total_is_the_smaller_of_budget_and_machine() -> None:
    assert take_snapshot(GIB, nvml=NO_GPU).total_bytes == GIB
    assert take_snapshot(2**60, nvml=NO_GPU).total_bytes == psutil.virtual_memory().total


def test_on_a_cpu_free_is_what_the_budget_leaves_after_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=64 * GIB, available=60 * GIB))
    snapshot = take_snapshot(BUDGET, nvml=NO_GPU)
    assert snapshot.free_bytes == BUDGET - snapshot.used_bytes


def test_on_a_cpu_free_is_no_more_than_the_machine_can_still_give(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=64 * GIB, available=GIB))
    assert take_snapshot(BUDGET, nvml=NO_GPU).free_bytes == GIB


def test_a_spent_budget_leaves_nothing_free_rather_than_less_than_nothing() -> None:
    assert take_snapshot(1, nvml=NO_GPU).free_bytes == 0
    assert take_snapshot(BUDGET, nvml=card(total=24, used=8)).free_bytes == 0


def test_a_gpu_is_read_as_vram_with_its_name_and_details() -> None:
    nvml = card(total=6, used=1, utilisation_percent=40.0, temperature_c=60.0, power_watts=75.5)
    snapshot = take_snapshot(BUDGET, nvml=nvml)
    assert (snapshot.label, snapshot.device) == ("VRAM", "RTX 3060")
    assert (snapshot.used_bytes, snapshot.total_bytes, snapshot.free_bytes) == (GIB, 6 * GIB, 5 * GIB)
    assert snapshot.gpu_utilisation_percent == 40.0
    assert (snapshot.gpu_temperature_c, snapshot.gpu_power_watts) == (60.0, 75.5)


def test_on_a_large_card_free_stays_within_the_budget() -> None:
    assert take_snapshot(BUDGET, nvml=card(total=24, used=2)).free_bytes == 4 * GIB


def test_on_a_small_card_free_stays_within_the_card() -> None:
    assert take_snapshot(BUDGET, nvml=card(total=4, used=1)).free_bytes == 3 * GIB


def test_the_driver_reads_a_card_in_our_units() -> None:
    reading = NvmlDriver(lambda: scripted_library()).read()
    assert reading == GpuReading("RTX 3060", 6 * GIB, GIB, 5 * GIB, 37.0, 61.0, 75.5)


def test_what_a_card_does_not_report_is_none_and_the_rest_is_kept() -> None:
    library = scripted_library(
        nvmlDeviceGetPowerUsage=NVMLError("Not Supported"), nvmlDeviceGetUtilizationRates=NVMLError("Not Supported")
    )
    reading = NvmlDriver(lambda: library).read()
    assert reading is not None
    assert (reading.power_watts, reading.utilisation_percent, reading.temperature_c) == (None, None, 61.0)


def test_an_older_library_that_names_the_card_in_bytes_is_understood() -> None:
    reading = NvmlDriver(lambda: scripted_library(nvmlDeviceGetName=b"GTX 1060")).read()
    assert reading is not None
    assert reading.name == "GTX 1060"


def test_no_library_is_no_gpu_and_is_looked_for_once() -> None:
    looked: list[bool] = []

    def missing() -> Any:
        looked.append(True)
        raise ImportError("No module named 'pynvml'")

    driver = NvmlDriver(missing)
    assert driver.read() is driver.read() is None
    assert len(looked) == 1


def test_no_driver_is_no_gpu() -> None:
    driver = NvmlDriver(lambda: scripted_library(nvmlInit=NVMLError("NVML Shared Library Not Found")))
    assert driver.read() is None
    assert take_snapshot(BUDGET, nvml=driver).label == "resident memory"


@pytest.mark.parametrize("question", ["nvmlDeviceGetHandleByIndex", "nvmlDeviceGetMemoryInfo"])
def test_a_card_that_is_lost_is_no_gpu_until_it_answers_again(question: str) -> None:
    library = scripted_library(**{question: NVMLError("GPU is lost")})
    driver = NvmlDriver(lambda: library)
    assert driver.read() is None
    setattr(library, question, getattr(scripted_library(), question))
    assert driver.read() is not None


def test_the_installed_driver_agrees_with_the_label() -> None:
    has_gpu = NvmlDriver().read() is not None
    assert take_snapshot(BUDGET).label == ("VRAM" if has_gpu else "resident memory")


def test_cpu_percent_is_none_before_there_is_anything_to_compare() -> None:
    still = SimpleTimes(user=1.0, idle=9.0)
    assert CpuMeter(lambda: still).percent() is None


def test_cpu_percent_is_the_busy_share_since_the_last_reading() -> None:
    readings = iter([SimpleTimes(1.0, 9.0), SimpleTimes(4.0, 10.0), SimpleTimes(4.0, 14.0), SimpleTimes(4.0, 14.0)])
    meter = CpuMeter(lambda: next(readings))
    assert meter.percent() == 75.0
    assert meter.percent() == 0.0
    assert meter.percent() == 0.0


def test_two_readings_within_a_few_clock_ticks_share_one_figure() -> None:
    readings = iter([SimpleTimes(1.0, 9.0), SimpleTimes(2.0, 12.0), SimpleTimes(2.02, 12.0)])
    meter = CpuMeter(lambda: next(readings))
    assert meter.percent() == meter.percent() == 25.0


class SimpleTimes(tuple[float, ...]):
    """What `psutil.cpu_times` answers, with two of its fields."""

    idle: float

    def __new__(cls, user: float, idle: float) -> SimpleTimes:
        times = super().__new__(cls, (user, idle))
        times.idle = idle
        return times

"""A bounded history that a failed reading does not end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from workbench.core.errors import SettingsError
from workbench.hardware.planner import GIB
from workbench.hardware.sampler import Sampler
from workbench.hardware.snapshot import GpuReading, Snapshot, take_snapshot


class CountingCard:
    """A card whose used bytes are the number of the reading; some readings fail."""

    def __init__(self, failing: tuple[int, ...] = ()) -> None:
        self.count = 0
        self.failing = failing

    def read(self) -> GpuReading | None:
        self.count += 1
        if self.count in self.failing:
            raise OSError(24, "Too many open files")
        return GpuReading("card", GIB, self.count, GIB - self.count)

    def snapshot(self) -> Snapshot:
        return take_snapshot(GIB, nvml=self)


def wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the sampler took too long"
        time.sleep(0.002)


@pytest.fixture
def card() -> Iterator[CountingCard]:
    yield CountingCard()
    assert not [thread for thread in threading.enumerate() if thread.name == "hardware-sampler"]


def test_samples_arrive_in_order_until_stopped(card: CountingCard) -> None:
    with Sampler(card.snapshot, interval_ms=1, capacity=1000) as sampler:
        wait_until(lambda: len(sampler.samples()) >= 5)
    kept = sampler.samples()
    time.sleep(0.02)
    assert sampler.samples() == kept
    assert [sample.used_bytes for sample in kept] == list(range(1, len(kept) + 1))


def test_the_oldest_sample_falls_out_of_a_full_ring(card: CountingCard) -> None:
    with Sampler(card.snapshot, interval_ms=1, capacity=3) as sampler:
        wait_until(lambda: card.count >= 6)
    assert len(sampler.samples()) == 3
    assert [sample.used_bytes for sample in sampler.samples()] == [card.count - 2, card.count - 1, card.count]


def test_a_started_sampler_already_has_one_sample(card: CountingCard) -> None:
    with Sampler(card.snapshot, interval_ms=60_000, capacity=3) as sampler:
        assert len(sampler.samples()) == 1


def test_stopping_does_not_wait_for_the_interval(card: CountingCard) -> None:
    sampler = Sampler(card.snapshot, interval_ms=60_000, capacity=3)
    sampler.start()
    began = time.monotonic()
    sampler.stop()
    assert time.monotonic() - began < 2


def test_a_second_start_adds_no_second_thread(card: CountingCard) -> None:
    sampler = Sampler(card.snapshot, interval_ms=60_000, capacity=9)
    sampler.start()
    sampler.start()
    assert sum(thread.name == "hardware-sampler" for thread in threading.enumerate()) == 1
    assert len(sampler.samples()) == 1
    sampler.stop()


def test_stopping_twice_or_before_starting_does_nothing(card: CountingCard) -> None:
    sampler = Sampler(card.snapshot, interval_ms=1, capacity=9)
    sampler.stop()
    sampler.start()
    sampler.stop()
    sampler.stop()
    assert not sampler.running


def test_a_stopped_sampler_starts_again_and_keeps_its_history(card: CountingCard) -> None:
    sampler = Sampler(card.snapshot, interval_ms=60_000, capacity=9)
    for _ in range(2):
        with sampler:
            assert sampler.running
    assert [sample.used_bytes for sample in sampler.samples()] == [1, 2]


def test_a_failed_reading_leaves_a_gap_and_sampling_goes_on() -> None:
    card = CountingCard(failing=(1, 3))
    with Sampler(card.snapshot, interval_ms=1, capacity=1000) as sampler:
        wait_until(lambda: len(sampler.samples()) >= 3)
    assert [sample.used_bytes for sample in sampler.samples()][:3] == [2, 4, 5]
    assert [gap.reason for gap in sampler.gaps()] == ["[Errno 24] Too many open files"] * 2


def test_another_error_in_the_first_reading_is_not_swallowed() -> None:
    def broken() -> Snapshot:
        raise KeyError("a mistake of ours")

    sampler = Sampler(broken, interval_ms=1, capacity=1)
    with pytest.raises(KeyError):
        sampler.start()
    assert not sampler.running


@pytest.mark.parametrize(("interval_ms", "capacity", "named"), [(0, 5, "interval_ms"), (5, 0, "capacity")])
def test_an_impossible_pace_or_size_is_refused_by_name(interval_ms: float, capacity: int, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        Sampler(lambda: take_snapshot(GIB), interval_ms, capacity)


def test_the_real_machine_is_sampled() -> None:
    with Sampler(lambda: take_snapshot(6 * GIB), interval_ms=5, capacity=10) as sampler:
        wait_until(lambda: len(sampler.samples()) >= 3)
    assert all(sample.used_bytes > 0 and sample.system_available_bytes > 0 for sample in sampler.samples())

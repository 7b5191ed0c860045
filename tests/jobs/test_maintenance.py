"""Leases are judged by a clock that can be trusted."""

from __future__ import annotations

import pytest

from app.jobs.maintenance import SWEEP, LeaseClock
from app.jobs.queue import LEASE


class Clocks:
    """The database's clock and the machine's, which a test moves."""

    def __init__(self) -> None:
        self.wall, self.monotonic = 1_700_000_000.0, 50.0
        self.lease_clock = LeaseClock(lambda: self.wall, lambda: self.monotonic)

    def look(self, seconds: float = SWEEP, step: float = 0.0) -> bool:
        self.monotonic += seconds
        self.wall += seconds + step
        return self.lease_clock.judges()


@pytest.fixture
def clocks() -> Clocks:
    clocks = Clocks()
    assert all(clocks.look() for _ in range(3))
    return clocks


def test_a_successor_judges_at_once() -> None:
    assert Clocks().look()


@pytest.mark.parametrize("step", [3_600, -3_600, LEASE, -LEASE, 86_400 * 400])
def test_no_lease_is_judged_right_after_the_clock_was_set(clocks: Clocks, step: float) -> None:
    assert not clocks.look(step=step)
    waits = [clocks.look() for _ in range(6)]
    assert waits == sorted(waits)
    assert waits.index(True) == round(LEASE / SWEEP) - 1


@pytest.mark.parametrize("pause", [10.0, 20.0, 7_200.0])
def test_no_lease_is_judged_right_after_a_pause(clocks: Clocks, pause: float) -> None:
    assert not clocks.look(pause)


@pytest.mark.parametrize("suspended", [10.0, 36_000.0])
def test_a_suspended_machine_is_a_pause_though_its_own_clock_stood_still(clocks: Clocks, suspended: float) -> None:
    assert not clocks.look(step=suspended)


@pytest.mark.parametrize("drift", [0.5, -0.5])
def test_a_clock_that_drifts_is_trusted(clocks: Clocks, drift: float) -> None:
    assert all(clocks.look(step=drift) for _ in range(20))


def test_a_slow_look_is_no_pause(clocks: Clocks) -> None:
    assert all(clocks.look(LEASE - 1) for _ in range(20))

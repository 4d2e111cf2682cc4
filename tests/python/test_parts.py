"""The parts of a station that not every station has, and the chip's own clock."""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import lockrig

ROOT = Path(__file__).resolve().parents[2]
BENCHES = ROOT / "fixtures" / "benches"


@pytest.fixture(scope="module")
def usual() -> Iterator[lockrig.Bench]:
    with lockrig.open(BENCHES / "virtual.toml", seed=7) as bench:
        yield bench


@pytest.fixture(scope="module")
def supplied() -> Iterator[lockrig.Lock]:
    with lockrig.open(BENCHES / "supply.toml", seed=7) as bench:
        yield bench.station("A1")


def test_a_battery_is_measured_run_down_and_changed(supplied: lockrig.Lock) -> None:
    session = supplied.session()
    assert supplied.supply.measure() == (6.0, 0.02)
    ramp = supplied.supply.ramp(6.0, 3.0, 2.0)
    assert (ramp["reached"], ramp["tripped"]) == (3.0, False)
    assert 0.0 <= ramp["late"] < 0.2
    assert supplied.console.state() is None
    supplied.supply.voltage(6.0)
    session.sleep(5.0)
    assert supplied.console.state() is not None
    supplied.supply.output(False)
    session.sleep(1.0)
    assert supplied.supply.measure() == (0.0, 0.0)
    assert supplied.console.state() is None


def test_over_current_trips_until_it_is_cleared(supplied: lockrig.Lock) -> None:
    session = supplied.session()
    supplied.supply.current_limit(0.2)
    assert not supplied.supply.tripped()
    supplied.keypad.enter(supplied.facts["user_code"])
    assert supplied.supply.tripped()
    assert "tripped: over-current" in session.trace_lines()
    supplied.supply.clear_trip()
    assert not supplied.supply.tripped()
    assert supplied.supply.measure() == (0.0, 0.0)


def test_what_a_supply_may_not_give_is_a_mistake(supplied: lockrig.Lock) -> None:
    supplied.session()
    with pytest.raises(ValueError, match="7000 mV, but the supply may give 0 to 6500"):
        supplied.supply.voltage(7.0)
    with pytest.raises(ValueError, match="a ramp of 30 steps in 1 s"):
        supplied.supply.ramp(6.0, 5.0, 1.0, steps=30)


def test_a_station_without_a_supply_says_so(usual: lockrig.Bench) -> None:
    lock = usual.station("A1")
    for ask in (lock.supply.measure, lock.supply.tripped, lock.supply.clear_trip):
        with pytest.raises(ValueError, match="^station A1 has no programmable supply$"):
            ask()


def test_an_interruption_is_as_long_as_the_rail_says(usual: lockrig.Bench) -> None:
    lock = usual.station("A1")
    session = lock.session()
    boots = (lock.console.state() or {})["boots"]
    assert lock.power.interrupt(0.001) is None  # it takes 2 ms to fall
    achieved = lock.power.interrupt(0.5)
    assert achieved == pytest.approx(0.5, abs=0.004)
    session.sleep(5.0)
    assert (lock.console.state() or {})["boots"] > boots
    with pytest.raises(ValueError, match="lasts 1 ms to 1 s"):
        lock.power.interrupt(1.5)


def test_a_dip_is_ridden_through_or_resets(usual: lockrig.Bench) -> None:
    lock = usual.station("A1")
    session = lock.session()
    boots = (lock.console.state() or {})["boots"]
    assert lock.power.dip(0.001) is False
    assert (lock.console.state() or {})["boots"] == boots
    assert lock.power.dip(0.1) is False  # 2 V: a brown-out, above power-on reset
    session.sleep(5.0)
    assert (lock.console.state() or {})["boots"] > boots
    other = usual.station("B1")
    other.session()
    with pytest.raises(ValueError, match="dip"):
        other.power.dip(0.001)


def test_keys_come_as_fast_as_they_are_typed(usual: lockrig.Bench) -> None:
    lock = usual.station("A1")
    session = lock.session()
    lock.keypad.type(lock.facts["user_code"], hold=0.04, gap=0.05)
    events = [json.loads(line) for line in session.trace_lines().splitlines()]
    presses = [each["at_ns"] for each in events if each["channel"] == "A1/keypad"]
    assert len(presses) == len(lock.facts["user_code"])
    for before, after in itertools.pairwise(presses):
        assert after - before == pytest.approx(90e6, abs=50e3)
    with pytest.raises(ValueError, match="5 ms or more"):
        lock.keypad.type("12", gap=0.001)


def test_simulated_time_has_no_gaps(usual: lockrig.Bench) -> None:
    assert usual.station("A1").session().gaps() == (0, 0.0)


def test_a_cut_on_busy_is_the_chips_own(usual: lockrig.Bench) -> None:
    lock = usual.station("B1")
    trial = lock.push(lock.new, cuts=[lockrig.cut_on_busy(1.0, style="pull")]).expect()
    (spec,) = trial.spec["cuts"]
    assert (spec["trigger"], spec["delay_ns"]) == ("pin", 1_000_000_000)
    (seen,) = trial.cuts
    assert seen["by_chip"] and seen["proven"]
    host = lock.push(lock.new, cuts=[lockrig.cut_after("stimulus", 1.0)]).expect()
    assert "by_chip" not in host.cuts[0]


def test_a_cut_on_busy_that_never_comes_is_inconclusive(usual: lockrig.Bench) -> None:
    lock = usual.station("A1")
    trial = lock.trial("none", cuts=[lockrig.cut_on_busy()], expected=True)
    assert trial.verdict == "inconclusive"
    assert trial.answer("unlocks")["outcome"] == "ok"


def test_battery_cases_run_where_a_supply_is_fitted(
    cli: Callable[..., Any], tmp_path: Path
) -> None:
    run = ("run", "scenarios", "-k", "BAT", "--seed", 7)
    ended = cli(*run, "--bench", BENCHES / "supply.toml", "--out", tmp_path / "a")
    assert ended.status == 0, ended.out + ended.err
    assert "6 passed, 0 failed, 0 inconclusive, 0 skipped" in ended.out
    ended = cli(*run, "--out", tmp_path / "b")
    assert "station A1 has no supply" in ended.out

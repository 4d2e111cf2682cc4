"""The doctor as a command and before a night: what fails is named and left out."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ended, Journal

from lockrig import _core
from lockrig.calibration import OWN, dated, keep_own, today
from lockrig.station_state import CALIBRATION, StationState, key_of

BACK_POWERED = 'station_faults = ["back_powered"]'


@pytest.fixture
def bench_path(bench_file: Callable[..., Path]) -> Path:
    return bench_file("6000i-A", "7000i-A")


def one_is_back_powered(path: Path) -> Path:
    """S2 of the bench is fed through its signal wires."""
    path.write_text(path.read_text() + BACK_POWERED + "\n")
    return path


def test_nothing_is_wrong_with_a_good_bench(
    cli: Callable[..., Ended], bench_path: Path
) -> None:
    ended = cli("doctor", "--bench", bench_path)
    assert ended.status == 0, ended.out + ended.err
    assert "2 of 2 stations: nothing wrong" in ended.out
    assert "failed" not in ended.out and "not asked" not in ended.out
    state = StationState(_core.Bench(str(bench_path)), "S2").get(CALIBRATION)
    assert state is not None
    assert state["instrument"] == OWN
    assert state["date"] == today().isoformat() < state["expires"]
    assert state["fall_hard_ms"] < state["fall_pull_ms"]
    assert state["uncertainty_us"] > 0


@pytest.mark.parametrize(
    ("wire", "check"),
    [("console", "console"), ("rail", "power on"), ("bolt_retracted", "bolt")],
)
def test_a_wire_that_is_off_is_named(
    cli: Callable[..., Ended], bench_path: Path, wire: str, check: str
) -> None:
    ended = cli("doctor", "S1", "--bench", bench_path, "--unplug", wire)
    assert ended.status == 3
    assert f"verdict  {check}: " in ended.out
    assert "0 of 1 stations: nothing wrong" in ended.out


def test_a_back_powered_station_is_found(
    cli: Callable[..., Ended], bench_path: Path
) -> None:
    ended = cli("doctor", "--bench", one_is_back_powered(bench_path))
    assert ended.status == 3, ended.out + ended.err
    assert "S2  power off pull: the rail did not fall" in ended.out
    assert "S1  " not in ended.out


def test_an_output_that_is_held_is_named_with_its_pin_and_what_to_check(
    cli: Callable[..., Ended], bench_path: Path
) -> None:
    fault = 'station_faults = ["shorted_high:power"]\n'
    bench_path.write_text(bench_path.read_text() + fault)
    ended = cli("doctor", "S2", "--bench", bench_path)
    assert ended.status == 3, ended.out + ended.err
    assert "outputs: power (ADBUS7) is driven low and reads high" in ended.out
    assert "pin ADBUS7 and the wire power: a short to a supply" in ended.out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["S9"], "no station S9; there are S1, S2"),
        (["S1", "--unplug", "nothing"], 'no wire "nothing"'),
    ],
)
def test_a_mistake_is_one_line(
    cli: Callable[..., Ended], bench_path: Path, arguments: list[str], reason: str
) -> None:
    ended = cli("doctor", *arguments, "--bench", bench_path)
    assert ended.status == 2
    assert reason in ended.err and ended.err.count("\n") == 1


def test_a_night_leaves_out_what_the_doctor_refuses_and_the_others_go_on(
    cli: Callable[..., Ended], bench_path: Path, tmp_path: Path
) -> None:
    bench, out = one_is_back_powered(bench_path), tmp_path / "out"
    ended = cli("nightly", "--bench", bench, "-k", "NET-08", "--out", out)
    assert ended.status == 3, ended.out
    assert "quarantine station S2: power off pull: the rail did not fall" in ended.out
    journal = Journal(out)
    assert journal.ask(
        "SELECT DISTINCT station, outcome FROM cases"
        " WHERE case_id = 'NET-08' AND purpose = 'case' ORDER BY station"
    ) == [("S1", "passed"), ("S2", "inconclusive")]
    ((reason,),) = journal.ask(
        "SELECT DISTINCT reason FROM cases WHERE case_id = 'NET-08' AND station = 'S2'"
    )
    assert reason.startswith("quarantined: power off pull: ")
    # Nothing was done on it, and nothing is said to have been missed on it.
    assert journal.ask("SELECT * FROM trials WHERE station = 'S2'") == []
    assert journal.ask(
        "SELECT station, outcome FROM cases WHERE case_id = 'DOCTOR' ORDER BY station"
    ) == [("S1", "passed"), ("S2", "inconclusive")]
    summary = journal.summary()
    assert list(summary["quarantined"]) == ["S2"]
    assert summary["shams"]["total"] == 5 and summary["shams"]["missed"] == 0
    assert summary["controls"]["missed"] == 0 < summary["controls"]["total"]
    assert "station S2 is quarantined" in (out / "report.html").read_text()


def test_a_calibration_that_expired_is_said_and_nothing_worse(
    cli: Callable[..., Ended], bench_path: Path, tmp_path: Path
) -> None:
    state = StationState(_core.Bench(str(bench_path)), "S1")
    old = {"date": "2020-01-01", "expires": "2020-01-31", "instrument": "sigrok x.sr"}
    state.set(CALIBRATION, old)
    out = tmp_path / "out"
    ended = cli("nightly", "--bench", bench_path, "-k", "NET-08 and S1", "--out", out)
    assert ended.status == 0, ended.out
    line = "calibration of 2020-01-01 (sigrok x.sr) expired on 2020-01-31"
    assert line in ended.out and line in (out / "report.html").read_text()


def test_the_doctor_does_not_measure_over_an_instrument_of_its_own(
    bench_path: Path,
) -> None:
    state = StationState(_core.Bench(str(bench_path)), "S1")
    by_sigrok = dated("sigrok cuts.sr", {"rise_ms": 1.5}, today())
    state.set(CALIBRATION, by_sigrok)
    kept = keep_own(state, {"rise_ms": 9.0, "jitter_us": 12.0}, today())
    assert kept == {**by_sigrok, "jitter_us": 12.0} == state.get(CALIBRATION)


def test_state_is_the_rigs_own_file_and_keeps_what_others_wrote(
    bench_path: Path,
) -> None:
    bench = _core.Bench(str(bench_path))
    state = StationState(bench, "S1")
    assert state.file.name == f"{key_of(bench, 'S1')}.json" == "bench-S1.json"
    content = {
        "format": 1,
        "board": {"state": "known", "why": "", "since": "2026-01-01"},
        "sections": {"other": 7},
    }
    state.file.write_text(json.dumps(content))
    state.set(CALIBRATION, {"rise_ms": 1})
    content["sections"] = {"other": 7, CALIBRATION: {"rise_ms": 1}}
    assert json.loads(state.file.read_text()) == content
    assert list(state.file.parent.glob(f"{state.file.name}.*")) == []


@pytest.mark.parametrize("text", ["", "[]", '{"format": 2, "sections": {}}'])
def test_a_damaged_state_is_refused_with_what_to_do(
    bench_path: Path, text: str
) -> None:
    state = StationState(_core.Bench(str(bench_path)), "S2")
    state.file.write_text(text)
    with pytest.raises(ValueError, match="remove the file"):
        state.get(CALIBRATION)
    state.file.unlink()


def test_devices_are_listed_with_nothing_plugged_in(cli: Callable[..., Ended]) -> None:
    ended = cli("devices")
    assert ended.status == 0, ended.err
    assert "FTDI devices" in ended.out and "serial ports" in ended.out

"""Known-bad locks: a control is caught when the case fails, and else it is missed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ended, Journal

# The scenarios here catch these two; other defects claim the same cases, and are not
# asked for.
CLAIMED = "(not defect or lockstate or reconnect)"

WATCHFUL = """
import pytest
from lockrig import Lock


@pytest.mark.case("ID-01", boards=("6000i",))
def test_over_the_air(lock: Lock) -> None:
    lock.push("7000i-A/2.4.0", via="portal").expect()


@pytest.mark.case("ID-02", boards=("6000i",))
def test_a_wrong_model_is_refused_by_serial(lock: Lock) -> None:
    lock.push("7000i-A/2.4.0").expect()


@pytest.mark.case("ID-03", boards=("7000i",))
def test_reverse(lock: Lock) -> None:
    lock.push("6000i-A/2.4.0").expect()


@pytest.mark.case("NET-09")
def test_no_network(lock: Lock) -> None:
    lock.push("2.4.0+no-network").expect()


@pytest.mark.case("NET-08")
def test_reconnects(lock: Lock) -> None:
    assert lock.push(lock.new).expect().answer("checks_in")["outcome"] == "ok"
"""

BLIND = """
import pytest
from lockrig import Inconclusive, Lock


@pytest.mark.case("ID-01")
def test_passes_whatever_happens(lock: Lock) -> None:
    pass


@pytest.mark.case("ID-02")
def test_a_wrong_model_is_refused_by_serial(lock: Lock) -> None:
    if lock.push("7000i-A/2.4.0").verdict != "recovered":
        pytest.skip("not today")


@pytest.mark.case("NET-09")
def test_cannot_tell(lock: Lock) -> None:
    if lock.push("2.4.0+no-network").verdict != "recovered":
        raise Inconclusive("the rig looked away")
"""


@pytest.fixture(scope="module")
def caught(
    cli: Callable[..., Ended],
    bench_file: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Ended, Journal, Path, Path]:
    folder = tmp_path_factory.mktemp("controls")
    file = folder / "test_watchful.py"
    file.write_text(WATCHFUL)
    bench = bench_file("6000i-A", "7000i-A")
    out = folder / "out"
    ended = cli(
        *("run", file, "--bench", bench, "--controls", "-k", CLAIMED),
        *("--seed", 7, "--out", out),
    )
    return ended, Journal(out), file, bench


def test_controls_that_fail_are_caught(
    caught: tuple[Ended, Journal, Path, Path],
) -> None:
    ended, journal, _, _ = caught
    assert ended.status == 0, ended.out
    # ID-01, ID-02 and NET-09 on S1, ID-03 and NET-09 on S2; NET-08 on both.
    assert journal.summary()["controls"] == {"caught": 7, "missed": 0, "total": 7}
    rows = journal.ask(
        "SELECT case_id, station, outcome, caught, scenario FROM cases"
        " WHERE defect = 'lockstate-2017' ORDER BY case_id, station"
    )
    assert [row[:4] for row in rows] == [
        ("ID-01", "S1", "failed", 1),
        ("ID-02", "S1", "failed", 1),
        ("ID-03", "S2", "failed", 1),
        ("NET-09", "S1", "failed", 1),
        ("NET-09", "S2", "failed", 1),
    ]
    assert rows[0][4].endswith("test_watchful.py::test_over_the_air")
    assert "controls   7 of 7 caught" in ended.out


def test_trials_of_controls_are_kept_apart_and_not_confirmed(
    caught: tuple[Ended, Journal, Path, Path],
) -> None:
    rows = caught[1].ask(
        "SELECT DISTINCT purpose, attempt FROM trials WHERE defects != ''"
    )
    assert rows == [("control", 1)]


def test_a_row_whose_controls_were_all_caught_passes(
    caught: tuple[Ended, Journal, Path, Path],
) -> None:
    rows = caught[1].ask(
        "SELECT station, outcome, purpose FROM cases WHERE case_id = 'RIG-01'"
        " ORDER BY station"
    )
    assert rows == [("S1", "passed", "case"), ("S2", "passed", "case")]


def test_a_row_of_which_only_a_part_was_asked_is_left_out(
    cli: Callable[..., Ended], caught: tuple[Ended, Journal, Path, Path], tmp_path: Path
) -> None:
    _, _, file, bench = caught
    only = f"ID-01 and {CLAIMED}"
    arguments = ["--bench", bench, "--controls", "-k", only, "--out", tmp_path]
    assert cli("run", file, *arguments).status == 0
    journal = Journal(tmp_path)
    assert journal.summary()["controls"]["caught"] == 1
    assert journal.ask("SELECT * FROM cases WHERE case_id = 'RIG-01'") == []


def test_a_pass_a_skip_and_an_inconclusive_are_missed(
    cli: Callable[..., Ended], bench_file: Callable[..., Path], tmp_path: Path
) -> None:
    file = tmp_path / "test_blind.py"
    file.write_text(BLIND)
    out = tmp_path / "out"
    ended = cli(
        *("run", file, "--bench", bench_file("6000i-A"), "--controls"),
        *("-k", CLAIMED, "--out", out),
    )
    assert ended.status == 4, ended.out
    rows = Journal(out).ask(
        "SELECT case_id, outcome, caught, reason FROM cases WHERE defect != ''"
        " ORDER BY case_id"
    )
    assert rows == [
        ("ID-01", "passed", 0, "a lock with lockstate-2017 passed"),
        ("ID-02", "error", 0, "skipped: not today"),
        ("NET-09", "inconclusive", 0, "the rig looked away"),
    ]
    assert ended.out.count("MISSED") >= 3


def test_a_blind_oracle_makes_exit_status_4(
    cli: Callable[..., Ended], caught: tuple[Ended, Journal, Path, Path], tmp_path: Path
) -> None:
    _, _, file, bench = caught
    ended = cli(
        *("run", file, "--bench", bench, "--controls"),
        *("-k", f"NET-08 and {CLAIMED}"),
        *("--blind", "checks_in", "--out", tmp_path),
    )
    assert ended.status == 4, ended.out
    assert "verdict    2 controls missed" in ended.out


def test_without_controls_there_are_none(
    cli: Callable[..., Ended], caught: tuple[Ended, Journal, Path, Path], tmp_path: Path
) -> None:
    _, _, file, bench = caught
    ended = cli("run", file, "--bench", bench, "-k", "ID-01", "--out", tmp_path)
    assert ended.status == 0
    assert Journal(tmp_path).summary()["controls"]["total"] == 0

"""One run of a scenario for each way a case can end, and what is journalled of it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ended, Journal

SCENARIOS = """
import pytest
from lockrig import Inconclusive, LimitReached, Lock, LockFault, RigError


@pytest.mark.case("NET-08")
def test_passes(lock: Lock) -> None:
    lock.measure("time", 1.5, "s", low=1, high=2)
    lock.session().sleep(100)


@pytest.mark.case("ID-01")
def test_raises_a_lock_fault(lock: Lock) -> None:
    raise LockFault("the bolt is stuck")


@pytest.mark.case("ID-02")
def test_asserts(lock: Lock) -> None:
    found = lock.name
    assert found == "nobody"


@pytest.mark.case("ID-03")
def test_measures_too_much(lock: Lock) -> None:
    lock.measure("time", 3, "s", high=2)


@pytest.mark.case("ID-04")
def test_fails_a_trial(lock: Lock) -> None:
    lock.push("2.4.0+crash-at-start").expect()


@pytest.mark.case("ID-05")
def test_fails_a_sweep(lock: Lock) -> None:
    lock.sweep("change_code", tear=(0.3,))


@pytest.mark.case("IMG-01")
def test_could_not_tell(lock: Lock) -> None:
    raise Inconclusive("nobody looked")


@pytest.mark.case("IMG-02")
def test_has_a_broken_sensor(lock: Lock) -> None:
    lock.trial(unplugged=["rail"]).expect()


@pytest.mark.case("IMG-03")
def test_wants_a_broken_sensor(lock: Lock) -> None:
    lock.trial(unplugged=["rail"], expected=True).expect("inconclusive")


@pytest.mark.case("IMG-04")
def test_has_a_rig_error(lock: Lock) -> None:
    raise RigError("station S1: FTDI: no answer")


@pytest.mark.case("IMG-05")
def test_runs_into_a_limit(lock: Lock) -> None:
    raise LimitReached("who waits for what")


@pytest.mark.case("PWR-01")
def test_is_mistaken(lock: Lock) -> None:
    lock.push("no such image")


@pytest.mark.case("PWR-02")
def test_is_broken(lock: Lock) -> None:
    {}["nothing"]


@pytest.mark.case("PWR-03", needs=("console", "supply"))
def test_needs_what_is_not_there(lock: Lock) -> None:
    raise AssertionError("it ran")


@pytest.mark.case("PWR-04", boards=("7000i",))
def test_is_for_another_model(lock: Lock) -> None:
    raise AssertionError("it ran")


@pytest.fixture
def bad_fixture(lock: Lock) -> None:
    raise LockFault("in a fixture")


@pytest.mark.case("PWR-05")
def test_has_a_bad_fixture(bad_fixture: None) -> None:
    pass
"""


@pytest.fixture(scope="module")
def ended(
    cli: Callable[..., Ended],
    bench_file: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Ended, Journal]:
    folder = tmp_path_factory.mktemp("outcomes")
    file = folder / "test_outcomes_here.py"
    file.write_text(SCENARIOS)
    bench = bench_file("6000i-A", more='defects = ["no-rollback", "torn-settings"]')
    out = folder / "out"
    result = cli("run", file, "--bench", bench, "--seed", 7, "--out", out)
    return result, Journal(out)


@pytest.fixture(scope="module")
def journal(ended: tuple[Ended, Journal]) -> Journal:
    return ended[1]


@pytest.mark.parametrize(
    ("case_id", "outcome", "reason"),
    [
        ("NET-08", "passed", ""),
        ("ID-01", "failed", "the bolt is stuck"),
        ("ID-02", "failed", "test_outcomes_here.py:20: assert 'S1' == 'nobody'"),
        ("ID-03", "failed", "time: 3 s, limits to 2"),
        ("IMG-01", "inconclusive", "nobody looked"),
        ("IMG-03", "passed", ""),
        ("IMG-04", "inconclusive", "station S1: FTDI: no answer"),
        ("IMG-05", "inconclusive", "who waits for what"),
        ("PWR-02", "error", "test_outcomes_here.py:70: KeyError: 'nothing'"),
        ("PWR-03", "skipped", "station S1 has no supply"),
        ("PWR-05", "failed", "in a fixture"),
    ],
)
def test_what_a_scenario_raises_decides_the_outcome(
    journal: Journal, case_id: str, outcome: str, reason: str
) -> None:
    case = journal.case(case_id)
    assert (case["outcome"], case["reason"]) == (outcome, reason)


def test_a_mistake_names_the_scenarios_line(journal: Journal) -> None:
    case = journal.case("PWR-01")
    assert case["outcome"] == "error"
    assert case["reason"].startswith("test_outcomes_here.py:65: ValueError: image")


def test_a_case_of_another_model_has_no_row(journal: Journal) -> None:
    assert journal.ask("SELECT * FROM cases WHERE case_id = 'PWR-04'") == []


def test_measurements_and_simulated_time_are_journalled(journal: Journal) -> None:
    case = journal.case("NET-08")
    measurement = {"name": "time", "value": 1.5, "unit": "s", "low": 1, "high": 2}
    assert json.loads(case["measurements"]) == [measurement]
    assert case["simulated_s"] > 100


def test_a_measurement_outside_its_limits_is_journalled_too(journal: Journal) -> None:
    assert json.loads(journal.case("ID-03")["measurements"])[0]["value"] == 3


def test_a_failed_trial_is_confirmed_once_and_its_trace_kept(journal: Journal) -> None:
    assert journal.attempts("ID-04") == [(1, "bricked", "case"), (2, "bricked", "case")]
    kept = journal.ask("SELECT attempt, events FROM traces WHERE case_id = 'ID-04'")
    assert [attempt for attempt, _ in kept] == [2]
    assert "at_ns" in json.loads(kept[0][1].splitlines()[0])
    case = journal.case("ID-04")
    assert case["outcome"] == "failed"
    assert case["reason"].startswith("trial ") and "bricked; boots" in case["reason"]


def test_bad_trials_of_a_sweep_are_confirmed(journal: Journal) -> None:
    case = journal.case("ID-05")
    assert case["outcome"] == "failed"
    bad = [each for each in journal.attempts("ID-05") if each[1] != "recovered"]
    assert sorted({attempt for attempt, _, _ in bad}) == [1, 2]
    assert len(bad) % 2 == 0
    ((operations, trials),) = journal.ask("SELECT operations, trials FROM operations")
    assert operations == trials > 0


def test_an_inconclusive_trial_is_run_again_at_most_twice(journal: Journal) -> None:
    assert journal.case("IMG-02")["outcome"] == "inconclusive"
    assert journal.attempts("IMG-02") == [
        (attempt, "inconclusive", "case") for attempt in (1, 2, 3)
    ]


def test_a_wanted_verdict_is_not_questioned(journal: Journal) -> None:
    assert journal.attempts("IMG-03") == [(1, "inconclusive", "expected")]


def test_one_failed_lock_makes_exit_status_1(ended: tuple[Ended, Journal]) -> None:
    assert ended[0].status == 1
    assert ended[0].err == ""


def test_each_case_has_one_plain_line(ended: tuple[Ended, Journal]) -> None:
    lines = ended[0].out.splitlines()
    (line,) = [each for each in lines if each.startswith("ID-01 ")][:1]
    assert line.split()[:3] == ["ID-01", "S1", "failed"]
    assert line.endswith("test_raises_a_lock_fault: the bolt is stuck")
    cases = [each for each in lines if "test_" in each and each.split()[1:2] == ["S1"]]
    ids = [each.split()[0] for each in cases]
    # The order is the catalogue's, not the file's.
    assert ids[:5] == ["ID-01", "ID-02", "ID-03", "ID-04", "ID-05"]
    assert ids.index("NET-08") < ids.index("PWR-01")


def test_a_failure_names_trial_and_command(
    ended: tuple[Ended, Journal], journal: Journal
) -> None:
    ((identifier,),) = journal.ask(
        "SELECT DISTINCT id FROM trials WHERE case_id = 'ID-04'"
    )
    assert f"  trial   {identifier}\n" in ended[0].out
    assert f"./lockrig replay {identifier} --out {journal.folder}\n" in ended[0].out
    # Where there was no trial, the scenario is named.
    assert "-k 'test_raises_a_lock_fault and S1' --seed 7\n" in ended[0].out


def test_a_replay_compares_with_the_record(
    cli: Callable[..., Ended], journal: Journal, tmp_path: Path
) -> None:
    ((identifier,),) = journal.ask(
        "SELECT DISTINCT id FROM trials WHERE case_id = 'ID-04'"
    )
    trace = tmp_path / "trace.jsonl"
    ended = cli("replay", identifier, "--out", journal.folder, "--trace", trace)
    assert ended.status == 1, ended.err
    assert "verdict  bricked" in ended.out
    assert "the same trace" in ended.out
    ((events,),) = journal.ask("SELECT events FROM traces WHERE case_id = 'ID-04'")
    assert trace.read_text() == events


def test_a_forked_trial_is_replayed_whole(
    cli: Callable[..., Ended], journal: Journal
) -> None:
    ((identifier,),) = journal.ask(
        "SELECT id FROM trials WHERE forked = 1 ORDER BY id LIMIT 1"
    )
    ended = cli("replay", identifier, "--run", journal.folder / "run.db")
    assert "run whole now: the same verdict" in ended.out, ended.err

"""Shams: judged as they must be on a good station; a station that misses one shows nothing."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, Ended, Journal

from lockrig import _core
from lockrig.shams import SHAMS, run_shams, spec_of
from lockrig.station_state import LAST_GOOD_SHAM, StationState

CASE = "NET-08"


@pytest.fixture(scope="module")
def bench_path(bench_file: Callable[..., Path]) -> Path:
    return bench_file("6000i-A", "7000i-A")


@pytest.fixture(scope="module")
def good(
    cli: Callable[..., Ended],
    bench_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Ended, Journal]:
    out = tmp_path_factory.mktemp("shams") / "out"
    arguments = ["--bench", bench_path, "-k", CASE, "--seed", 7, "--out", out]
    return cli("nightly", *arguments), Journal(out)


def test_a_good_night_judges_them_all_as_it_must(good: tuple[Ended, Journal]) -> None:
    ended, journal = good
    assert ended.status == 0, ended.out
    assert "shams      10 of 10 judged as they must be" in ended.out
    rows = journal.ask(
        "SELECT station, defect, outcome, caught FROM cases WHERE purpose = 'sham'"
        " AND case_id = 'SHAM' ORDER BY station, defect"
    )
    outcomes = {"bricked": "failed", "degraded": "failed"}
    assert rows == [
        (station, sham, outcomes.get(SHAMS[sham], SHAMS[sham]), 1)
        for station in ("S1", "S2")
        for sham in sorted(SHAMS)
    ]
    verdicts = journal.ask(
        "SELECT json_extract(spec, '$.sham'), verdict FROM trials"
        " WHERE purpose = 'sham' AND station = 'S1'"
    )
    assert dict(verdicts) == SHAMS
    assert journal.summary()["shams"] == {"caught": 10, "missed": 0, "total": 10}
    assert journal.summary()["invalid"] == []


def test_they_are_no_controls_and_no_claims(good: tuple[Ended, Journal]) -> None:
    _, journal = good
    summary = journal.summary()
    assert summary["passed"] == len(
        journal.ask(f"SELECT * FROM cases WHERE case_id = '{CASE}' AND defect = ''")
    )
    controls = journal.ask("SELECT * FROM cases WHERE purpose = 'control'")
    assert summary["controls"]["total"] == len(controls)


def test_the_date_of_a_good_night_is_remembered(
    good: tuple[Ended, Journal], bench_path: Path
) -> None:
    started = good[1].ask("SELECT value FROM run WHERE key = 'started'")[0][0]
    state = StationState(_core.Bench(str(bench_path)), "S1")
    found = state.get(LAST_GOOD_SHAM)
    assert found is not None and found["at"] == started[:10]


def test_a_blind_oracle_misses_one_and_all_since_the_last_good_night_is_invalid(
    cli: Callable[..., Ended],
    good: tuple[Ended, Journal],
    bench_path: Path,
    tmp_path: Path,
) -> None:
    state = StationState(_core.Bench(str(bench_path)), "S1")
    state.set(LAST_GOOD_SHAM, {"at": "2026-11-20", "run": "reports/out/x"})
    out = tmp_path / "out"
    arguments = ["--bench", bench_path, "-k", f"{CASE} and S1", "--out", out]
    ended = cli("nightly", *arguments, "--blind", "checks_in")
    assert ended.status == 4, ended.out
    line = (
        "station S1: results since 2026-11-20 are invalid:"
        " sham 'portal' was judged recovered"
    )
    assert line in ended.out
    assert line in (out / "report.html").read_text().replace("&#39;", "'")
    assert Journal(out).summary()["invalid"] == [
        {
            "station": "S1",
            "since": "2026-11-20",
            "shams": {"portal": "was judged recovered"},
        }
    ]
    assert Journal(out).summary()["shams"]["missed"] == 1
    # A night that missed one is no good night.
    assert state.get(LAST_GOOD_SHAM) == {"at": "2026-11-20", "run": "reports/out/x"}
    # Shown again by the command that it names.
    (again,) = [each for each in ended.out.splitlines() if "again   ./lockrig" in each][
        -1:
    ]
    replayed = cli(*again.split()[2:])
    assert "the same trace" in replayed.out, replayed.err


@pytest.mark.parametrize("question", ["boots", "checks_in", "unlocks"])
def test_a_question_that_is_not_asked_misses_its_sham(question: str) -> None:
    bench = _core.Bench(str(ROOT / "fixtures" / "benches" / "virtual.toml"))
    shams = {
        each.result.defect: each for each in run_shams(bench, "A1", 7, (question,))
    }
    assert not all(each.result.caught for each in shams.values())


def test_what_has_no_sham_keeps_its_identifier() -> None:
    bench = _core.Bench(str(ROOT / "fixtures" / "benches" / "virtual.toml"))
    spec = json.loads(spec_of(bench, "A1", "cut", 7, ()))
    named = _core.identifier(json.dumps(spec))
    assert named != _core.identifier(json.dumps({**spec, "sham": ""}))
    del spec["sham"]
    assert _core.identifier(json.dumps(spec)) == _core.identifier(
        json.dumps({**spec, "sham": ""})
    )


def test_an_unknown_sham_is_refused() -> None:
    bench = _core.Bench(str(ROOT / "fixtures" / "benches" / "virtual.toml"))
    with pytest.raises(ValueError, match="sham: unknown value"):
        bench.run_trial(spec_of(bench, "A1", "luck", 7, ()))

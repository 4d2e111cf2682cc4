"""The Python interface by hand, and its parts."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lockrig
from lockrig import _core
from lockrig.catalogue import Catalogue
from lockrig.defects import Defect, read_defects
from lockrig.image_names import full_name
from lockrig.notebook import Notebook
from lockrig.table import table
from lockrig.trial import standing

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "fixtures" / "benches" / "virtual.toml"


@pytest.fixture(scope="module")
def bench() -> Iterator[lockrig.Bench]:
    with lockrig.open(BENCH, seed=7) as bench:
        yield bench


def test_the_designs_example_works(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    # fmt: off
    with lockrig.open("fixtures/benches/virtual.toml") as bench:
        lock = bench.station("A1")
        lock.power.on()
        lock.keypad.enter("2580")
        lock.bolt.wait_for("retracted", within=2.0)

        trial = lock.push("7000i-2.4.0.img", via="portal")
        print(trial.verdict, trial.lost)

        sweep = lock.sweep(image="6000i-2.4.0.img", cuts=lockrig.every_flash_op(tear=(0.0, 0.3, 0.7)))  # noqa: E501
        print(sweep.table())
    # fmt: on
    assert trial.observed["refusal"].startswith("MODEL")
    said = capsys.readouterr().out
    assert said.startswith("recovered []\n")
    assert (
        f"{sweep.operations} operations x 3 fractions = {sweep.trials} trials" in said
    )
    assert sweep.trials == 3 * sweep.operations == sweep.counts["recovered"]


def test_a_lock_that_does_not_move_is_a_fault(bench: lockrig.Bench) -> None:
    lock = bench.station("A2")
    lock.power.on()
    assert lock.keypad.enter("00000") == "refused"
    with pytest.raises(lockrig.LockFault, match="bolt extended, not retracted"):
        lock.bolt.wait_for("retracted", within=1.0)


def test_a_session_starts_from_the_baseline(bench: lockrig.Bench) -> None:
    lock = bench.station("B1")
    session = lock.session()
    assert session.enter(lock.facts["user_code"], may_open=True)[0] == "opened"
    assert lock.bolt.position == "retracted"
    state = lock.console.state()
    assert state is not None and state["version"] == "2.3.0"


def test_the_same_session_has_the_same_seed() -> None:
    def trace(seed: int) -> str:
        with lockrig.open(BENCH, seed=seed) as bench:
            session = bench.station("A1").session()
            session.next_check_in(5000)
            return session.trace_hash()

    assert trace(7) == trace(7)


def test_an_unknown_station_is_a_mistake(bench: lockrig.Bench) -> None:
    with pytest.raises(ValueError, match="no station Z1; there are: A1, A2, B1"):
        bench.station("Z1")


def test_cuts_become_specs(bench: lockrig.Bench) -> None:
    lock = bench.station("A1")
    cut = lockrig.cut_after("stimulus", delay=0.25, style="pull", off=1.0)
    trial = lock.push(lock.new, cuts=[cut]).expect()
    (spec,) = trial.spec["cuts"]
    assert (spec["event"], spec["delay_ns"], spec["off_ns"], spec["style"]) == (
        "stimulus",
        250_000_000,
        1_000_000_000,
        "pull",
    )
    (seen,) = trial.cuts
    assert seen["proven"]
    assert trial.answer("boots")["outcome"] == "ok"
    with pytest.raises(lockrig.Inconclusive, match="sings was not asked"):
        trial.answer("sings")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2.4.0", "6000i-B/2.4.0"),
        ("2.4.0+crash-at-start", "6000i-B/2.4.0+crash-at-start"),
        ("2.4.0?other_body=7000i-A/2.4.0", "6000i-B/2.4.0?other_body=7000i-A/2.4.0"),
        ("7000i-A/2.4.0", "7000i-A/2.4.0"),
        ("6000i-2.4.0.img", "6000i-B/2.4.0"),
        ("7000i-2.4.0.img", "7000i-A/2.4.0"),
        ("8000i-2.4.0.img", "8000i-2.4.0.img"),
        ("file:/x", "file:/x"),
        (__file__, f"file:{__file__}"),
    ],
)
def test_images_have_short_names(text: str, name: str) -> None:
    assert full_name(text, "6000i-B", ["6000i-A", "6000i-B", "7000i-A"]) == name


class ScriptedBench:
    """A bench whose trials come out as told."""

    kind = "virtual"

    def __init__(self, *verdicts: str) -> None:
        self.verdicts = list(verdicts)

    def run_trial(self, spec: str, keep_trace: bool = False) -> tuple[str, str]:
        record = {
            "id": _core.identifier(spec),
            "spec": json.loads(spec),
            "verdict": self.verdicts.pop(0),
            "answers": [],
            "cuts": [],
            "observed": {},
            "operation": "",
            "note": "a loose cable",
            "trace_hash": "",
            "consulted": [],
        }
        return json.dumps(record), "{}" if keep_trace else ""


class Recorder:
    """Takes the place of a journal."""

    def __init__(self) -> None:
        self.attempts: list[tuple[str, int, str]] = []

    def add_trial(
        self, record: str, case_id: str, purpose: str, attempt: int, trace: str
    ) -> None:
        self.attempts.append((json.loads(record)["verdict"], attempt, trace))


SPEC = {"station": "A1", "board": "6000i-A", "stimulus": "none"}


@pytest.mark.parametrize(
    ("verdicts", "stands", "intermittent"),
    [
        (["recovered"], "recovered", False),
        (["bricked", "bricked"], "bricked", False),
        (["bricked", "recovered"], "bricked", True),
        (["degraded", "inconclusive"], "degraded", False),
        (["inconclusive", "recovered"], "recovered", False),
        (["inconclusive", "inconclusive", "inconclusive"], "inconclusive", False),
        (["inconclusive", "unsafe", "recovered"], "unsafe", True),
    ],
)
def test_attempts(verdicts: list[str], stands: str, intermittent: bool) -> None:
    bench, journal = ScriptedBench(*verdicts), Recorder()
    notebook = Notebook(bench, 7, 1, journal=journal)  # type: ignore[arg-type]
    trial = notebook.trial(SPEC, expected=False)
    assert bench.verdicts == []
    assert (trial.verdict, trial.intermittent) == (stands, intermittent)
    assert [verdict for verdict, _, _ in journal.attempts] == verdicts
    assert [attempt for _, attempt, _ in journal.attempts] == [
        *range(1, len(verdicts) + 1)
    ]
    # Only what was run again keeps its whole trace.
    assert [bool(trace) for _, _, trace in journal.attempts] == [
        attempt > 1 for _, attempt, _ in journal.attempts
    ]
    if intermittent:
        with pytest.raises(lockrig.LockFault, match="intermittent"):
            trial.expect()


def test_the_same_trial_is_not_run_twice_for_one_case() -> None:
    bench, journal = ScriptedBench("recovered", "recovered"), Recorder()
    known: dict[tuple[str, str], lockrig.Trial] = {}
    for case_id in ("ID-01", "ID-01", "ID-02"):
        notebook = Notebook(
            bench, 7, 1, journal=journal, case_id=case_id, known=known  # type: ignore
        )
        notebook.trial(SPEC, expected=False)
    assert len(journal.attempts) == 2


def test_a_trial_tells_in_one_line_what_spoke_for_its_verdict() -> None:
    record: dict[str, Any] = {
        "id": "0123456789ab",
        "verdict": "degraded",
        "operation": "erase slot0",
        "phase": "swap",
        "spec": {"cuts": [{"at": 5, "fraction": 0.3}]},
        "answers": [
            {"question": "boots", "outcome": "ok"},
            {
                "question": "checks_in",
                "outcome": "failed",
                "measured": 70.0,
                "limit": 60.0,
                "unit": "s",
            },
        ],
    }
    assert standing([record]).describe() == (
        "trial 0123456789ab (operation 5, erase slot0, swap, at 0.3): degraded;"
        " checks_in (70 s, limit 60)"
    )


def test_every_defect_is_known_to_the_twin_and_caught_by_cases() -> None:
    catalogue = Catalogue()
    bench = _core.Bench(str(BENCH))
    for defect in read_defects():
        bench.session("A1", 7, [defect.name], fresh=True)
        assert defect.caught_by
        for case_id in filter(None, (*defect.cases, defect.row)):
            assert catalogue[case_id].id == case_id


def test_a_defect_may_be_one_scenarios_alone() -> None:
    defect = Defect("x", "keypad", "", ("KEY-04:test_b", "KEY-05"))
    assert defect.cases == {"KEY-04", "KEY-05"}
    assert defect.is_for("KEY-04", "test_b") and defect.is_for("KEY-05", "test_c")
    assert not defect.is_for("KEY-04", "test_a")


def test_an_unknown_case_names_the_nearest() -> None:
    with pytest.raises(ValueError, match="no case 'PWR-4'.* the nearest is PWR-04"):
        Catalogue()["PWR-4"]


def test_a_table_stands_in_columns() -> None:
    assert table(("name", "count"), [("a", 1), ("bcdef", 10.5)]) == (
        "name   count\na          1\nbcdef   10.5"
    )

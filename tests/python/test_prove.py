"""`lockrig prove`: what is caught, what is missed, and what raises a false alarm."""

import json
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Ended, command, environment, heed_interrupts

from lockrig.defects import Defect
from lockrig.notebook import Enough, Notebook
from lockrig.prove.matrix import WIDTH, Line, draw_matrix
from lockrig.prove.proof import MOST_TRIALS, Proof
from lockrig.prove.run import exit_status, summarize, write_whole
from lockrig.prove.wire import Answer, Item, Task
from lockrig.sweep_plan import SweepPlan

QUICK = (
    *("prove", "-k", "BOOT-01 or ID-01", "--seed", 7),
    *("--defect", "lockstate-2017", "--defect", "no-rollback"),
)

OWN = """
import pytest
from lockrig import Inconclusive, Lock


@pytest.mark.case("STO-01")
def test_looks_away(lock: Lock) -> None:
    lock.trial().expect()


@pytest.mark.case("BOOT-01")
def test_sees_it(lock: Lock) -> None:
    lock.push(lock.image("2.4.0+crash-at-start")).expect()


@pytest.mark.case("BOOT-02")
def test_asks_much(lock: Lock) -> None:
    image = lock.image("2.4.0+crash-at-start")
    for _ in range(100):
        try:
            session = lock.session()
            session.push(image)
            session.sleep(60.0)
        except Exception:
            pass  # whatever it takes


@pytest.mark.case("KEY-01")
def test_fails_a_good_lock(lock: Lock) -> None:
    assert False, "whatever it does"


@pytest.mark.case("KEY-02")
def test_cannot_tell(lock: Lock) -> None:
    raise Inconclusive("the rig looked away")
"""


def proved(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text()))


@pytest.fixture(scope="module")
def quick(
    cli: Callable[..., Ended], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Ended, dict[str, Any]]:
    file = tmp_path_factory.mktemp("prove") / "proof.json"
    return cli(*QUICK, "--workers", 2, "--json", file), proved(file)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("own") / "test_own.py"
    file.write_text(OWN)
    return file


def test_defects_are_caught_by_the_cases_that_claim_them(
    quick: tuple[Ended, dict[str, Any]],
) -> None:
    ended, proof = quick
    assert ended.status == 0, ended.out + ended.err
    assert proof["defects"] == proof["caught"] == 2
    assert proof["matrix"] == {
        "lockstate-2017": {"ID-01": "caught", "BOOT-01": "also caught"},
        "no-rollback": {"ID-01": "not consulted", "BOOT-01": "caught"},
    }
    assert re.search(r"lockstate-2017 +C c", ended.out), ended.out
    assert re.search(r"^2 of 2 defects caught, 0 false alarms, \d+ s$", ended.out, re.M)


def test_the_file_has_what_is_promised(quick: tuple[Ended, dict[str, Any]]) -> None:
    _, proof = quick
    promised = {"defects", "caught", "false_alarms", "wall_s", "matrix", "seed"}
    assert promised <= proof.keys()
    assert proof["seed"] == 7
    assert proof["false_alarms"] == 0
    assert 0 < proof["wall_s"] < 120


def test_what_never_consulted_a_defect_has_the_same_traces_with_it(
    quick: tuple[Ended, dict[str, Any]],
) -> None:
    # ID-01 never comes to a roll-back: it was run against no-rollback and compared.
    _, proof = quick
    assert proof["run"]["unrelated"] == 1
    assert proof["alarms"] == []


def test_what_is_found_does_not_depend_on_the_number_of_workers(
    cli: Callable[..., Ended], quick: tuple[Ended, dict[str, Any]], tmp_path: Path
) -> None:
    file = tmp_path / "proof.json"
    alone = cli(*QUICK, "--workers", 1, "--json", file)
    ended, proof = quick
    assert {**proved(file), "wall_s": 0} == {**proof, "wall_s": 0}
    seconds = re.compile(r", \d+ s$", re.M)
    assert seconds.sub("", alone.out) == seconds.sub("", ended.out)


def test_a_claim_that_does_not_hold_is_missed(
    cli: Callable[..., Ended], own: Path, tmp_path: Path
) -> None:
    file = tmp_path / "proof.json"
    ended = cli(
        *("prove", own, "-k", "(STO-01 or BOOT-01) and A1", "--seed", 7),
        *("--defect", "torn-settings", "--json", file),
    )
    assert ended.status == 4, ended.out + ended.err
    assert "0 of 1 defects caught, 0 false alarms" in ended.out
    proof = proved(file)
    assert proof["matrix"]["torn-settings"]["STO-01"] == "missed"
    (missed,) = proof["missed"]
    assert missed["what"] == "torn-settings: STO-01 A1 test_looks_away: passed"
    assert missed["again"] == (
        f"./lockrig prove {own} --defect torn-settings"
        " -k 'test_looks_away and A1' --seed 7"
    )
    assert missed["again"] in ended.out


def test_a_defect_that_nobody_claims_is_missed(cli: Callable[..., Ended]) -> None:
    ended = cli(
        *("prove", "-k", "BOOT-01 and A1", "--defect", "torn-settings", "--seed", 7)
    )
    assert ended.status == 4, ended.out + ended.err
    assert "torn-settings: no selected case claims it" in ended.out


def test_without_a_name_only_what_the_selected_cases_claim_is_met(
    cli: Callable[..., Ended], own: Path
) -> None:
    ended = cli("prove", own, "-k", "BOOT-01 and B1", "--seed", 7)
    assert ended.status == 0, ended.out + ended.err
    assert "1 of 1 defects caught" in ended.out


@pytest.mark.parametrize(("case", "status"), (("KEY-01", 1), ("KEY-02", 3)))
def test_a_golden_lock_that_does_not_pass_is_a_false_alarm(
    cli: Callable[..., Ended], own: Path, case: str, status: int
) -> None:
    ended = cli(
        *("prove", own, "-k", f"A1 and (BOOT-01 or {case})", "--seed", 7),
        *("--defect", "no-rollback"),
    )
    assert ended.status == status, ended.out + ended.err
    assert "1 of 1 defects caught, 1 false alarms" in ended.out
    assert f"false alarm  golden lock: {case} A1" in ended.out
    assert f"-k 'test_{'fails' if status == 1 else 'cannot'}" in ended.out


def test_who_claims_nothing_ends_after_some_trials(
    cli: Callable[..., Ended], own: Path, tmp_path: Path
) -> None:
    file = tmp_path / "proof.json"
    ended = cli(
        *("prove", own, "-k", "A1 and (BOOT-01 or BOOT-02)", "--seed", 7),
        *("--defect", "no-rollback", "--json", file),
    )
    assert ended.status == 0, ended.out + ended.err
    ran = proved(file)["run"]
    # Golden: 100 sessions and a trial; the same twice again, but the 100 cut short.
    assert ran["trials"] == 101 + 1 + MOST_TRIALS
    assert ran["thinned"] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    (
        (("--defect", "no-such"), "no-such"),
        (("--bench", ROOT / "fixtures/benches/hardware.toml"), "only a virtual lock"),
        (("--tier", "weekly"), "weekly"),
        (("--json", "/nowhere/proof.json"), "/nowhere/proof.json"),
        (("-k", "nothing-of-this-name"), "nothing to run"),
        (("-k", "RIG-05 and A1"), "no selected case claims a defect"),
        (("no_such_file.py",), "no_such_file.py"),
    ),
)
def test_a_callers_mistake_is_one_line(
    cli: Callable[..., Ended], arguments: tuple[Any, ...], said: str
) -> None:
    ended = cli("prove", *arguments)
    assert ended.status == 2, ended.out + ended.err
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1


def test_a_scenario_that_cannot_be_collected_is_one_line(
    cli: Callable[..., Ended], tmp_path: Path
) -> None:
    file = tmp_path / "test_broken.py"
    file.write_text("import nothing_of_this_name\n")
    ended = cli("prove", file)
    assert ended.status == 2, ended.out + ended.err
    assert "test_broken.py:1" in ended.err
    assert len(ended.err.splitlines()) == 1


def test_an_interrupted_proof_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    with subprocess.Popen(
        command("prove", "--seed", 7, "--json", file),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("golden locks")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "lockrig: interrupted; nothing was written\n"
    assert list(tmp_path.iterdir()) == []


# What a proof comes to, without locks.

PASSED = Answer("passed", "", ("d",), "t1", 1, False)
FACTS = {"A1": {"board": "6000i-A", "model": "6000i"}}


def item(case: str, station: str = "A1") -> Item:
    function = f"test_{case[:2].lower()}"
    return Item(
        case, station, f"scenarios/test_x.py::{function}", function, int(case[-2:])
    )


def proof_of(golden: list[Answer], defect: Defect, answers: list[Answer]) -> Proof:
    """Items ID-01, ID-02, ...; `answers` to the tasks against the defect in turn."""
    items = [item(f"ID-0{number + 1}") for number in range(len(golden))]
    proof = Proof(items, [defect], FACTS, 7)
    for task, answer in zip(proof.golden(), golden, strict=True):
        proof.add_golden(task, answer)
    for task, answer in zip(proof.against(defect), answers, strict=True):
        proof.add(task, answer)
    return proof


def defect(*caught_by: str, boards: tuple[str, ...] = ()) -> Defect:
    return Defect("d", "update", "", caught_by, boards=boards)


def failed(consulted: tuple[str, ...] = ("d",)) -> Answer:
    return Answer("failed", "it did", consulted, "t2", 1, False)


def never(trace: str = "t1", outcome: str = "passed") -> Answer:
    return Answer(outcome, "", (), trace, 1, False)


def test_claims_run_whole_and_first_and_others_thinned() -> None:
    proof = proof_of(
        [PASSED, PASSED, never()], defect("ID-02"), [failed(), PASSED, never()]
    )
    assert proof.against(proof.verdicts[0].defect) == [
        Task(1, "d", 0, whole=False),
        Task(0, "d", MOST_TRIALS, whole=False),
        Task(2, "d"),
    ]
    assert proof.matrix(proof.verdicts[0]) == {
        "ID-01": "passed",
        "ID-02": "caught",
        "ID-03": "not consulted",
    }
    assert exit_status(proof, summarize(proof, 1.0)) == 0


def test_who_claims_nothing_runs_on_one_station() -> None:
    stations = ("A1", "A2", "B1")
    items = [item(case, each) for case in ("ID-01", "ID-02") for each in stations]
    proof = Proof(items, [defect("ID-01")], {each: FACTS["A1"] for each in stations}, 7)
    for task in proof.golden():
        proof.add_golden(task, PASSED)
    tasks = proof.against(defect("ID-01"))
    assert [each.item for each in tasks[:3]] == [0, 1, 2]
    assert len(tasks) == 4 and tasks[3].item in (3, 4, 5)


@pytest.mark.parametrize("changed", (never("t3"), never("t1", "failed")))
def test_what_an_unrelated_item_shows_otherwise_is_a_false_alarm(
    changed: Answer,
) -> None:
    proof = proof_of([PASSED, never()], defect("ID-01"), [failed(), changed])
    (alarm,) = proof.false_alarms()
    assert "ID-02 A1 test_id never consulted it" in alarm.what
    assert exit_status(proof, summarize(proof, 1.0)) == 1


def test_a_claim_of_what_never_consulted_the_defect_does_not_hold() -> None:
    proof = proof_of([PASSED, never()], defect("ID-01", "ID-02"), [failed(), never()])
    (missed,) = proof.missed(proof.verdicts[0])
    assert missed.what == "d: ID-02 A1 test_id: never came by it"
    assert proof.matrix(proof.verdicts[0])["ID-02"] == "missed"
    assert exit_status(proof, summarize(proof, 1.0)) == 4


def test_an_error_and_what_could_not_be_told_catch_nothing() -> None:
    for outcome in ("error", "inconclusive", "skipped", "passed"):
        answer = Answer(outcome, "", ("d",), "t2", 1, False)
        proof = proof_of([PASSED], defect("ID-01"), [answer])
        assert len(proof.missed(proof.verdicts[0])) == 1, outcome


def test_a_failure_that_the_golden_lock_shows_too_catches_nothing() -> None:
    proof = proof_of([failed(), PASSED], defect("ID-01", "ID-02"), [failed()])
    (missed,) = proof.missed(proof.verdicts[0])
    assert "ID-01 A1 test_id: failed on a golden lock" in missed.what


def test_a_board_that_cannot_have_it_is_not_asked() -> None:
    proof = proof_of([PASSED], defect("ID-01", boards=("7000i",)), [])
    (missed,) = proof.missed(proof.verdicts[0])
    assert "no selected case claims it" in missed.what


def test_the_matrix_fits_its_width() -> None:
    cases = [f"AREA{n // 9}-0{n % 9 + 1}" for n in range(200)]
    words = {each: "caught" for each in cases}
    words[cases[1]] = "not consulted"
    words[cases[199]] = "missed"
    text = draw_matrix(cases, [Line("update", "a-defect", words)])
    drawn = [each for each in text.splitlines() if "a-defect" in each]
    assert all(len(each) <= WIDTH for each in text.splitlines()[:-1])
    assert "".join(each.split("a-defect")[1] for each in drawn).count("C") == 198
    assert drawn[-1].endswith("M")
    # Nobody reached the second case: it has no column.
    assert drawn[0].replace(" ", "").startswith("a-defectCCCCCCCC")


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    write_whole(file, "first")
    with pytest.raises(UnicodeEncodeError):
        write_whole(file, "second \udc80")
    assert file.read_text() == "first"
    assert list(tmp_path.iterdir()) == [file]


class Swept:
    """A bench that makes the trials a plan asks for, all recovered."""

    kind = "virtual"

    def __init__(self, total: int) -> None:
        self.total = total
        self.plans: list[dict[str, Any]] = []

    def run_trial(self, text: str) -> tuple[str, str]:
        return '{"verdict": "recovered"}', ""

    def sweep(self, text: str, plan: dict[str, Any], *rest: object) -> dict[str, Any]:
        self.plans.append(plan)
        made = self.total if plan["choose"] == "all" else min(plan["count"], self.total)
        return {
            **{"operations": self.total, "fractions": [0.3], "trials": made},
            **{"counts": {"recovered": made}, "phases": {}, "bad": [], "checked": 0},
            **{"points": self.total, "recalled": 0, "unproven": 0, "complete": True},
            **{"consulted": ["d"], "boundaries": [], "reference": {"trace_hash": "t"}},
        }


def swept(bench: Swept, allow: tuple[str, ...] | None, **limits: Any) -> Notebook:
    notebook = Notebook(bench=bench, seed=7, workers=1, **limits)  # type: ignore[arg-type]
    spec = {"station": "A1"}
    notebook.sweep(spec, SweepPlan(), name="n", title="t", allow=allow)
    return notebook


def test_a_sweep_is_spread_over_the_trials_that_are_left() -> None:
    bench = Swept(100)
    with pytest.raises(Enough):
        swept(bench, ("recovered",), most_trials=24)
    assert (bench.plans[0]["choose"], bench.plans[0]["count"]) == ("linear", 24)
    small = Swept(10)
    assert swept(small, ("recovered",), most_trials=24).made == 10  # all it has


def test_a_sweep_stops_at_the_first_catch_where_recovered_alone_will_do() -> None:
    bench = Swept(10)
    notebook = swept(bench, ("recovered",), stop_at_first=True)
    assert bench.plans[0]["stop_at_first"] is True
    assert notebook.consulted == {"d"}
    for allow in (None, ("recovered", "degraded")):
        bench = Swept(10)
        swept(bench, allow, stop_at_first=True)
        assert bench.plans[0]["stop_at_first"] is False

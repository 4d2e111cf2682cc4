"""Reports rendered from small journals that are made here from the real schema."""

import base64
import csv
import io
import json
import re
import sqlite3
import sys
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import reports  # noqa: E402
from reports.cut_map import cut_maps  # noqa: E402
from reports.cut_picture import COLOURS  # noqa: E402
from reports.html import TRIALS_SHOWN, duration, report_html  # noqa: E402
from reports.junit import junit_xml  # noqa: E402
from reports.outcome_map import outcome_maps  # noqa: E402
from reports.read import RISING_HARM, VERDICTS  # noqa: E402
from reports.summary import findings  # noqa: E402

SCHEMA = (ROOT / "rig" / "journal" / "schema.sql").read_text()


class Journal:
    """Writes the rows that rig/journal would."""

    def __init__(self, directory: Path) -> None:
        self.out = directory
        self.file = directory / "run.db"
        self.connection = sqlite3.connect(self.file)
        self.connection.execute("PRAGMA synchronous = OFF")
        self.connection.executescript(SCHEMA)
        self.run(
            version="0.1.0",
            seed=str(2**64 - 1),
            command_line="./lockrig nightly --seed 7",
            bench="virtual.toml",
            bench_kind="virtual",
            started="2026-01-31 22:00:00",
            **{"host.system": "Debian 12"},
        )

    def run(self, **facts: str) -> None:
        for item in facts.items():
            self.add("run", *item)

    def finish(self) -> None:
        self.run(wall_s="41.5", trace_sha256="ab" * 32)

    def trial(self, number: int, fraction: float = 0, **changes: Any) -> str:
        spec = {
            "stimulus": "push",
            "image": "6000i-2.4.0.img",
            "path": "serial",
            "cuts": [{"at": number, "fraction": fraction}],
            "counts_from": "power_on",
            "portal_down_ns": 0,
            "defects": [],
        }
        spec.update(changes.pop("spec", {}))
        row = {
            "case_id": "PWR-04",
            "id": f"{number:09x}{int(fraction * 10):03x}",
            "attempt": 1,
            "purpose": "case",
            "station": "A1",
            "board": "6000i-A",
            "defects": "",
            "verdict": "recovered",
            "lost": "",
            "phase": "swap",
            "operation": "erase slot0",
            "op_index": number,
            "fraction": fraction,
            "forked": 1,
            "checked": 0,
            "trace_hash": "00",
            "simulated_s": 30.0,
            "note": "",
            "spec": json.dumps(spec),
            "answers": "[]",
            "cuts": "[]",
        }
        assert changes.keys() <= row.keys()
        row.update(changes)
        self.add("trials", *row.values())
        return str(row["id"])

    def case(
        self, case_id: str = "ID-01", outcome: str = "passed", **changes: Any
    ) -> None:
        row = {
            "case_id": case_id,
            "station": "A1",
            "scenario": "scenarios/test_model.py::test_by_air[A1]",
            "outcome": outcome,
            "purpose": "case",
            "defect": "",
            "caught": None,
            "reason": "",
            "measurements": "[]",
            "wall_s": 0.25,
            "simulated_s": 100.0,
        }
        assert changes.keys() <= row.keys()
        row.update(changes)
        self.add("cases", *row.values())

    def station(self, station: str = "A1", **changes: Any) -> None:
        row = {
            "station": station,
            "board": "6000i-A",
            "quarantined": "",
            "examination": "[]",
            "calibration": "",
            "last_good_shams": "",
        }
        assert changes.keys() <= row.keys()
        row.update(changes)
        self.add("stations", *row.values())

    def sham(self, name: str, caught: bool, **changes: Any) -> None:
        values = {"purpose": "sham", "defect": name, "caught": caught}
        outcome = "inconclusive" if caught else "passed"
        self.case("SHAM", outcome, **({"scenario": "sham"} | values | changes))

    def control(
        self, caught: bool | None, outcome: str = "failed", **changes: Any
    ) -> None:
        values = {"purpose": "control", "defect": "lockstate-2017", "caught": caught}
        self.case("ID-01", outcome, **(values | changes))

    def sweep(self, operations: int, trials: int, case_id: str = "PWR-04") -> None:
        self.add(
            "operations", case_id, "A1", "update", operations, "[0,0.3,0.7]", trials
        )

    def outcome(self, row: str, column: str, value: str, note: str = "") -> None:
        scenario = "scenarios/test_env.py::test_env[U1]"
        self.add(
            "outcomes", "ENV", "U1", scenario, "in place", row, column, value, note
        )

    def add(self, table: str, *row: Any) -> None:
        marks = ",".join("?" * len(row))
        self.connection.execute(f"INSERT INTO {table} VALUES ({marks})", row)
        self.connection.commit()

    def read(self) -> reports.Run:
        return reports.read(self.file)

    def html(self) -> str:
        catalogue = self.out / "catalogue.csv"
        catalogue.write_text("id,title\nPWR-04,Cut during swap\nID-01,Wrong model\n")
        return report_html(self.read(), catalogue)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path)


class Page(HTMLParser):
    """The text of a page, what it refers to, and its tags left open."""

    VOID = {"meta", "br", "img", "link", "hr"}

    def __init__(self, source: str) -> None:
        super().__init__()
        self.references: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(source)
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        self.references += [
            value or ""
            for name, value in attrs
            if name in ("src", "href", "srcset", "data", "action")
        ]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)


# --- what a run comes to


def test_a_run_in_which_all_passed_exits_0(journal: Journal) -> None:
    journal.case()
    journal.case("ID-03", "skipped")
    journal.control(caught=True)
    journal.finish()
    assert reports.exit_status(journal.read()) == 0


def test_a_missed_control_outranks_a_failure_and_that_outranks_not_knowing(
    journal: Journal,
) -> None:
    journal.finish()
    journal.case()
    journal.case("ID-02", "inconclusive")
    assert reports.exit_status(journal.read()) == 3
    journal.case("ID-04", "failed")
    assert reports.exit_status(journal.read()) == 1
    journal.control(caught=False)
    assert reports.exit_status(journal.read()) == 4


def test_a_control_that_could_not_tell_is_missed_and_one_skipped_is_not_counted(
    journal: Journal,
) -> None:
    journal.finish()
    journal.case()
    journal.control(None, "skipped", station="A2")
    assert reports.exit_status(journal.read()) == 0
    journal.control(None, "inconclusive")
    run = journal.read()
    assert reports.exit_status(run) == 4
    assert reports.summary(run)["controls"] == {"caught": 0, "missed": 1, "total": 1}


def test_an_error_an_empty_run_and_an_unfinished_run_are_no_pass(
    journal: Journal,
) -> None:
    journal.finish()
    assert reports.exit_status(journal.read()) == 3
    journal.case()
    assert reports.exit_status(journal.read()) == 0
    journal.case("ID-02", "error")
    assert reports.exit_status(journal.read()) == 3
    journal.connection.execute("DELETE FROM cases WHERE outcome = 'error'")
    journal.connection.execute("DELETE FROM run WHERE key IN ('wall_s')")
    journal.connection.commit()
    assert reports.exit_status(journal.read()) == 3


def test_only_skipped_cases_are_nothing_asked(journal: Journal) -> None:
    journal.case(outcome="skipped")
    journal.finish()
    assert reports.exit_status(journal.read()) == 3


@pytest.mark.parametrize(
    ("journalled", "counted", "status"), [(6, 6, 0), (5, 6, 3), (6, 5, 3)]
)
def test_a_sweep_that_lacks_trials_is_no_pass(
    journal: Journal, journalled: int, counted: int, status: int
) -> None:
    cuts = [(n, f) for n in range(2) for f in (0, 0.3, 0.7)]
    for number, fraction in cuts[:journalled]:
        journal.trial(number, fraction)
    # Neither another attempt nor a control makes up for a trial.
    journal.trial(0, 0, attempt=2)
    journal.trial(9, 0, purpose="control")
    journal.sweep(operations=2, trials=counted)
    journal.case("PWR-04")
    journal.finish()
    assert reports.exit_status(journal.read()) == status


def test_summary_has_its_keys_and_counts(journal: Journal) -> None:
    journal.case()
    journal.case("ID-02", "failed")
    journal.case("ID-03", "skipped")
    journal.case("ID-04", "inconclusive")
    journal.case("ID-05", "error")
    journal.control(caught=True)
    journal.trial(1, verdict="inconclusive")
    journal.trial(1, attempt=2)
    journal.trial(2)
    journal.finish()
    reports.render(journal.out)
    assert json.loads((journal.out / "summary.json").read_text()) == {
        "passed": 1,
        "failed": 1,
        "skipped": 1,
        "inconclusive": 2,
        "controls": {"caught": 1, "missed": 0, "total": 1},
        "shams": {"caught": 0, "missed": 0, "total": 0},
        "invalid": [],
        "quarantined": {},
        "calibration": {},
        "trials": 2,
        "wall_s": 41.5,
        "simulated_s": 690.0,
        "seed": 2**64 - 1,
        "trace_sha256": "ab" * 32,
        "version": "0.1.0",
    }


def test_the_summary_of_an_unfinished_run_has_no_hash(journal: Journal) -> None:
    journal.case()
    result = reports.summary(journal.read())
    assert result["trace_sha256"] is None
    assert result["wall_s"] == 0.25


@pytest.mark.parametrize(
    ("attempts", "verdict", "intermittent"),
    [
        (["recovered"], "recovered", False),
        (["inconclusive", "recovered"], "recovered", False),
        (["inconclusive", "inconclusive"], "inconclusive", False),
        (["bricked", "bricked"], "bricked", False),
        (["bricked", "recovered"], "bricked", True),
        (["inconclusive", "degraded", "unsafe"], "unsafe", True),
    ],
)
def test_a_failure_is_never_overwritten_by_another_attempt(
    journal: Journal, attempts: list[str], verdict: str, intermittent: bool
) -> None:
    for number, each in enumerate(attempts, start=1):
        journal.trial(1, attempt=number, verdict=each)
    (result,) = journal.read().results
    assert result.verdict == verdict
    assert result.intermittent == intermittent
    assert result.trial.verdict == verdict


# --- reading


def test_what_is_no_journal_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="run.db: there is no such journal"):
        reports.render(tmp_path)
    (tmp_path / "run.db").write_bytes(b"x" * 4096)
    with pytest.raises(ValueError, match="run.db: file is not a database"):
        reports.render(tmp_path)
    (tmp_path / "run.db").unlink()
    sqlite3.connect(tmp_path / "run.db").execute("CREATE TABLE t (x)")
    with pytest.raises(ValueError, match="run.db: not the journal of a run"):
        reports.render(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["run.db"]


def test_another_schema_is_refused(journal: Journal) -> None:
    journal.connection.execute("PRAGMA user_version = 99")
    with pytest.raises(ValueError, match="run.db: its schema has version 99"):
        journal.read()


def test_rendering_leaves_the_journal_as_it_is(journal: Journal) -> None:
    journal.trial(1)
    journal.case()
    journal.finish()
    before = journal.file.read_bytes()
    reports.render(journal.out)
    assert journal.file.read_bytes() == before
    assert sorted(each.name for each in journal.out.iterdir()) == [
        "junit.xml",
        "report.html",
        "run.db",
        "summary.json",
        "trials.csv",
    ]


def test_a_reason_with_a_console_s_bytes_can_be_read(journal: Journal) -> None:
    journal.case(outcome="failed")
    journal.connection.execute(
        "UPDATE cases SET reason = CAST(x'626f6f74fffe' AS TEXT)"
    )
    journal.connection.commit()
    assert journal.read().cases[0].reason == "boot\ufffd\ufffd"


# --- tables for machines


def test_trials_csv_has_every_attempt_sorted_by_identifier(journal: Journal) -> None:
    journal.trial(2, 0.3, note='said "no", twice\nand left', lost="boots locks")
    journal.trial(1, attempt=2, op_index=None)
    journal.trial(1, verdict="inconclusive")
    reports.render(journal.out)
    text = (journal.out / "trials.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [(row["id"], row["attempt"], row["verdict"]) for row in rows] == [
        ("000000001000", "1", "inconclusive"),
        ("000000001000", "2", "recovered"),
        ("000000002003", "1", "recovered"),
    ]
    assert rows[1]["op_index"] == ""
    assert rows[2]["op_index"] == "2"
    assert rows[2]["fraction"] == "0.3"
    assert rows[2]["note"] == 'said "no", twice\nand left'
    assert rows[2]["lost"] == "boots locks"


def test_junit_tells_failures_from_errors_and_skips(journal: Journal) -> None:
    journal.case("ID-01")
    journal.case("ID-02", "failed", reason="took it: \x1b[31m<7000i> & \ufffe")
    journal.case("ID-03", "skipped", reason="no such model")
    journal.case("ID-04", "inconclusive", reason="rail")
    journal.case("ID-05", "error", reason="KeyError", station="B1")
    journal.control(caught=True)
    journal.control(caught=False, station="B1", reason="no trial went wrong")
    reports.render(journal.out)
    root = ET.parse(journal.out / "junit.xml").getroot()
    counts = {
        suite.get("name"): tuple(
            int(suite.get(each, "-1"))
            for each in ("tests", "failures", "errors", "skipped")
        )
        for suite in root
    }
    assert counts == {
        "A1": (4, 1, 1, 1),
        "A1 controls": (1, 0, 0, 0),
        "B1": (1, 0, 1, 0),
        "B1 controls": (1, 1, 0, 0),
    }
    assert [root.get(each) for each in ("tests", "failures", "errors")] == [
        "7",
        "2",
        "2",
    ]
    cases = root.findall("testsuite[@name='A1']/testcase")
    assert cases[0].attrib == {
        "name": "ID-01 test_by_air[A1]",
        "classname": "scenarios.test_model",
        "time": "0.250",
    }
    assert len(cases[0]) == 0
    failure = cases[1].find("failure")
    assert failure is not None
    assert failure.get("message") == "took it: \ufffd[31m<7000i> & \ufffd"
    assert failure.get("type") == "failed"
    assert cases[3].find("error[@type='inconclusive'][@message='rail']") is not None
    missed = root.find("testsuite[@name='B1 controls']/testcase/failure")
    assert missed is not None and missed.get("type") == "missed"
    suite = root.find("testsuite")
    assert suite is not None and suite.get("timestamp") == "2026-01-31T22:00:00"


# --- cut maps


def test_a_cut_map_counts_operations_fractions_and_trials(journal: Journal) -> None:
    for number in range(4):
        for fraction in (0, 0.3, 0.7):
            journal.trial(number, fraction, phase="swap" if number < 3 else "confirm")
    (cut_map,) = cut_maps(journal.read())["A1"]
    assert cut_map.count == "4 operations × 3 fractions = 12 trials"
    assert [(p.name, p.first, p.last) for p in cut_map.phases()] == [
        ("swap", 0, 2),
        ("confirm", 3, 3),
    ]
    assert cut_map.phases()[0].verdicts == {"recovered": 9}
    journal.trial(4, 0)
    (cut_map,) = cut_maps(journal.read())["A1"]
    assert cut_map.count == "13 trials at 5 operations"


def test_what_is_cut_has_a_map_each(journal: Journal) -> None:
    journal.trial(1)
    journal.trial(2)
    journal.trial(1, station="B1", id="b")
    journal.trial(1, id="c", spec={"image": "6000i-bad.img"})
    journal.trial(1, id="d", spec={"path": "portal"})
    journal.trial(1, id="e", spec={"stimulus": "change_code"})
    journal.trial(1, id="f", purpose="control")
    journal.trial(1, id="g", purpose="expected")
    journal.trial(1, id="h", spec={"cuts": [{}, {}]})
    journal.trial(1, id="i", op_index=None)
    maps = cut_maps(journal.read())
    assert [each.title for each in maps["A1"]] == [
        "push 6000i-2.4.0.img by serial (counted from power on)",
        "push 6000i-bad.img by serial (counted from power on)",
        "push 6000i-2.4.0.img by portal (counted from power on)",
        "change code (counted from power on)",
    ]
    assert [each.identifiers for each in maps["B1"]] == [{"b"}]


def test_the_worst_of_a_cell_s_verdicts_shows(journal: Journal) -> None:
    journal.trial(1, id="a", verdict="bricked")
    journal.trial(1, id="b", verdict="inconclusive")
    journal.trial(1, id="c", case_id="PWR-05")
    (cut_map,) = cut_maps(journal.read())["A1"]
    assert cut_map.verdicts == {(1, 0.0): "bricked"}
    assert cut_map.cases == {"PWR-04", "PWR-05"}


def picture_colours(html: str) -> set[str]:
    """The colours of the first picture below its legend."""
    from matplotlib.image import imread

    found = re.search(r"data:image/png;base64,([^\"]+)", html)
    assert found
    pixels = imread(io.BytesIO(base64.b64decode(found.group(1))))[110:, :, :3]
    distinct = {tuple(each) for each in (pixels * 255).round().reshape(-1, 3)}
    return {"#" + bytes(map(int, each)).hex() for each in distinct}


def test_the_picture_shows_one_bad_cut_among_many(journal: Journal) -> None:
    for number in range(900):
        bad = number == 871
        journal.trial(number, 0.3, verdict="bricked" if bad else "recovered")
    colours = picture_colours(journal.html())
    assert COLOURS["recovered"] in colours
    assert COLOURS["bricked"] in colours
    assert not colours & {COLOURS["unsafe"], COLOURS["degraded"]}


def test_the_colours_differ_and_darken_with_harm() -> None:
    def luminance(colour: str) -> float:  # WCAG 2.1
        channels = [each / 255 for each in bytes.fromhex(colour[1:])]
        linear = [
            each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4
            for each in channels
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    assert set(COLOURS) == set(VERDICTS) == set(RISING_HARM)
    definite = [each for each in RISING_HARM if each != "inconclusive"]
    lightness = [luminance(COLOURS[each]) for each in definite]
    assert lightness == sorted(lightness, reverse=True)


# --- the page


def full_page(journal: Journal) -> str:
    answers = [
        {"question": "boots", "outcome": "failed", "detail": "no banner <in> 10 s"},
        {"question": "locks", "outcome": "ok", "detail": "not to be shown"},
    ]
    for number in range(2):
        for fraction in (0, 0.3, 0.7):
            journal.trial(number, fraction)
    journal.trial(
        7,
        0.3,
        verdict="bricked",
        lost="boots unlocks",
        answers=json.dumps(answers),
        note="console fell silent",
    )
    journal.trial(7, 0.3, attempt=2)
    journal.trial(8, verdict="unsafe", purpose="control", case_id="ID-01")
    journal.trial(9, verdict="inconclusive", purpose="expected", case_id="RIG-04")
    journal.sweep(operations=2, trials=6)
    journal.case("PWR-04", "failed", reason="1 trial of 7 bricked")
    journal.case("PWR-04", scenario="scenarios/test_power.py::test_again[A1]")
    journal.case("ID-01", measurements='[{"name":"refusal","value":1.5,"unit":"s"}]')
    journal.case("ID-01", "skipped", station="B1", reason="no radio")
    journal.control(caught=True)
    journal.control(caught=False, station="B1", reason="no trial went wrong")
    journal.finish()
    return journal.html()


def test_the_page_is_whole_and_refers_to_nothing_outside(journal: Journal) -> None:
    source = full_page(journal)
    page = Page(source)
    assert page.open == []
    assert page.references
    assert all(each.startswith("data:image/png;base64,") for each in page.references)
    assert "script" not in page.tags and "link" not in page.tags
    assert "url(" not in source and "@import" not in source
    assert "http:" not in source and "https:" not in source


def test_the_page_says_what_a_reader_asks(journal: Journal) -> None:
    text = Page(full_page(journal)).text
    first_screen = text[: text.index("Cases by station")]
    assert "evidence about the rig and its scenarios, not about a product" in text
    assert "Invalid exit status 4: a control or a sham was missed" in first_screen
    assert "1 scenario failed" in first_screen
    assert f"seed {2**64 - 1}" in first_screen
    assert "version 0.1.0" in first_screen
    assert "time it took 41.5 s" in first_screen
    assert "controls caught 1 of 2" in first_screen
    # Cases: the catalogue's order and titles, a cell for each station.
    assert "PWR-04 Cut during swap failed 1 of 2" in text
    assert "ID-01 Wrong model passed skipped" in text
    assert text.index("PWR-04 Cut") < text.index("ID-01 Wrong")
    assert "failed 1 trial of 7 bricked" in text
    assert "skipped no radio" in text
    assert "lockstate-2017 ID-01 caught MISSED no trial went wrong" in text
    # Verdicts of cases alone, and the others aside.
    assert "A1 (6000i-A) 6 0 0 1 0 0 7" in text
    assert "All stations 6 0 0 1 0 0 7" in text
    assert "they must fail) 0 0 0 0 1 0 1" in text
    assert "this very verdict) 0 0 0 0 0 1 1" in text
    assert "PWR-04 A1 update 2 3 (0, 0.3, 0.7) 6 every one" in text
    # The trial that failed, with all its attempts, and how to replay it.
    assert "bricked (intermittent) attempts: bricked, recovered" in text
    assert "boots, unlocks operation 7 at 0.3 swap" in text
    assert "console fell silent; boots: no banner <in> 10 s" in text
    assert "not to be shown" not in text
    assert "./lockrig replay 000000007003 --out DIR" in text
    assert "./lockrig nightly --seed 7" in text
    assert "ab" * 32 in text
    assert "system: Debian 12" in text
    assert "ID-01 A1 refusal 1.5 s" in text


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("rehearsal", "not about a product"),
        ("hardware", "evidence about the locks mounted on it"),
        ("lab", "Bench of unknown kind “lab”"),
    ],
)
def test_the_page_says_what_it_is_evidence_of(
    journal: Journal, kind: str, words: str
) -> None:
    journal.connection.execute(
        "UPDATE run SET value = ? WHERE key = 'bench_kind'", [kind]
    )
    journal.connection.commit()
    assert words in Page(journal.html()).text


def test_a_passed_run_reads_as_one(journal: Journal) -> None:
    journal.case()
    journal.control(caught=True)
    journal.trial(1)
    journal.finish()
    text = Page(journal.html()).text
    assert "Passed exit status 0: every case passed and every control was" in text
    assert "Trials that failed or could not tell None." in text
    assert "What did not pass" not in text


def test_a_scenario_s_own_map_is_shown_in_the_order_it_was_made(
    journal: Journal,
) -> None:
    journal.case("ENV", station="U1")
    journal.outcome("2nd", "0.5", "lost", "CRC <bad>")
    journal.outcome("2nd", "1", "new")
    journal.outcome("1st", "1", "new")
    journal.finish()
    text = Page(journal.html()).text
    assert "ENV, station U1: in place 0.5 1 2nd lost new 1st new in place:" in text
    assert "2nd 0.5 lost CRC <bad>" in text
    run = reports.render(journal.out)
    (map,) = outcome_maps(run)
    assert list(map.lines()) == [
        "     0.5   1",
        "2nd  lost  new",
        "1st        new",
    ]
    table = list(
        csv.DictReader(io.StringIO((journal.out / "outcomes.csv").read_text()))
    )
    assert [each["value"] for each in table] == ["lost", "new", "new"]


def test_a_killed_run_with_nothing_in_it_can_be_reported(journal: Journal) -> None:
    reports.render(journal.out)
    text = Page((journal.out / "report.html").read_text()).text
    assert "Inconclusive exit status 3" in text
    assert "the run did not end" in text
    assert "No case ran." in text
    assert "No control ran" in text


def test_a_sweep_that_lacks_trials_says_so(journal: Journal) -> None:
    journal.trial(0)
    journal.sweep(operations=1, trials=3)
    journal.finish()
    text = Page(journal.html()).text
    assert "PWR-04 on A1 is not exhaustive: trials are missing" in text
    assert "3 are owed" in text


def test_very_many_failures_do_not_make_a_very_long_page(journal: Journal) -> None:
    many = TRIALS_SHOWN + 1
    for number in range(many):
        journal.trial(number, verdict="bricked")
    html = journal.html()
    assert html.count("lockrig replay") == TRIALS_SHOWN
    assert f"The first {TRIALS_SHOWN} of {many}" in Page(html).text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (59.94, "59.9 s"),
        (61, "1 min 1 s"),
        (3600, "1 h 0 min"),
        (1_000_000, "11 d 13 h"),
    ],
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_missed_sham_makes_its_stations_results_invalid(journal: Journal) -> None:
    journal.case()
    journal.station("A1", last_good_shams="2026-01-20")
    journal.station("B1")
    journal.sham("cut", False, reason="was judged recovered")
    journal.sham("power", True)
    journal.sham("cut", True, station="B1")
    journal.finish()
    run = journal.read()
    assert reports.exit_status(run) == 4
    assert reports.summary(run)["invalid"] == [
        {
            "station": "A1",
            "since": "2026-01-20",
            "shams": {"cut": "was judged recovered"},
        }
    ]
    text = report_html(run).replace("&#39;", "'")
    line = "station A1: results since 2026-01-20 are invalid: sham 'cut' was judged"
    assert line in text
    assert text.count(">invalid<") == 1
    suites = ET.fromstring(junit_xml(run))
    assert suites.get("failures") == "1"


def test_a_station_without_a_good_night_has_shown_nothing(journal: Journal) -> None:
    journal.station()
    journal.sham("cut", False, reason="was judged recovered")
    journal.finish()
    (_, line), *_ = findings(journal.read())
    assert line.startswith("station A1: all results so far are invalid: sham 'cut'")


def test_a_quarantined_station_is_no_pass_and_is_named(journal: Journal) -> None:
    journal.case()
    journal.case("DOCTOR", "inconclusive", station="B1", scenario="doctor")
    journal.station("B1", quarantined="serial: the board says X")
    journal.finish()
    run = journal.read()
    assert reports.exit_status(run) == 3
    assert reports.summary(run)["quarantined"] == {"B1": "serial: the board says X"}
    assert reports.summary(run)["inconclusive"] == 0  # the doctor's is no scenario
    assert "station B1 is quarantined: serial: the board says X" in report_html(run)


@pytest.mark.parametrize("expires", ["2026-01-30", "2026-01-31"])
def test_a_real_benchs_calibration_is_on_the_first_screen(
    journal: Journal, expires: str
) -> None:
    journal.connection.execute(
        "UPDATE run SET value = 'hardware' WHERE value = 'virtual'"
    )
    kept = {
        "date": "2026-01-01",
        "expires": expires,
        "instrument": "sigrok cuts.sr",
        "rise_ms": 1.25,
        "uncertainty_us": 14.0,
    }
    journal.station(calibration=json.dumps(kept))
    journal.case()
    journal.finish()
    run = journal.read()
    assert reports.exit_status(run) == 0
    head = report_html(run).partition("</header>")[0]
    for said in ("2026-01-01", expires, "sigrok cuts.sr", "1.25", "14"):
        assert said in head
    assert (">expired<" in head) == (expires < "2026-01-31")  # the day of the run

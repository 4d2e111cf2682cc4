"""report.html: one self-contained page, from report.html.j2."""

import base64
import csv
import itertools
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reports.cut_map import CutMap, cut_maps
from reports.cut_picture import COLOURS, CSS_PX_PER_IN, WIDTH_IN, draw
from reports.outcome_map import outcome_maps
from reports.read import VERDICTS, Case, Measurement, Result, Run
from reports.summary import (
    control_counts,
    exit_status,
    findings,
    has_expired,
    invalid,
    quarantined,
    sham_counts,
    short_sweeps,
    summary,
    warnings,
)

HERE = Path(__file__).resolve().parent
CATALOGUE = HERE.parent / "fixtures" / "catalogue.csv"
# Of the trials that did not recover: trials.csv holds them all.
TRIALS_SHOWN = 200

MEANING = {
    0: ("passed", "Passed", "every case passed and every control was caught"),
    1: ("failed", "Failed", "a lock failed"),
    3: ("inconclusive", "Inconclusive", "the rig could not tell; never a pass"),
    4: ("invalid", "Invalid", "a control or a sham was missed"),
}
EVIDENCE = {
    "virtual": "Virtual bench: evidence about the rig and its scenarios, not about a"
    " product.",
    "rehearsal": "Rehearsal on virtual locks behind the real drivers: evidence about"
    " the rig and its scenarios, not about a product.",
    "programs": "Boards that are programs: evidence about the rig and these programs, not"
    " about a product.",
    "hardware": "Hardware bench: evidence about the locks mounted on it.",
    "programs": "Bench of programs: evidence about the rig, its scenarios and these"
    " programs, not about a product.",
}
# Of a scenario's own words nobody knows which is good: they only differ.
TINTS = ("#dbe7f6", "#fdebc8", "#f3d6e4", "#d8efe0", "#e6dff3", "#e4e4e4")
# Of several scenarios of a case on a station, the worst names the cell.
RISING_TROUBLE = ("skipped", "passed", "error", "inconclusive", "failed")


def report_html(run: Run, catalogue: Path = CATALOGUE) -> str:
    """The whole page. It holds no script and refers to nothing outside itself."""
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["duration"] = duration
    environment.filters["number"] = lambda value: f"{value:,}".replace(",", "\u202f")
    status = exit_status(run)
    mark, word, meaning = MEANING[status]
    kind = run.info.get("bench_kind", "")
    return environment.get_template("report.html.j2").render(
        run=run,
        info=run.info,
        summary=summary(run),
        status=status,
        mark=mark,
        word=word,
        meaning=meaning,
        findings=[line for _, line in findings(run)],
        evidence=EVIDENCE.get(kind, f"Bench of unknown kind “{kind}”."),
        stations=run.boards,
        cases=_cases(run, _titles(catalogue)),
        not_passed=_not_passed(run),
        control_counts=control_counts(run),
        controls=_controls(run),
        control_stations=sorted({each.station for each in run.controls()}),
        verdicts=VERDICTS,
        verdict_rows=_verdict_rows(run),
        colours=COLOURS,
        sweeps=run.sweeps,
        short=short_sweeps(run),
        sham_counts=sham_counts(run),
        shams=_shams(run),
        sham_names=list(dict.fromkeys(each.defect for each in run.shams())),
        invalid_stations={each["station"] for each in invalid(run)},
        quarantined=quarantined(run),
        warnings=warnings(run),
        calibrations=_calibrations(run) if kind != "virtual" else [],
        examined=run.stations,
        maps=_maps(run),
        map_width=round(WIDTH_IN * CSS_PX_PER_IN),
        measurements=_measurements(run),
        outcome_maps=outcome_maps(run),
        tints=_tints(run),
        **_troubled(run),
    )


def duration(seconds: float) -> str:
    """ "41.5 s", "3 min 20 s", "2 h 5 min", "12 d 4 h"."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, size, smaller, per in (
        ("d", 86400, "h", 3600),
        ("h", 3600, "min", 60),
        ("min", 60, "s", 1),
    ):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // per} {smaller}"
    return f"{whole} s"


def _titles(catalogue: Path) -> dict[str, str]:
    if not catalogue.is_file():
        return {}
    with catalogue.open(encoding="utf-8", newline="") as file:
        return {row["id"]: row["title"] for row in csv.DictReader(file)}


def _cases(run: Run, titles: dict[str, str]) -> list[dict[str, Any]]:
    """One row a case, in the catalogue's order: what came of it on each station."""
    by_case: defaultdict[str, defaultdict[str, list[Case]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for case in run.claims():
        by_case[case.case_id][case.station].append(case)
    order = {case_id: place for place, case_id in enumerate(titles)}
    return [
        {
            "id": case_id,
            "title": titles.get(case_id, ""),
            "cells": {station: _cell(of) for station, of in by_case[case_id].items()},
        }
        for case_id in sorted(by_case, key=lambda each: (order.get(each, -1), each))
    ]


def _not_passed(run: Run) -> list[Case]:
    """The worst first."""
    return sorted(
        (each for each in run.claims() if each.outcome != "passed"),
        key=lambda each: -RISING_TROUBLE.index(each.outcome),
    )


def _cell(cases: list[Case]) -> dict[str, str]:
    counts = Counter(each.outcome for each in cases)
    worst = max(counts, key=RISING_TROUBLE.index)
    of_all = f" {counts[worst]} of {len(cases)}" if counts[worst] < len(cases) else ""
    return {"outcome": worst, "text": worst + of_all}


def _controls(run: Run) -> list[dict[str, Any]]:
    """One row a defect and the case that must catch it, a cell for each station."""
    rows: defaultdict[tuple[str, str], dict[str, dict[str, str]]] = defaultdict(dict)
    for case in run.controls():
        cells = rows[(case.defect, case.case_id)]
        if case.outcome == "skipped":
            cell = {"mark": "skipped", "text": "skipped", "reason": case.reason}
        elif case.caught:
            cell = {"mark": "passed", "text": "caught", "reason": ""}
        else:
            cell = {"mark": "failed", "text": "MISSED", "reason": case.reason}
        # Of several scenarios on a station, one that missed it must show.
        if cells.get(case.station, {}).get("text") != "MISSED":
            cells[case.station] = cell
    return [
        {"defect": defect, "case_id": case_id, "cells": cells}
        for (defect, case_id), cells in sorted(rows.items())
    ]


def _shams(run: Run) -> dict[str, dict[str, Case]]:
    """By station and sham."""
    shams: defaultdict[str, dict[str, Case]] = defaultdict(dict)
    for case in run.shams():
        shams[case.station][case.defect] = case
    return dict(shams)


def _calibrations(run: Run) -> list[dict[str, Any]]:
    """One row a station; a twin's would say nothing."""
    today = run.info.get("started", "")[:10]
    return [
        {
            "station": each.station,
            "board": each.board,
            "of": each.calibration,
            "expired": each.calibration is not None
            and has_expired(each.calibration, today),
        }
        for each in run.stations
    ]


def _verdict_rows(run: Run) -> list[dict[str, Any]]:
    """Counts of verdicts: by station, in total, and of trials with another purpose."""
    by_station: defaultdict[str, Counter[str]] = defaultdict(Counter)
    aside: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for result in run.results:
        trial = result.trial
        if trial.purpose == "case":
            by_station[trial.station][result.verdict] += 1
        else:
            aside[trial.purpose][result.verdict] += 1
    total = sum(by_station.values(), Counter[str]())
    rows = [
        {"name": _with_board(run, station), "kind": "station", "counts": counts}
        for station, counts in sorted(by_station.items())
    ]
    rows.append({"name": "All stations", "kind": "total", "counts": total})
    names = {
        "control": "Controls (known-bad locks: they must fail)",
        "sham": "Shams (something withheld: their verdict is known)",
        "expected": "Wanted (cases that want this very verdict)",
    }
    rows += [
        {"name": names[purpose], "kind": "aside", "counts": counts}
        for purpose, counts in sorted(aside.items())
    ]
    return rows


def _maps(run: Run) -> list[dict[str, Any]]:
    pictures = []
    for station, maps in cut_maps(run).items():
        heading = f"Station {_with_board(run, station)}: {_sum(maps)}"
        pictures.append(
            {
                "heading": heading,
                "data": base64.b64encode(draw(heading, maps)).decode("ascii"),
                "maps": maps,
            }
        )
    return pictures


def _sum(maps: list[CutMap]) -> str:
    operations = sum(each.operations for each in maps)
    trials = sum(len(each.identifiers) for each in maps)
    fractions = {tuple(each.fractions) for each in maps}
    if len(fractions) == 1:
        per_operation = len(fractions.pop())
        if operations * per_operation == trials:
            return (
                f"{operations} operations × {per_operation} fractions = {trials} trials"
            )
    return f"{trials} trials at {operations} operations"


def _with_board(run: Run, station: str) -> str:
    board = run.boards.get(station, "")
    return f"{station} ({board})" if board else station


def _troubled(run: Run) -> dict[str, Any]:
    """Trials of cases that did not recover at the first attempt, by identifier."""
    troubled = [
        each
        for each in run.results
        if each.trial.purpose == "case"
        and (each.verdict != "recovered" or len(each.attempts) > 1)
    ]
    return {
        "troubled": [_troubled_row(each) for each in troubled[:TRIALS_SHOWN]],
        "troubled_count": len(troubled),
    }


def _troubled_row(result: Result) -> dict[str, Any]:
    trial = result.trial
    where = ""
    if trial.op_index is not None:
        where = f"operation {trial.op_index} at {trial.fraction:g}"
    details = [
        f"{each['question']}: {each['detail']}"
        for each in json.loads(trial.answers or "[]")
        if each["outcome"] in ("failed", "could_not_look") and each.get("detail")
    ]
    return {
        "trial": trial,
        "verdict": result.verdict,
        "where": where,
        "attempts": [each.verdict for each in result.attempts],
        "intermittent": result.intermittent,
        "details": [trial.note, *details] if trial.note else details,
    }


def _tints(run: Run) -> dict[str, str]:
    """A colour for each word: the same in all maps, as far as there are colours."""
    words = dict.fromkeys(each.value for each in run.outcomes)
    return dict(zip(words, itertools.cycle(TINTS)))


def _measurements(run: Run) -> list[tuple[Case, Measurement]]:
    return [(case, each) for case in run.claims() for each in case.measurements]

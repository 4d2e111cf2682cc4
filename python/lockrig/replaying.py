"""A recorded trial run again, and compared with its record."""

import json
from pathlib import Path
from typing import Any

from lockrig import _core
from lockrig.notebook import Notebook
from lockrig.root import OUT, found, shown
from lockrig.shrinking import shrink
from lockrig.table import table
from lockrig.trial import INCONCLUSIVE, RECOVERED, Trial
from reports import Run as Record
from reports import read

PASSED, FAILED, UNTOLD = 0, 1, 3
_SAME_VERDICT = {True: "the same verdict", False: "ANOTHER VERDICT"}
_SAME_TRACE = {True: "the same trace", False: "ANOTHER TRACE"}


def find_journal(identifier: str, run_db: Path | None) -> Path:
    """The journal that holds the trial: this one, or else the latest in reports/out.
    ValueError if none does."""
    if run_db is not None:
        if not run_db.is_file():
            raise ValueError(f"{run_db}: there is no such journal")
        if _core.find_spec(str(run_db), identifier) is None:
            raise ValueError(f"{run_db}: no trial {identifier}")
        return run_db
    journals = sorted(OUT.glob("*/run.db"), key=lambda each: -each.stat().st_mtime)
    for each in journals:
        if _core.find_spec(str(each), identifier) is not None:
            return each
    raise ValueError(
        f"no trial {identifier} in {shown(OUT)}; --out DIR names another folder"
    )


def replay_trial(
    identifier: str, run_db: Path, trace_file: Path | None, shrinks: bool = False
) -> int:
    """Prints what came of it, and returns the exit status."""
    if trace_file is not None and not trace_file.absolute().parent.is_dir():
        raise ValueError(f"--trace {trace_file}: there is no such folder")
    record = read(run_db)
    spec = _core.find_spec(str(run_db), identifier)
    assert spec is not None
    bench = _core.Bench(str(found(record.info["bench"])))
    # A trace that is kept whole hashes as one that is not.
    record_json, lines = bench.run_trial(spec, True)
    trial = Trial(json.loads(record_json))
    print(f"trial    {trial.id}  {_what(trial.spec)}")
    print(f"from     {shown(run_db)}, seed {trial.spec['seed']}")
    print(f"verdict  {trial.verdict}")
    if trial.lost:
        print(f"lost     {', '.join(trial.lost)}")
    if trial.note:
        print(f"note     {trial.note}")
    print(f"\n{_answers(trial)}")
    if trial.cuts:
        print(f"\n{_cuts(trial)}")
    is_same = _compare(trial, record)
    if trace_file is not None:
        trace_file.write_text(lines, encoding="utf-8")
        print(f"trace    {trace_file}, {len(lines.splitlines())} events")
    if shrinks:
        _print_smallest(bench, trial)
    if not is_same:
        return UNTOLD
    return {RECOVERED: PASSED, INCONCLUSIVE: UNTOLD}.get(trial.verdict, FAILED)


def _print_smallest(bench: _core.Bench, trial: Trial) -> None:
    if trial.verdict in (RECOVERED, INCONCLUSIVE):
        print("\nnothing to shrink: it did not fail")
        return
    notebook = Notebook(bench=bench, seed=trial.spec["seed"], workers=1)
    found = shrink(notebook, trial)
    print(f"\nsmallest that was found:\n\n{found.script}")


def _compare(trial: Trial, record: Record) -> bool:
    """Prints how it compares with the first attempt; False if it differs."""
    first = next(each for each in record.trials if each.id == trial.id)
    same_verdict = first.verdict == trial.verdict
    if first.forked:
        how = "from a fork; run whole now: " + _SAME_VERDICT[same_verdict]
        is_same = same_verdict
    else:
        same_trace = first.trace_hash == trial.trace_hash
        how = f"trace {first.trace_hash}: {_SAME_TRACE[same_trace]}"
        if not same_verdict:
            how += f", {_SAME_VERDICT[False]}"
        is_same = same_trace and same_verdict
    print(f"\nrecorded {first.verdict}, {how}")
    return is_same


def _what(spec: dict[str, Any]) -> str:
    words = [f"{spec['station']} ({spec['board']}):", spec["stimulus"]]
    if spec["image"]:
        words += [spec["image"], "by", spec["path"]]
    if spec["defects"]:
        words += ["with", ", ".join(spec["defects"])]
    if spec["unplugged"]:
        words += ["without", ", ".join(spec["unplugged"])]
    if spec["blind"]:
        words += ["not asked", ", ".join(spec["blind"])]
    return " ".join(words)


def _answers(trial: Trial) -> str:
    return table(
        ("question", "outcome", "measured", "limit", "unit", "detail"),
        (
            [each.get(key) for key in ("question", "outcome", "measured", "limit")]
            + [each.get("unit", ""), each.get("detail", "")]
            for each in trial.answers
        ),
    )


def _cuts(trial: Trial) -> str:
    return table(
        ("cut requested", "achieved s", "off s", "reset seen", "proven"),
        (
            (
                each["requested"],
                each.get("achieved_s"),
                each.get("off_s"),
                each.get("reset", ""),
                "yes" if each["proven"] else "no",
            )
            for each in trial.cuts
        ),
    )

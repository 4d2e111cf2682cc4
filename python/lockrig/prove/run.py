"""Runs a proof: golden locks, then every defect, then what it comes to."""

import json
import os
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from lockrig import _core
from lockrig.defects import Defect
from lockrig.prove.crew import Crew
from lockrig.prove.matrix import Line, draw_matrix
from lockrig.prove.progress import make_progress
from lockrig.prove.proof import CAUGHT, MOST_TRIALS, Proof
from lockrig.prove.wire import Answer, Share, Task

PROVEN, FALSE_ALARM, INCONCLUSIVE, DEFECT_MISSED = 0, 1, 3, 4


def one_of_each_board(bench: _core.Bench) -> dict[str, dict[str, Any]]:
    """The facts of the first station of every kind of board."""
    seen: dict[str, dict[str, Any]] = {}
    for station in bench.stations():
        facts = bench.facts(station)
        if facts["board"] not in [each["board"] for each in seen.values()]:
            seen[station] = facts
    return seen


def run_proof(
    bench: _core.Bench,
    paths: tuple[Path, ...],
    expression: str,
    *,
    tier: str,
    defects: Sequence[Defect],
    only_claimed: bool,
    seed: int,
    workers: int,
    report: Path | None,
    stream: TextIO,
) -> int:
    """The exit status. `only_claimed`: leave out the defects that no selected case
    claims."""
    began = time.monotonic()
    facts = one_of_each_board(bench)
    share = Share(
        bench=bench.path,
        stations=tuple(facts),
        seed=seed,
        paths=tuple(map(str, paths)),
        expression=expression,
        tier=tier,
    )
    with Crew(share, workers) as crew, make_progress(stream) as progress:
        items = crew.items()
        if not items:
            raise ValueError("nothing to run: no scenario was selected")
        if only_claimed:
            defects = [
                each
                for each in defects
                if any(each.is_for(item.case_id, item.function) for item in items)
            ]
        if not defects:
            raise ValueError(
                "nothing to prove: no selected case claims a defect; --defect names one"
            )
        proof = Proof(items, defects, facts, seed)
        golden = proof.golden()
        progress.begin("golden locks", len(golden))

        def on_golden(task: Task, answer: Answer) -> None:
            proof.add_golden(task, answer)
            progress.advance()

        crew.run(golden, on_golden)
        tasks = [task for each in defects for task in proof.against(each)]
        owed = Counter(task.defect for task in tasks)
        progress.begin("known-bad locks", len(tasks))

        def on_answer(task: Task, answer: Answer) -> None:
            proof.add(task, answer)
            owed[task.defect] -= 1
            progress.advance(task.defect if not owed[task.defect] else "")

        crew.run(tasks, on_answer)
    wall_s = time.monotonic() - began
    summary = summarize(proof, wall_s)
    if report is not None:
        write_whole(report, json.dumps(summary, indent=1) + "\n")
    print_proof(proof, summary, stream)
    return exit_status(proof, summary)


def summarize(proof: Proof, wall_s: float) -> dict[str, Any]:
    """What --json writes."""
    missed = {each.defect.name: proof.missed(each) for each in proof.verdicts}
    alarms = proof.false_alarms()
    return {
        "defects": len(proof.verdicts),
        "caught": sum(not found for found in missed.values()),
        "false_alarms": len(alarms),
        "wall_s": round(wall_s, 3),
        "seed": proof.seed,
        "run": proof.tally,
        "missed": [vars(each) for found in missed.values() for each in found],
        "alarms": [vars(each) for each in alarms],
        "matrix": {each.defect.name: proof.matrix(each) for each in proof.verdicts},
    }


def exit_status(proof: Proof, summary: dict[str, Any]) -> int:
    if summary["caught"] < summary["defects"]:
        return DEFECT_MISSED
    if not summary["false_alarms"]:
        return PROVEN
    changed = any(
        not each["what"].startswith("golden lock") for each in summary["alarms"]
    )
    return INCONCLUSIVE if proof.is_untold_only() and not changed else FALSE_ALARM


def print_proof(proof: Proof, summary: dict[str, Any], stream: TextIO) -> None:
    def say(text: str = "") -> None:
        print(text, file=stream)

    lines = [
        Line(each.defect.area, each.defect.name, summary["matrix"][each.defect.name])
        for each in proof.verdicts
    ]
    say()
    say(draw_matrix(proof.cases(), lines))
    for title, key in (("missed", "missed"), ("false alarm", "alarms")):
        for each in summary[key]:
            say()
            say(f"{title}  {each['what']}")
            say(f"  again   {each['again']}")
    ran = summary["run"]
    say()
    say(
        f"items      {ran['golden']} on golden locks, {ran['against']} on known-bad ones"
        f" ({ran['thinned']} ended after {MOST_TRIALS} trials), {ran['unrelated']}"
        " unrelated ones compared"
    )
    say(f"trials     {ran['trials']:,}")
    say(f"seed       {summary['seed']}")
    say(
        f"{summary['caught']} of {summary['defects']} defects caught,"
        f" {summary['false_alarms']} false alarms, {summary['wall_s']:.0f} s"
    )
    stream.flush()


def write_whole(path: Path, text: str) -> None:
    """Whoever reads the file finds all of it, or what was there before."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)

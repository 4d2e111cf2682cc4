"""What a run says at its end."""

from collections.abc import Sequence
from typing import TextIO

from lockrig.result import CaseResult
from lockrig.root import shown
from lockrig.run import Run
from reports import Run as Record
from reports import summary
from reports.html import duration
from reports.outcome_map import outcome_maps
from reports.summary import findings, warnings


def print_closing(
    record: Record, results: Sequence[CaseResult], run: Run, stream: TextIO
) -> None:
    """What did not pass, with its trial and the command that shows it again; the counts;
    where the report is."""

    def say(text: str = "") -> None:
        print(text, file=stream)

    bad = [each for each in results if not each.is_good and each.outcome != "skipped"]
    for each in bad:
        say()
        against = f" against {each.defect}" if each.defect else ""
        say(f"{each.case_id} {each.station} {each.word}{against}: {each.reason}")
        if each.trial_id:
            say(f"  trial   {each.trial_id}")
        if each.again:
            say(f"  again   {each.again}")
    for map in outcome_maps(record):
        say()
        say(f"{map.case_id} {map.station} {map.title}")
        for line in map.lines():
            say(f"  {line}".rstrip())
    numbers = summary(record)
    shams = numbers["shams"]
    controls = numbers["controls"]
    say()
    say(
        f"cases      {numbers['passed']} passed, {numbers['failed']} failed,"
        f" {numbers['inconclusive']} inconclusive, {numbers['skipped']} skipped"
    )
    if controls["total"]:
        say(f"controls   {controls['caught']} of {controls['total']} caught")
    if shams["total"]:
        say(f"shams      {shams['caught']} of {shams['total']} judged as they must be")
    for station, found in numbers["quarantined"].items():
        say(f"quarantine station {station}: {found}")
    for line in warnings(record):
        say(f"warning    {line}")
    say(
        f"trials     {numbers['trials']:,} in {duration(numbers['wall_s'])}"
        f" ({duration(numbers['simulated_s'])} of the locks' time)"
    )
    say(f"seed       {numbers['seed']}")
    if numbers["trace_sha256"]:
        say(f"trace      {numbers['trace_sha256']}")
    say(f"report     {shown(run.out)}/report.html")
    reasons = [reason for _, reason in findings(record)]
    say(f"verdict    {'; '.join(reasons) if reasons else 'all passed'}")
    stream.flush()

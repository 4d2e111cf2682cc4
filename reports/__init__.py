"""Renders the journal of a run: trials.csv, junit.xml, summary.json and report.html, and
outcomes.csv where scenarios made maps of their own.

Everything comes from run.db, whose schema is rig/journal/schema.sql; only the titles of
the cases come from fixtures/catalogue.csv. Pictures are drawn with matplotlib, because
Debian's python3-plotly ships no JavaScript bundle and a report must be self-contained.
"""

import json
from pathlib import Path

from reports.csv_table import trials_csv
from reports.html import report_html
from reports.junit import junit_xml
from reports.outcome_map import outcomes_csv
from reports.read import Run, read
from reports.summary import exit_status, summary

__all__ = ["Run", "exit_status", "read", "render", "summary"]


def render(out: Path) -> Run:
    """Write the files beside out/run.db, and return what was read.

    All are made before the first is written: a run that cannot be rendered leaves no
    half of a report. Raises ValueError if there is no run.db or it is not a journal.
    """
    run = read(out / "run.db")
    files = {
        "trials.csv": trials_csv(run),
        "junit.xml": junit_xml(run),
        "summary.json": json.dumps(summary(run), indent=2) + "\n",
        "report.html": report_html(run),
    }
    if run.outcomes:
        files["outcomes.csv"] = outcomes_csv(run)
    for name, text in files.items():
        (out / name).write_text(text, encoding="utf-8", newline="")
    return run

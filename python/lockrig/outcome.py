"""From what a scenario raised to the outcome of its case, and one line that says why."""

import traceback
from dataclasses import dataclass
from pathlib import Path

import pytest

from lockrig import _core
from lockrig.errors import Inconclusive, LockFault

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
UNTOLD, ERROR = "inconclusive", "error"


@dataclass(frozen=True)
class Judgement:
    """`trial_id` is that of the trial that told, where one did."""

    outcome: str = PASSED
    reason: str = ""
    trial_id: str = ""


def judge(error: BaseException, scenario: Path) -> Judgement:
    """`scenario` is the file whose line is named where the error does not speak for
    itself."""
    if isinstance(error, LockFault):
        return Judgement(FAILED, one_line(error), error.trial_id)
    if isinstance(error, (AssertionError, pytest.fail.Exception)):
        return Judgement(FAILED, f"{place(error, scenario)}: {one_line(error)}")
    if isinstance(error, Inconclusive):
        return Judgement(UNTOLD, one_line(error), error.trial_id)
    if isinstance(error, (_core.RigError, _core.LimitReached)):
        return Judgement(UNTOLD, one_line(error))
    if isinstance(error, pytest.skip.Exception):
        return Judgement(SKIPPED, one_line(error))
    kind = type(error).__name__
    return Judgement(ERROR, f"{place(error, scenario)}: {kind}: {one_line(error)}")


def one_line(error: BaseException) -> str:
    """The first line of its message: of an assertion the scenario's own words, or else
    what was compared."""
    lines = [each.strip() for each in str(error).splitlines() if each.strip()]
    return lines[0] if lines else type(error).__name__


def place(error: BaseException, scenario: Path) -> str:
    """ "test_x.py:12": the scenario's own line nearest to the error."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{Path(error.filename).name}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [each for each in frames if Path(each.filename) == scenario]
    beside = [each for each in frames if Path(each.filename).parent == scenario.parent]
    if not own and not beside:
        return scenario.name
    last = (own or beside)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"

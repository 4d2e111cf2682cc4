"""The pytest plugin of a worker of `lockrig prove`: runs items as it is told, over and
over, against golden and known-bad locks."""

from collections.abc import Generator
from typing import Any, TextIO

import pytest

from lockrig.display import PlainDisplay
from lockrig.items import scenario_of, station_of
from lockrig.notebook import Enough, Notebook
from lockrig.outcome import PASSED, judge
from lockrig.plugin import Case, CasePlugin
from lockrig.prove.wire import Answer, Item, Task, items_to_json
from lockrig.run import Run


class Prover(CasePlugin):
    """Says what items there are; then answers each task with a line until there are no
    more. Nothing is journalled."""

    def __init__(self, run: Run, tier: str, tasks: TextIO, answers: TextIO) -> None:
        super().__init__(run, PlainDisplay(answers), tier=tier, with_controls=False)
        self._tasks = tasks
        self._answers = answers
        self._task = Task(0)
        self._is_thinned = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if self._broken:
            raise pytest.UsageError(self._broken[0])
        self._say(items_to_json([self._item(each) for each in session.items]))
        for line in self._tasks:
            self._task = Task.from_json(line)
            item = session.items[self._task.item]
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        return True

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, None]:
        task = self._task
        self._is_thinned = False
        self._case = Case(
            Notebook(
                bench=self._run.bench,
                seed=self._run.seed,
                workers=1,
                defects=(task.defect,) if task.defect else (),
                case_id=self._mark(item).row.id,
                scenario=scenario_of(item),
                # The locks of a proof are not confirmed to be as bad as they are; one
                # that should be as the golden one was is treated as that one was.
                purpose="case" if task.whole else "control",
                most_trials=task.most_trials,
                stop_at_first=not task.whole,
            )
        )
        outcome = yield
        if outcome.excinfo is None:
            self._say(self._answer(self._case).to_json())
        self._case.notebook.close()
        self._case = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> None:
        error = call.excinfo.value if call.excinfo is not None else None
        case = self._running()
        if isinstance(error, Enough):
            self._is_thinned = True
        elif error is not None and case.judgement.outcome == PASSED:
            case.judgement = judge(error, self._path)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._path = item.path
        super().pytest_runtest_setup(item)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        pass

    def _item(self, item: pytest.Item) -> Item:
        row = self._mark(item).row
        return Item(
            case_id=row.id,
            station=station_of(item),
            scenario=scenario_of(item),
            function=item.name.partition("[")[0],
            place=row.place,
        )

    def _answer(self, case: Case) -> Answer:
        notebook = case.notebook
        return Answer(
            outcome=case.judgement.outcome,
            reason=case.judgement.reason,
            consulted=tuple(sorted(notebook.consulted)),
            trace=notebook.trace,
            trials=notebook.made,
            is_thinned=self._is_thinned,
        )

    def _say(self, line: str) -> None:
        print(line, file=self._answers, flush=True)

"""The pytest plugin that runs scenarios: fixtures, markers, controls, outcomes, journal.

Scenarios are run by `lockrig run` and `lockrig nightly`, which give pytest an instance of
CasePlugin; it takes the place of pytest's own terminal output.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import pytest

from lockrig.bench import Bench
from lockrig.case_mark import CaseMark
from lockrig.catalogue import Catalogue
from lockrig.controls import Control, Controls
from lockrig.defects import read_defects
from lockrig.display import Display
from lockrig.errors import Inconclusive
from lockrig.items import (
    WHOLE_BENCH,
    Mounted,
    applies_nowhere,
    base_of,
    command_for,
    mounted_in,
    scenario_of,
    station_of,
    work_on_board,
    work_on_station,
)
from lockrig.lock import Lock
from lockrig.night import Night, night_count
from lockrig.notebook import Notebook
from lockrig.outcome import (
    ERROR,
    FAILED,
    PASSED,
    SKIPPED,
    UNTOLD,
    Judgement,
    judge,
    place,
)
from lockrig.result import CaseResult
from lockrig.run import Run
from lockrig.trial import Trial


@dataclass
class Case:
    """One item while it runs."""

    notebook: Notebook
    judgement: Judgement = Judgement()
    wall_s: float = 0.0


class CasePlugin:
    """For one pytest session. The run is started once all scenarios are collected and
    sound, so that a mistake in one of them leaves nothing behind."""

    def __init__(
        self,
        run: Run,
        display: Display,
        *,
        tier: str,
        with_controls: bool,
        only_collect: bool = False,
        with_night: bool = False,
    ) -> None:
        self._run = run
        self._display = display
        self._tier = tier
        self._only_collect = only_collect
        self._catalogue = Catalogue()
        self._stations = run.stations()
        # Only a twin can be given a defect.
        has_controls = with_controls and run.bench.kind == "virtual"
        self._controls = Controls(read_defects() if has_controls else [])
        self._marks: dict[str, CaseMark] = {}
        self._known: dict[tuple[str, str], Trial] = {}
        # The doctor before all cases and the shams after them.
        self._with_night = with_night
        self._night: Night | None = None
        self._broken: list[str] = []
        self._case: Case | None = None
        self.results: list[CaseResult] = []
        # After collecting only: what each item comes to if nobody runs it.
        self.works: dict[str, CaseResult] = {}
        self.interrupted = False

    # What scenarios ask for.

    @pytest.fixture(name="bench")
    def bench_fixture(self) -> Bench:
        """The bench of the run."""
        return Bench(self._running().notebook)

    @pytest.fixture(name="lock")
    def lock_fixture(self, request: pytest.FixtureRequest, bench: Bench) -> Lock:
        """The lock of the station that this item is about."""
        mounted: Mounted = request.param
        return bench.station(mounted.station)

    # Collecting.

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.addinivalue_line(
            "markers",
            "case(id, boards, needs, nightly, own): the catalogue row it tests",
        )
        # Unregistered, not switched off: pytest's assertions ask for its options.
        if self._run.only and self._run.bench.shared:
            config.pluginmanager.register(SharedLoop(self))
        terminal = config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            config.pluginmanager.unregister(terminal)

    @pytest.hookimpl(tryfirst=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        mark = self._mark(metafunc.definition)
        if "lock" not in metafunc.fixturenames:
            return
        bench = self._run.bench
        stations = [each for each in self._stations if mark.applies_to(bench, each)]
        locks = [Mounted(each) for each in stations]
        locks += [
            Mounted(station, defect.name)
            for station in stations
            if not mark.missing(bench, station)
            for defect in self._controls.against(
                mark.row.id, metafunc.function.__name__, bench.facts(station)
            )
        ]
        metafunc.parametrize("lock", locks, ids=map(str, locks), indirect=True)

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """-k finds a scenario by its case, its station and its board, too."""
        mark = self._mark(item)
        mounted = mounted_in(item)
        item.extra_keyword_matches.add(mark.row.id)
        if mounted is not None:
            facts = self._run.bench.facts(mounted.station)
            item.extra_keyword_matches.add(facts["board"])
            if mounted.defect:
                self._controls.find(self._control(item))

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Claims in the catalogue's and the stations' order, then the controls."""
        chosen = [
            each for each in items if self._is_asked(each) and not applies_nowhere(each)
        ]
        if self._stations[:1] != self._run.bench.stations()[:1]:
            # What is about the whole bench is one station's share alone.
            chosen = [each for each in chosen if mounted_in(each) is not None]
        dropped = [each for each in items if each not in chosen]
        if dropped:
            config.hook.pytest_deselected(items=dropped)
        items[:] = sorted(chosen, key=self._place)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self._broken:
            self._broken.append(f"{report.nodeid}: {report.longreprtext}")

    def pytest_exception_interact(
        self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[Any]
    ) -> None:
        """One line for a file that cannot be collected, before its report comes."""
        if not isinstance(node, pytest.Collector) or call.excinfo is None:
            return
        error: BaseException = call.excinfo.value
        if isinstance(error, pytest.Collector.CollectError):
            error = error.__cause__ or error  # what importing the file raised
        text = str(error).partition("\n")[0]
        self._broken.append(f"{place(error, node.path)}: {text}")

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, None]:
        """All is collected and selected: the run starts, or is refused."""
        if self._broken:
            raise pytest.UsageError(self._broken[0])
        if not session.items and not self._run.only:
            raise pytest.UsageError("nothing to run: no scenario was selected")
        used = {station_of(each) for each in session.items}
        stations = [each for each in self._stations if each in used]
        if self._only_collect:
            night = night_count(len(stations)) if self._with_night else 0
            self.works = {
                self._work(each): self._nobodys(each) for each in session.items
            }
            self._display.start(len(self.works) + night)
            session.items.clear()
            yield
            return
        try:
            self._run.start()
        except ValueError as error:
            raise pytest.UsageError(str(error)) from None
        if self._with_night:
            self._night = Night(self._run, stations)
        night_results = list(self._night.begin()) if self._night else []
        # On a station that is not used nothing would be caught.
        session.items[:] = [each for each in session.items if not self._is_vain(each)]
        for item in session.items:
            mounted = mounted_in(item)
            if mounted is not None and mounted.defect:
                self._controls.plan(self._control(item))
        total = len(session.items) + len(self._controls.rows())
        self._display.start(total + (self._night.count if self._night else 0))
        for result in night_results:
            self._end(result)
        outcome = yield
        if self._night is not None and outcome.excinfo is None:
            for result in self._night.end():
                self._end(result)

    # Running.

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, None]:
        mounted = mounted_in(item)
        mark = self._mark(item)
        defect = mounted.defect if mounted else ""
        self._display.begin(mark.row.id, station_of(item), defect)
        self._case = Case(
            Notebook(
                bench=self._run.bench,
                seed=self._run.seed,
                workers=self._run.workers,
                blind=self._run.blind,
                defects=(defect,) if defect else (),
                journal=self._run.journal,
                case_id=mark.row.id,
                scenario=scenario_of(item),
                purpose="control" if defect else "case",
                known=self._known,
                progress=self._display.progress,
            )
        )
        outcome = yield
        # An interrupted case has no outcome.
        if outcome.excinfo is None:
            self._end(self._result(item, self._running()))
        self._running().notebook.close()
        self._case = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        mounted = mounted_in(item)
        if mounted is None:
            return
        found = self._quarantined.get(mounted.station)
        if found is not None:
            raise Inconclusive(f"quarantined: {found}")
        missing = self._mark(item).missing(self._run.bench, mounted.station)
        if missing:
            pytest.skip(f"station {mounted.station} has no {', '.join(missing)}")

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, Any, None]:
        outcome = yield
        case = self._running()
        case.wall_s += call.duration
        if call.excinfo is not None and case.judgement.outcome == PASSED:
            case.judgement = judge(call.excinfo.value, item.path)
        mounted = mounted_in(item)
        if mounted is not None and mounted.defect and call.when == "call":
            report: pytest.TestReport = outcome.get_result()
            is_caught = case.judgement.outcome == FAILED
            report.outcome = "passed" if is_caught else "failed"
            report.longrepr = "caught" if is_caught else "MISSED"

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._run.started and not self.interrupted:
            for defect, station in self._controls.rows():
                self._display.begin(defect.row, station, "")
                self._end(self._controls.judge(defect, station))
            self._run.finish()
        self._display.close()

    def pytest_keyboard_interrupt(self) -> None:
        self.interrupted = True

    # Helpers.

    @property
    def _quarantined(self) -> dict[str, str]:
        return self._night.quarantined if self._night is not None else {}

    def _is_vain(self, item: pytest.Item) -> bool:
        """A control on a station that is not used."""
        mounted = mounted_in(item)
        return bool(mounted and mounted.defect and mounted.station in self._quarantined)

    def _is_asked(self, item: pytest.Item) -> bool:
        """A bench may name the rows and scenarios of its night: what fits its time."""
        mark = self._mark(item)
        own = self._run.bench.nightly if self._tier == "nightly" else []
        if not own:
            return mark.is_in(self._tier)
        return mark.row.id in own or item.name.partition("[")[0] in own

    def _nobodys(self, item: pytest.Item) -> CaseResult:
        """What an item comes to that no station has run."""
        return CaseResult(
            case_id=self._mark(item).row.id,
            station=station_of(item),
            scenario=scenario_of(item),
            outcome=UNTOLD,
            reason="no station ran it: quarantined, or its process ended",
        )

    def _is_shared(self, item: pytest.Item) -> bool:
        """Any of the equal boards may run it. What somebody asked for by name is run
        where it was asked for."""
        named = bool(item.config.option.keyword)
        return self._run.bench.shared and bool(self._tier) and not named

    def _work(self, item: pytest.Item) -> str:
        """The same for an item on each of the boards that share it."""
        station = station_of(item)
        if station == WHOLE_BENCH or not self._is_shared(item):
            return work_on_station(scenario_of(item), station)
        return work_on_board(scenario_of(item), self._run.board_of(station))

    def is_mine(self, item: pytest.Item) -> bool:
        """Where boards share the work, the first that asks for an item has it; one that
        the doctor has refused asks for none."""
        if not self._is_shared(item):
            return True
        if station_of(item) in self._quarantined:
            return False
        return self._run.claim(self._work(item))

    def _running(self) -> Case:
        assert self._case is not None
        return self._case

    def _mark(self, item: pytest.Item) -> CaseMark:
        base = base_of(item)
        if base not in self._marks:
            try:
                self._marks[base] = CaseMark.of(item, self._catalogue)
            except ValueError as error:
                function = base.rpartition("::")[2]
                raise ValueError(f"{function}: {error}") from None
        return self._marks[base]

    def _place(self, item: pytest.Item) -> tuple[bool, int, int]:
        mounted = mounted_in(item)
        return (
            mounted is not None and bool(mounted.defect),
            self._mark(item).row.place,
            self._stations.index(mounted.station) if mounted else len(self._stations),
        )

    def _control(self, item: pytest.Item) -> Control:
        mounted = mounted_in(item)
        assert mounted is not None
        return Control(
            mounted.defect, mounted.station, self._mark(item).row.id, scenario_of(item)
        )

    def _result(self, item: pytest.Item, case: Case) -> CaseResult:
        mounted = mounted_in(item)
        defect = mounted.defect if mounted else ""
        judged = case.judgement
        outcome, reason, caught = judged.outcome, judged.reason, None
        if defect:
            caught = outcome == FAILED
            if outcome == PASSED:
                reason = f"a lock with {defect} passed"
            elif outcome == SKIPPED:
                # A control that was asked for and looked away is missed, not skipped.
                outcome, reason = ERROR, f"skipped: {reason}"
        last = case.notebook.trials[-1].id if case.notebook.trials else ""
        trial_id = judged.trial_id or last
        if caught if defect else outcome in (PASSED, SKIPPED):
            trial_id = ""
        return CaseResult(
            case_id=self._mark(item).row.id,
            station=station_of(item),
            scenario=scenario_of(item),
            outcome=outcome,
            purpose=case.notebook.purpose,
            defect=defect,
            caught=caught,
            reason=reason,
            measurements=tuple(case.notebook.measurements),
            wall_s=case.wall_s,
            simulated_s=case.notebook.simulated_s,
            trial_id=trial_id,
            again=command_for(item, self._run, trial_id),
        )

    def _end(self, result: CaseResult) -> None:
        assert self._run.journal is not None
        self._run.journal.add_case(result.record())
        self.results.append(result)
        if result.purpose == "control":
            self._controls.add(result)
        self._display.end(result)


class SharedLoop:
    """Where boards share the work, what is left to others is passed over."""

    def __init__(self, plugin: CasePlugin) -> None:
        self._plugin = plugin

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for item in session.items:
            if self._plugin.is_mine(item):
                # Nobody knows yet which item is the next: each is torn down whole.
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        return True

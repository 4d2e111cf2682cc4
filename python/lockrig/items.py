"""What the plugin needs to know of a pytest item: its station, its defect, its names."""

import shlex
from dataclasses import dataclass

import pytest

from lockrig.root import shown
from lockrig.run import Run

# A scenario without the fixture `lock` is about the whole bench.
WHOLE_BENCH = "bench"


@dataclass(frozen=True)
class Mounted:
    """What the fixture `lock` stands for in one item; `defect` makes it a control."""

    station: str
    defect: str = ""

    def __str__(self) -> str:
        return f"{self.station}-defect:{self.defect}" if self.defect else self.station


def mounted_in(item: pytest.Item) -> Mounted | None:
    callspec = getattr(item, "callspec", None)
    mounted = callspec.params.get("lock") if callspec is not None else None
    return mounted if isinstance(mounted, Mounted) else None


def applies_nowhere(item: pytest.Item) -> bool:
    """The item that pytest makes where a scenario applies to no station."""
    return "lock" in getattr(item, "fixturenames", ()) and mounted_in(item) is None


def station_of(item: pytest.Item) -> str:
    mounted = mounted_in(item)
    return mounted.station if mounted else WHOLE_BENCH


def base_of(item: pytest.Item) -> str:
    """The node id without parameters. pytest's own leaves out a file that is not below
    its root folder."""
    inside = item.nodeid.partition("::")[2].partition("[")[0]
    return f"{shown(item.path)}::{inside}"


def scenario_of(item: pytest.Item) -> str:
    """The node id without station and defect, which stand beside it."""
    parameters = item.nodeid.partition("[")[2].removesuffix("]")
    mounted = mounted_in(item)
    if mounted is not None:
        parameters = parameters.removeprefix(str(mounted)).removeprefix("-")
    return base_of(item) + (f"[{parameters}]" if parameters else "")


def work_on_station(scenario: str, station: str) -> str:
    """What an item asks for: a scenario on that station..."""
    return f"{scenario} on {station}"


def work_on_board(scenario: str, board: str) -> str:
    """... or, where equal boards share the work, on any board of that kind."""
    return f"{scenario} on a {board}"


def command_for(item: pytest.Item, run: Run, trial_id: str) -> str:
    """The command that shows it again: a trial, or without one the scenario."""
    if trial_id:
        command = ["replay", trial_id, "--out", shown(run.out)]
    else:
        function = item.name.partition("[")[0]
        mounted = mounted_in(item)
        expression = f"{function} and {mounted.station}" if mounted else function
        command = ["run", shown(item.path), "-k", expression, "--seed", str(run.seed)]
        if mounted is not None and mounted.defect:
            command += ["--controls"]
    return shlex.join(["./lockrig", *command])

"""A station's USB cable comes out in the middle of a trial, on the emulated bus: the
trial is inconclusive and says which device is gone, the other station goes on, and with
the cable back in the next trial runs."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rehearsed import Rehearsal, bench_text, line_from, rehearsing, until_while

TRIAL_S = 60.0  # for a trial, or to come as far in it as it shall
NOTICE_S = 15.0  # from the pull to the trial's record

# Runs a trial for every line of its input.
SCRIPT = """
import json, sys
from lockrig import _core

bench, station = _core.Bench(sys.argv[1]), sys.argv[2]
spec = {
    "station": station,
    "board": "6000i-A",
    "stimulus": "push",
    "image": "6000i-A/2.4.0",
    "cuts": [{"trigger": "bytes", "at": 4096}],
    "blind": ["refuses_defaults", "updates"],
}
bench.session(station, seed=1, defects=[])  # makes the baseline
print("ready", flush=True)
for seed, line in enumerate(sys.stdin):
    print(bench.run_trial(json.dumps({**spec, "seed": seed}))[0], flush=True)
"""


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    folder = tmp_path_factory.mktemp("unplug")
    with rehearsing(folder, bench_text(2, "rehearsal")) as made:
        (folder / "script.py").write_text(SCRIPT)
        yield made


def begin_trial(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("trial\n")
    process.stdin.flush()


def record_of(process: "subprocess.Popen[str]", limit_s: float) -> dict[str, Any]:
    return dict(json.loads(line_from(process, limit_s)))


def moments(rehearsed: Rehearsal) -> dict[str, list[Callable[[], bool]]]:
    """What is to be seen, one after the other, until the cable comes out. Each trial gets
    further than the one before it: so each shows that the next trial runs."""

    def powered() -> bool:
        return rehearsed.has_power("S1")

    def uploading() -> bool:
        return rehearsed.slot_writes("S1") >= 6

    def off() -> bool:
        return not powered()

    return {
        "before power on": [],
        "during the boot": [powered],
        "during the upload": [powered, uploading],
        "during the off time of the cut": [powered, uploading, off],
        "during the judging": [powered, uploading, off, powered],
    }


def test_the_cable_comes_out_at_five_steps(rehearsed: Rehearsal) -> None:
    script = rehearsed.folder / "script.py"
    pulled, other = (rehearsed.start(script, rehearsed.bench, s) for s in ("S1", "S2"))
    for process in (pulled, other):
        assert line_from(process, TRIAL_S) == "ready"
    begin_trial(other)
    others: list[dict[str, Any]] = []

    for moment, seen in moments(rehearsed).items():
        if not seen:
            rehearsed.control("unplug", "S1", "usb")
        begin_trial(pulled)
        for condition in seen:
            until_while(pulled, condition, TRIAL_S, moment)
        rehearsed.control("unplug", "S1", "usb")
        record = record_of(pulled, NOTICE_S)
        assert record["verdict"] == "inconclusive", (moment, record)
        assert re.match(r"station S1, (gpio|console)\b.*: ", record["note"]), (
            moment,
            record,
        )
        rehearsed.control("replug", "S1", "usb")

    begin_trial(pulled)
    record = record_of(pulled, TRIAL_S)
    assert record["verdict"] == "recovered", record
    assert record["cuts"][0]["proven"]
    assert record_of(other, TRIAL_S)["verdict"] == "recovered"

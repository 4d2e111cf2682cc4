"""The smallest trial that still fails: fewest cuts, simplest fraction, shortest image.

Every candidate is a spec that is run, or a sweep of specs in the order in which they
would be cut; nothing is assumed to fail because something like it did.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lockrig import _core
from lockrig.notebook import Notebook
from lockrig.root import shown
from lockrig.sweep_plan import SweepPlan
from lockrig.trial import RECOVERED, Trial

# KiB of the whole file; a sector of 4 KiB is the least that a swap moves.
SIZES = (4, 8, 16, 32)
# Between operations first, then torn in the middle, then what most sweeps use.
FRACTIONS = (0.0, 0.5, 0.3, 0.7)
# Seconds to which a moment is rounded, coarsest first.
ROUNDING = (1.0, 0.1, 0.01, 0.001)


@dataclass(frozen=True)
class Reproducer:
    """`trial` fails as the first did. `script` is five lines of Python that fail with
    it."""

    trial: Trial
    script: str


def shrink(notebook: Notebook, trial: Trial) -> Reproducer:
    """Nothing is journalled. On a twin alone: elsewhere a trial costs a lock's time."""
    return _Shrinker(notebook, trial).run()


class _Shrinker:
    def __init__(self, notebook: Notebook, trial: Trial) -> None:
        self._bench = notebook.bench
        self._first = trial

    def run(self) -> Reproducer:
        best = self._first
        if self._bench.kind == "virtual":
            best = self._first_failing([{**best.spec, "repeat": 0}]) or best
            best = self._fewest_cuts(best)
            cuts = best.spec["cuts"]
            if len(cuts) == 1 and cuts[0]["trigger"] == "flash_op":
                best = self._simplest_operation(best)
            else:
                best = self._simplest_moments(best)
        return Reproducer(best, script(self._bench, best))

    def _fewest_cuts(self, trial: Trial) -> Trial:
        """One cut is left out after the other, as long as it still fails."""
        while trial.spec["cuts"]:
            cuts = trial.spec["cuts"]
            shorter = (cuts[:i] + cuts[i + 1 :] for i in range(len(cuts)))
            specs = ({**trial.spec, "cuts": each} for each in shorter)
            found = self._first_failing(filter(_makes_sense, specs))
            if found is None:
                break
            trial = found
        return trial

    def _simplest_operation(self, trial: Trial) -> Trial:
        """The first operation in which such a cut, in an image as short, fails so."""
        own = trial.spec["cuts"][0]["fraction"]
        kind = trial.operation.partition(" ")[0]
        for fraction in dict.fromkeys((*FRACTIONS, own)):
            for image in _images(trial.spec["image"]):
                plan = SweepPlan(
                    phases=(trial.phase,) if trial.phase else (),
                    kinds=(kind,) if kind else (),
                    tear=(fraction,),
                    stop_at_first=True,
                )
                spec = {**trial.spec, "image": image, "cuts": []}
                if not self._recovers(spec):
                    continue  # uncut, it does not do what it should
                made = self._bench.sweep(
                    json.dumps(spec), plan.to_core(), 1, None, "", "case", None
                )
                same = [
                    each
                    for each in made["bad"]
                    if each["verdict"] == self._first.verdict
                ]
                for each in sorted(same, key=_operation):
                    found = self._first_failing([each["spec"]])  # whole, too
                    if found is not None:
                        return found
        return trial

    def _simplest_moments(self, trial: Trial) -> Trial:
        """Delays in round seconds."""
        for i, cut in enumerate(trial.spec["cuts"]):
            for step in ROUNDING:
                rounded = round(cut["delay_ns"] / 1e9 / step) * step
                cuts = list(trial.spec["cuts"])
                cuts[i] = {**cut, "delay_ns": round(rounded * 1e9)}
                found = self._first_failing([{**trial.spec, "cuts": cuts}])
                if found is not None:
                    trial = found
                    break
        return trial

    def _recovers(self, spec: dict[str, Any]) -> bool:
        record = json.loads(self._bench.run_trial(json.dumps(spec))[0])
        return bool(record["verdict"] == RECOVERED)

    def _first_failing(self, specs: Iterable[dict[str, Any]]) -> Trial | None:
        for spec in specs:
            record = json.loads(self._bench.run_trial(json.dumps(spec))[0])
            if record["verdict"] == self._first.verdict:
                place = {"phase": self._first.phase, "operation": self._first.operation}
                return Trial({**record, **place}, (record["verdict"],))
        return None


def _operation(record: dict[str, Any]) -> int:
    return int(record["spec"]["cuts"][0]["at"])


def _makes_sense(spec: dict[str, Any]) -> bool:
    """The first cut is not one that follows another."""
    return not spec["cuts"] or spec["cuts"][0]["event"] != "power_on"


def _images(name: str) -> Iterator[str]:
    """Shorter ones first; the image itself last."""
    if name and "?" not in name and not name.startswith("file:"):
        for size in SIZES:
            yield f"{name}?kib={size}"
    yield name


def script(bench: _core.Bench, trial: Trial) -> str:
    """Five lines that fail with the trial; run in the checkout."""
    spec = trial.spec
    arguments = [repr(shown(Path(bench.path))), f"seed={spec['seed']}"]
    if spec["defects"]:
        arguments.append(f"defects={spec['defects']!r}")
    trial_arguments = [repr(spec["stimulus"])]
    if spec["image"]:
        trial_arguments += [f"image={spec['image']!r}", f"via={spec['path']!r}"]
    if spec["portal_down_ns"]:
        trial_arguments.append(f"portal_down={spec['portal_down_ns'] / 1e9!r}")
    if spec["unplugged"]:
        trial_arguments.append(f"unplugged={spec['unplugged']!r}")
    if spec.get("repeat"):
        trial_arguments.append(f"repeat={spec['repeat']}")
    trial_arguments.append(f"cuts=[{', '.join(map(_cut, spec['cuts']))}]")
    return (
        "import lockrig\n"
        f"with lockrig.open({', '.join(arguments)}) as bench:\n"
        f"    lock = bench.station({spec['station']!r})\n"
        f"    trial = lock.trial({', '.join(trial_arguments)})\n"
        f"    trial.expect()  # {trial.verdict}: {', '.join(trial.lost)}\n"
    )


def _cut(cut: dict[str, Any]) -> str:
    """As a person would write it."""
    made = {
        "trigger": cut["trigger"],
        "at": cut["at"],
        "fraction": cut["fraction"],
        "event": cut["event"],
        "delay": cut["delay_ns"] / 1e9,
        "off": cut["off_ns"] / 1e9,
        "style": cut["style"],
        "bounces": cut.get("bounces", 0),
        "bounce": cut.get("bounce_ns", 0) / 1e9,
    }
    default = {
        "at": 0,
        "fraction": 0.0,
        "event": "",
        "delay": 0.0,
        "off": 2.0,
        "style": "hard",
        "bounces": 0,
        "bounce": 0.0,
    }
    kept = [
        f"{key}={value!r}" for key, value in made.items() if default.get(key) != value
    ]
    return f"lockrig.Cut({', '.join(kept)})"

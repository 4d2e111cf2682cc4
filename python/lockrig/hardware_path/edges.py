"""Pattern to edge: from a console's last byte to the pin that it moves."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any

from lockrig.hardware_path.emulated_bus import Bus
from lockrig.hardware_path.plan import Plan
from lockrig.hardware_path.reactors import NAMES, SERIALS, Reactor, labgrid_is_there

BATCH = 50  # so many of one, then of the next: a busy machine meets all alike


def edges(plan: Plan, draw: random.Random) -> list[dict[str, Any]]:
    """One entry for each number of consoles, idle and with all cores busy."""
    who = ["ours", "bare"]
    if labgrid_is_there():
        who.append("labgrid")
    else:
        print("labgrid: python3-labgrid is not installed, no comparison")
    print("\npattern on a console -> GPIO edge, in us (one emulated clock for all)")
    entries = []
    for consoles in plan.consoles:
        with ExitStack() as stack:
            bus = stack.enter_context(Bus(consoles, SERIALS.values()))
            # labgrid's expect() blocks, and its record of steps is not for threads:
            # it fails an assertion with eight.
            if consoles > 1:
                who = ["ours", "bare"]
            reactors = {name: stack.enter_context(Reactor(bus, name)) for name in who}
            for busy in (False, True):
                count = plan.reactions
                if busy or consoles > 1:
                    count = plan.fewer_reactions
                with busy_cores() if busy else nullcontext():
                    entry = compare(bus, reactors, count, draw)
                load = "all cores busy" if busy else "idle"
                entry = {"consoles": consoles, "busy": busy} | entry
                entries.append(entry)
                show_edges(f"{consoles} consoles, {load}", entry, who)
    return entries


def compare(
    bus: Bus, reactors: dict[str, Reactor], count: int, draw: random.Random
) -> dict[str, Any]:
    """The same provocations for each, batch by batch."""
    taken: dict[str, list[float]] = {name: [] for name in reactors}
    order = list(reactors)
    for _ in range(-(-count // BATCH)):
        batch_seed = draw.randrange(2**32)
        for name in order:
            taken[name] += reactors[name].react(bus, BATCH, batch_seed)
        order = order[1:] + order[:1]
    return {name: distribution(all_of_it) for name, all_of_it in taken.items()}


def distribution(reactions: Sequence[float]) -> dict[str, float]:
    """Percentiles by nearest rank; those that never came count apart."""
    came = sorted(each for each in reactions if each >= 0)
    if not came:
        raise ValueError("nobody reacted: the emulated chip saw no edge")

    def rank(share: float) -> float:
        return came[min(len(came) - 1, int(len(came) * share))]

    return {
        "count": len(came),
        "missed": len(reactions) - len(came),
        "p50_us": rank(0.5),
        "p99_us": rank(0.99),
        "p99_9_us": rank(0.999),
        "max_us": came[-1],
    }


def show_edges(title: str, entry: dict[str, Any], who: Sequence[str]) -> None:
    """A line for each."""
    print(f"  {title}:")
    for name in who:
        it = entry[name]
        over = f"  missed {it['missed']}" if it["missed"] else ""
        print(
            f"    {NAMES[name]:<10} p50 {it['p50_us']:7.0f}  p99 {it['p99_us']:7.0f}"
            f"  p99.9 {it['p99_9_us']:7.0f}  max {it['max_us']:7.0f}"
            f"  of {it['count']}{over}"
        )
    sys.stdout.flush()


@contextmanager
def busy_cores() -> Iterator[None]:
    """As many processes that never rest as there are cores."""
    spin = [sys.executable, "-c", "while True: pass"]
    spinning = [subprocess.Popen(spin) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for each in spinning:
            each.kill()
            each.wait()

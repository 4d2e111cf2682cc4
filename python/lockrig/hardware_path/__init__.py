"""The hardware path, measured: ./lockrig benchmark --hardware-path.

The other end of every measurement is lockrig_rehearsal, a process of its own: an
emulated FT2232H behind the real libftdi1, PTYs behind the real libserialport. Whoever
reacts, the moments between which it is timed are taken there, on one clock.
"""

import os
import platform
import random
from pathlib import Path
from typing import Any

from lockrig.hardware_path.console_log import console_log
from lockrig.hardware_path.edges import edges
from lockrig.hardware_path.off_time import off_times
from lockrig.hardware_path.plan import FULL, QUICK, Plan
from lockrig.hardware_path.processes import rehearsal
from lockrig.hardware_path.upload import uploads

__all__ = ["FULL", "QUICK", "RATIOS", "Plan", "measure", "ratios"]

# What the targets are about.
RATIOS = (
    "edge_p99_over_bare",
    "edge_p99_over_labgrid",
    "upload_line_share_115200",
    "upload_line_share_1m",
    "log_read_cost_growth",
)


def measure(plan: Plan, seed: int) -> dict[str, Any]:
    """All figures, and what they were measured on. Prints them as they come."""
    rehearsal()
    figures: dict[str, Any] = {"host": host(), "seed": seed}
    print(f"host: {figures['host']}; seed {seed}")
    draw = random.Random(seed)
    figures["edge"] = edges(plan, draw)
    figures["off_time"] = off_times(plan)
    figures["log"] = console_log(plan)
    figures["upload"] = uploads(plan)
    return ratios(figures) | figures


def ratios(figures: dict[str, Any]) -> dict[str, float | None]:
    """Those of RATIOS."""
    (first,) = (
        each for each in figures["edge"] if each["consoles"] == 1 and not each["busy"]
    )
    ours = first["ours"]["p99_us"]
    labgrid = first.get("labgrid")
    shares = {
        each["baud"]: each["windowed"]["line_share"] for each in figures["upload"]
    }
    return {
        "edge_p99_over_bare": round(ours / first["bare"]["p99_us"], 3),
        "edge_p99_over_labgrid": (
            None if labgrid is None else round(ours / labgrid["p99_us"], 3)
        ),
        "upload_line_share_115200": round(shares[115200], 4),
        "upload_line_share_1m": round(shares[1_000_000], 4),
        "log_read_cost_growth": round(figures["log"]["growth_median"], 3),
    }


def host() -> str:
    """The machine, its system, and how busy it is before we begin."""
    cpu = platform.machine()
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            cpu = line.split(":", 1)[1].strip()
            break
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} x {cpu}, {platform.system()} {platform.release()},"
        f" load {load:.2f} before"
    )

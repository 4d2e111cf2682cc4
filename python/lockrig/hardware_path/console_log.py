"""A long log: what a read of it costs at its end, over what it cost at its start."""

import statistics
from typing import Any

from lockrig.hardware_path.plan import Plan
from lockrig.hardware_path.processes import client, output_of, tty_preload

RUNS = 5


def console_log(plan: Plan) -> dict[str, Any]:
    """A console that talks for long and never says the word, several times. Growth is
    counted over a console that has heard nothing yet and is read in turn with it: what
    else the machine does moves the cost of both."""
    command = [*client("read-log"), str(plan.log_mib)]
    print(
        f"\na log of {plan.log_mib} MiB without a match: processor time a read at its"
        " start and end (medians of 5 %), and of a console that is new at that moment"
    )
    runs = []
    for _ in range(RUNS):
        said = output_of(command, tty_preload())
        runs.append(said)
        print(
            f"  {said['reads']} reads, {said['read_us_start']:.2f} -> "
            f"{said['read_us_end']:.2f} us, new {said['fresh_read_us_start']:.2f} -> "
            f"{said['fresh_read_us_end']:.2f} us: growth {said['growth']:.3f}"
            f" ({said['read_bytes_start']:.0f} and {said['read_bytes_end']:.0f} bytes);"
            f" {said['mib_per_s']:.1f} MiB/s, memory {said['rss_growth_kib']:+} KiB,"
            f" {said['bytes_lost']} bytes lost, {said['reads_damaged']} reads damaged"
        )
    return {
        "runs": runs,
        "growth_median": statistics.median(run["growth"] for run in runs),
        "bytes_lost": sum(run["bytes_lost"] for run in runs),
    }

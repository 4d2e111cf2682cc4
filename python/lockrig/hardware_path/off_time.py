"""Off time: how long the power is off when so many milliseconds are asked for."""

import subprocess
from typing import Any

from lockrig.hardware_path.emulated_bus import POWER, RAIL, Bus
from lockrig.hardware_path.plan import Plan
from lockrig.hardware_path.processes import client
from lockrig.hardware_path.reactors import SERIALS


def off_times(plan: Plan) -> dict[str, Any]:
    """Asked and achieved, off by the chip's clock and off by the host's."""
    print(
        "\npower off, asked -> achieved in ms, as the emulated pin sees it (chip-timed:"
        " by the emulated crystal, which is exact)"
    )
    serial = SERIALS["ours"]
    with Bus(1, [serial]) as bus:
        bus.ask("follow", serial, POWER, RAIL)
        asked = [str(each) for each in plan.off_ms]
        command = [*client("interrupt-power"), serial, *asked]
        subprocess.run(command, env=bus.environment, check=True)
        changes = [each.split(",") for each in bus.ask("edges", serial, POWER).split()]
    # On; off, on by the chip; off, on by the host; ...; what closes the chip ends it.
    levels = [level for level, _, _ in changes]
    offs = [
        (float(on[1]) - float(off[1]), float(on[2]) - float(off[2]))
        for off, on in zip(changes[1:], changes[2:], strict=False)
        if off[0] == "0" and on[0] == "1"
    ]
    if len(offs) != 2 * len(plan.off_ms):
        raise ValueError(f"off_time: the emulated pin saw {''.join(levels)}")
    entries = []
    for ms, by_chip, by_host in zip(plan.off_ms, offs[0::2], offs[1::2], strict=True):
        entry = {
            "asked_ms": ms,
            # By the emulated crystal; the emulator itself moves the pin late by what
            # the machine is busy, which is the second figure.
            "chip_timed_ms": round(by_chip[1] / 1000, 4),
            "chip_timed_by_host_clock_ms": round(by_chip[0] / 1000, 4),
            "host_timed_ms": round(by_host[0] / 1000, 4),
        }
        entries.append(entry)
        print(
            f"  {ms:5} -> chip-timed {entry['chip_timed_ms']:9.3f}"
            f" (moved by the emulator {entry['chip_timed_by_host_clock_ms']:9.3f}),"
            f" host-timed {entry['host_timed_ms']:9.3f}"
        )

    def worst(key: str) -> float:
        return max(abs(each[key] - each["asked_ms"]) for each in entries)

    result = {
        "entries": entries,
        "worst_error_chip_timed_ms": worst("chip_timed_ms"),
        "worst_error_host_timed_ms": worst("host_timed_ms"),
    }
    print(
        f"  worst error: chip-timed {result['worst_error_chip_timed_ms']:.3f} ms,"
        f" host-timed {result['worst_error_host_timed_ms']:.3f} ms"
    )
    return result

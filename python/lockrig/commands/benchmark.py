"""./lockrig benchmark"""

import json
import random
import subprocess
from pathlib import Path

import click

from lockrig import hardware_path as path
from lockrig.root import BUILD

BINARY = BUILD / "tests" / "benchmark" / "lockrig_benchmark"


@click.command()
@click.option(
    "--json",
    "json_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the numbers there: trials_per_s_per_core, trials_per_s_two_threads,"
    " threads_over_processes and the same of forked ones; with --cuts those of many"
    " cuts; with --hardware-path edge_p99_over_bare,"
    " edge_p99_over_labgrid, upload_line_share_115200, upload_line_share_1m,"
    " log_read_cost_growth and all that they come from.",
)
@click.option(
    "--hardware-path",
    is_flag=True,
    help="Measure reactions, off times, a long log and uploads over the real"
    " libserialport and libftdi1, against a bare loop and labgrid: 5 minutes.",
)
@click.option(
    "--cuts",
    metavar="N",
    type=click.IntRange(min=10),
    help="Measure so many independent cuts on two threads, journalled: how long they"
    " take, and the memory after a tenth of them and at the end. A million take some"
    " ten minutes.",
)
@click.option(
    "--quick", is_flag=True, help="With --hardware-path: less of it, in a minute."
)
@click.option(
    "--seed",
    metavar="N",
    type=click.IntRange(min=0),
    help="With --hardware-path: of the pauses and the consoles' order.",
)
def benchmark(
    json_file: Path | None,
    hardware_path: bool,
    cuts: int | None,
    quick: bool,
    seed: int | None,
) -> int:
    """Measure trials a second, whole and forked, on one core and on two.

    Also what two threads do beside two processes.

    \b
    Examples:
      ./lockrig benchmark --json /tmp/benchmark.json
      ./lockrig benchmark --cuts 1000000
      ./lockrig benchmark --hardware-path --quick
    """
    if not hardware_path and (quick or seed is not None):
        raise ValueError("--quick and --seed are for --hardware-path")
    if hardware_path and cuts is not None:
        raise ValueError("--cuts and --hardware-path are two measurements: give one")
    if json_file is not None and not json_file.absolute().parent.is_dir():
        raise ValueError(f"--json {json_file}: there is no such folder")
    if hardware_path:
        return measure_hardware_path(json_file, quick, seed)
    if not BINARY.is_file():
        raise ValueError(f"{BINARY} is not built; ./lockrig benchmark builds it")
    command = [str(BINARY)]
    if json_file is not None:
        command += ["--json", str(json_file)]
    if cuts is not None:
        command += ["--cuts", str(cuts)]
    return subprocess.run(command).returncode


def measure_hardware_path(json_file: Path | None, quick: bool, seed: int | None) -> int:
    """Prints the figures, and writes them where asked for."""
    if seed is None:
        seed = random.SystemRandom().randrange(2**32)
    figures = path.measure(path.QUICK if quick else path.FULL, seed)
    print()
    for key in path.RATIOS:
        print(f"{key}: {figures[key]}")
    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    return 0

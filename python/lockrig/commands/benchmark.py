"""./lockrig benchmark"""

import subprocess
from pathlib import Path

import click

from lockrig.root import BUILD

BINARY = BUILD / "tests" / "benchmark" / "lockrig_benchmark"


@click.command()
@click.option(
    "--json",
    "json_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the numbers there: trials_per_s_per_core and"
    " forked_trials_per_s_per_core.",
)
def benchmark(json_file: Path | None) -> int:
    """Measure whole trials a second and core, unforked and forked.

    \b
    Example:
      ./lockrig benchmark --json /tmp/benchmark.json
    """
    if not BINARY.is_file():
        raise ValueError(f"{BINARY} is not built; ./lockrig benchmark builds it")
    command = [str(BINARY)]
    if json_file is not None:
        if not json_file.absolute().parent.is_dir():
            raise ValueError(f"--json {json_file}: there is no such folder")
        command += ["--json", str(json_file)]
    return subprocess.run(command).returncode

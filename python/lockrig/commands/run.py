"""./lockrig run"""

from pathlib import Path

import click

from lockrig.catalogue import Catalogue
from lockrig.commands.options import scenario_options


@click.command()
@click.argument(
    "paths",
    metavar="PATH...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
)
@scenario_options
@click.option(
    "--tier",
    metavar="TIER",
    default="",
    help="Only cases of this tier of the catalogue: nightly or certification.",
)
@click.option(
    "--controls/--no-controls",
    default=False,
    help="Also run the known-bad locks that these cases must fail. Default: not.",
)
def run(
    paths: tuple[Path, ...],
    bench: Path,
    seed: int | None,
    out: Path | None,
    workers: int | None,
    expression: str,
    blind: tuple[str, ...],
    tier: str,
    controls: bool,
) -> int:
    """Run scenarios: files, folders, or one of a file (FILE::test_name).

    Writes the same report as nightly, and ends with the same exit status.

    \b
    Examples:
      ./lockrig run scenarios -k "ID-01 and A1"
      ./lockrig run scenarios/test_power_cuts.py --bench my-lab.toml --controls
    """
    from lockrig.commands.execute import execute, prepare

    tiers = Catalogue().tiers()
    if tier and tier not in tiers:
        raise ValueError(f"--tier {tier}: there are {' and '.join(tiers)}")
    made = prepare(bench, seed, out, workers, blind)
    return execute(made, paths, expression, tier=tier, controls=controls)

"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from lockrig._core import QUESTIONS
from lockrig.root import DEFAULT_BENCH, shown

Command = TypeVar("Command", bound=Callable[..., Any])

LARGEST_SEED = 2**64 - 1


def bench_option(command: Command, default: Path = DEFAULT_BENCH) -> Command:
    return click.option(
        "--bench",
        metavar="FILE",
        type=click.Path(path_type=Path),
        default=default,
        help=f"The bench file. Default: {shown(default)}.",
    )(command)


def run_options(command: Command) -> Command:
    """--bench --seed --out --workers: of every command that makes a journal."""
    for option in (
        click.option(
            "--workers",
            metavar="N",
            type=click.IntRange(min=1),
            help="Trials that run at once. Default: one a processor. What is found does"
            " not depend on it.",
        ),
        click.option(
            "--out",
            metavar="DIR",
            type=click.Path(path_type=Path),
            help="Where the report goes: a new or an empty folder. Default:"
            " reports/out/<UTC date and time>-<seed>.",
        ),
        click.option(
            "--seed",
            metavar="N",
            type=click.IntRange(0, LARGEST_SEED),
            help="Repeats a run exactly. Default: a new one, which is printed.",
        ),
    ):
        command = option(command)
    return bench_option(command)


def scenario_options(command: Command) -> Command:
    """-k and --blind, and run_options."""
    for option in (
        click.option(
            "--blind",
            metavar="QUESTION",
            multiple=True,
            type=click.Choice(QUESTIONS),
            help="The oracle is not asked this question in any trial, to show that the"
            f" controls notice. One of: {', '.join(QUESTIONS)}.",
        ),
        click.option(
            "-k",
            "expression",
            metavar="EXPR",
            default="",
            help="Only what matches, as pytest's -k: words from a scenario's name, its"
            ' case, station or board, with and, or, not: "PWR and not B1".',
        ),
    ):
        command = option(command)
    return run_options(command)

"""Where the checkout lies that this package is part of."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures"
SCENARIOS = ROOT / "scenarios"
BUILD = ROOT / "build"
OUT = ROOT / "reports" / "out"
DEFAULT_BENCH = FIXTURES / "benches" / "virtual.toml"
PROVE_BENCH = FIXTURES / "benches" / "prove.toml"
REHEARSAL_BENCH = FIXTURES / "benches" / "rehearsal.toml"


def shown(path: Path) -> str:
    """The path as a reader of a report can use it: counted from the checkout, if it is
    in there."""
    absolute = path.absolute()
    if absolute.is_relative_to(ROOT):
        return str(absolute.relative_to(ROOT))
    return str(absolute)


def found(text: str) -> Path:
    """The inverse of shown()."""
    return ROOT / text

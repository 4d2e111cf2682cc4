"""Each layer includes only what stands below it, and virtual and real meet at three
seams only: the list of the design, held against the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# What each layer may include, besides itself.
BELOW = {
    "core": set(),
    "protocol": {"core"},
    "twin": {"core", "protocol"},
    "io": {"core", "protocol"},
    "program": {"core", "protocol", "twin", "io"},
    "station": {"core", "protocol"},
    "portal": {"core", "protocol"},
    "lock": {"core", "protocol", "station", "portal"},
    "trial": {"core", "protocol", "station", "portal", "lock"},
    "journal": {"core", "protocol", "trial"},
    "bench": {
        "core",
        "protocol",
        "station",
        "portal",
        "lock",
        "trial",
        "twin",
        "io",
        "program",
    },
    "guard": {"core", "protocol", "io"},
    "rehearsal": {"core", "protocol", "twin", "io", "bench"},
}

INCLUDE = re.compile(r'#include "rig/(\w+)/')

# How long a layer's own headers may take to compile is the other half of the seams:
# Beast and Asio's implementation stay in single files.
ALONE = {
    "boost/beast": {"rig/protocol/http.cpp"},
    "boost/asio/impl/src.hpp": {"rig/core/asio.cpp"},
    "toml++": {"rig/bench/toml_file.cpp"},
}


def sources() -> list[Path]:
    return sorted(p for p in (ROOT / "rig").rglob("*") if p.suffix in {".cpp", ".hpp"})


def violations(layer: str, text: str) -> list[str]:
    allowed = BELOW[layer] | {layer}
    return [found for found in INCLUDE.findall(text) if found not in allowed]


def test_every_layer_is_listed() -> None:
    there = {
        p.name for p in (ROOT / "rig").iterdir() if p.is_dir() and any(p.iterdir())
    }
    assert there <= set(BELOW)


@pytest.mark.parametrize("source", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_includes_only_what_stands_below(source: Path) -> None:
    layer = source.relative_to(ROOT / "rig").parts[0]
    assert violations(layer, source.read_text(encoding="utf-8")) == []


def test_a_twin_that_includes_a_station_would_be_found() -> None:
    assert violations("twin", '#include "rig/station/gpio.hpp"\n') == ["station"]


@pytest.mark.parametrize("header", ALONE)
def test_costly_headers_stay_where_they_are(header: str) -> None:
    users = {
        str(p.relative_to(ROOT))
        for p in sources()
        if f"#include <{header}" in p.read_text(encoding="utf-8")
    }
    assert users <= ALONE[header]


def test_time_comes_from_the_clock_alone() -> None:
    users = {
        str(p.relative_to(ROOT))
        for p in sources()
        if re.search(
            r"steady_clock|system_clock|this_thread",
            p.read_text("utf-8"),
        )
    }
    assert users <= {"rig/core/world.cpp"}

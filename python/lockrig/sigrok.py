"""A sigrok capture of a station's power switch and rail: how one follows the other."""

import configparser
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

# The longest a rail may take to follow its switch (Power::kFallLimit).
FOLLOWS_WITHIN_S = 5.0


@dataclass(frozen=True)
class Switching:
    """How long the rail took to follow its switch, at each edge; seconds."""

    rises: tuple[float, ...]
    falls_hard: tuple[float, ...]
    falls_pull: tuple[float, ...]
    sample_s: float

    def values(self) -> dict[str, Any]:
        """What a station's calibration says: medians, limits and counts."""
        values: dict[str, Any] = {}
        for name, times in (
            ("rise", self.rises),
            ("fall_hard", self.falls_hard),
            ("fall_pull", self.falls_pull),
        ):
            if times:
                values[f"{name}_ms"] = _round(float(np.median(times)) * 1e3)
                values[f"{name}_min_ms"] = _round(min(times) * 1e3)
                values[f"{name}_max_ms"] = _round(max(times) * 1e3)
                values[f"{name}_count"] = len(times)
        values["uncertainty_us"] = _round(self.uncertainty_s * 1e6)
        return values

    @property
    def uncertainty_s(self) -> float:
        """One period of the samples, combined with the worst scatter about a mean."""
        scatter = max(
            float(np.std(times))
            for times in (self.rises, self.falls_hard, self.falls_pull)
            if times
        )
        return math.hypot(self.sample_s, scatter)


def measure_capture(
    capture: Path, *, switch: str, rail: str, discharge: str = "", style: str = "hard"
) -> Switching:
    """Reads a sigrok session file (.sr), with the named channels active high.

    An off edge during which `discharge` is or soon goes active is a hard one; without
    that channel all are of `style`. ValueError, one line, for a file that is no capture,
    lacks a channel, or in which the rail does not follow its switch.
    """
    samples, rate, bits = _read(capture)
    for name in filter(None, (switch, rail, discharge)):
        if name not in bits:
            raise ValueError(
                f"{capture}: no channel {name}; there are: {', '.join(bits)}"
            )
    if len({switch, rail, discharge} - {""}) < 2 + bool(discharge):
        raise ValueError(f"{capture}: one channel is named twice")
    edges = _edges(samples, bits[switch])
    rail_edges = _by_level(_edges(samples, bits[rail]))
    if not edges:
        raise ValueError(f"{capture}: channel {switch} never changes")
    bleeds = _bit(samples, bits[discharge]) if discharge else None
    rises: list[float] = []
    falls: dict[str, list[float]] = {"hard": [], "pull": []}
    ends = [at for at, _ in edges[1:]] + [len(samples)]
    for (at, is_on), end in zip(edges, ends, strict=True):
        limit = min(end, at + round(FOLLOWS_WITHIN_S * rate))
        followed = rail_edges[is_on]
        place = int(np.searchsorted(followed, at))
        if place == len(followed) or followed[place] >= limit:
            what = "on" if is_on else "off"
            raise ValueError(
                f"{capture}: {rail} does not follow {switch} going {what}"
                f" at {at / rate:.6f} s"
            )
        crossed = int(followed[place])
        took = (crossed - at) / rate
        if is_on:
            rises.append(took)
        elif bleeds is not None:
            is_hard = bool(bleeds[at : crossed + 1].any())
            falls["hard" if is_hard else "pull"].append(took)
        else:
            falls[style].append(took)
    return Switching(
        rises=tuple(rises),
        falls_hard=tuple(falls["hard"]),
        falls_pull=tuple(falls["pull"]),
        sample_s=1 / rate,
    )


_Samples = np.ndarray[Any, np.dtype[np.uint64]]
_Places = np.ndarray[Any, np.dtype[np.int64]]


def _read(capture: Path) -> tuple[_Samples, float, dict[str, int]]:
    """All samples, their rate in Hz, and the channels' bits."""
    try:
        with zipfile.ZipFile(capture) as archive:
            text = archive.read("metadata").decode("utf-8")
            metadata = configparser.ConfigParser(interpolation=None)
            metadata.read_string(text)
            device = next(
                metadata[each]
                for each in metadata.sections()
                if "capturefile" in metadata[each]
            )
            rate = _hertz(device["samplerate"])
            size = int(device.get("unitsize", "1"))
            bits = {
                name: int(key.removeprefix("probe")) - 1
                for key, name in device.items()
                if key.startswith("probe") and key.removeprefix("probe").isdigit()
            }
            raw = b"".join(
                archive.read(name)
                for name in _chunks(archive.namelist(), device["capturefile"])
            )
    except FileNotFoundError:
        raise ValueError(f"{capture}: there is no such file") from None
    except KeyError as error:
        what = str(error).strip("'\"")
        raise ValueError(f"{capture}: no sigrok session: {what} is missing") from None
    except StopIteration:
        raise ValueError(f"{capture}: no sigrok session: no logic capture") from None
    except (OSError, ValueError, zipfile.BadZipFile, configparser.Error) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{capture}: no sigrok session: {first}") from None
    if size not in range(1, 9) or not raw or len(raw) % size:
        raise ValueError(f"{capture}: {len(raw)} bytes are no samples of {size} each")
    if any(not 0 <= bit < 8 * size for bit in bits.values()):
        raise ValueError(
            f"{capture}: a channel is beyond the {8 * size} bits there are"
        )
    cells = np.frombuffer(raw, dtype=np.uint8).reshape(-1, size)
    samples = np.zeros(len(cells), dtype=np.uint64)
    for byte in range(size):
        samples |= cells[:, byte].astype(np.uint64) << np.uint64(8 * byte)
    return samples, rate, bits


def _chunks(names: list[str], capturefile: str) -> list[str]:
    """ "logic-1-1", "logic-1-2", ... in their order, or "logic-1" alone."""
    if capturefile in names:
        return [capturefile]
    numbered = {
        int(number): name
        for name in names
        if (number := name.removeprefix(f"{capturefile}-")).isdigit()
    }
    if sorted(numbered) != list(range(1, len(numbered) + 1)) or not numbered:
        raise KeyError(capturefile)
    return [numbered[each] for each in sorted(numbered)]


def _hertz(text: str) -> float:
    """ "24 MHz", "200 kHz", "1000000"."""
    units = {"": 1.0, "hz": 1.0, "khz": 1e3, "mhz": 1e6, "ghz": 1e9}
    number, _, unit = text.strip().partition(" ")
    rate = float(number) * units.get(unit.strip().lower(), math.nan)
    if not (math.isfinite(rate) and rate > 0):
        raise ValueError(f"samplerate {text} is none")
    return rate


def _bit(samples: _Samples, bit: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return (samples >> np.uint64(bit) & np.uint64(1)).astype(np.bool_)


def _edges(samples: _Samples, bit: int) -> list[tuple[int, bool]]:
    """The first sample of each new level, and the level."""
    level = _bit(samples, bit)
    places = np.flatnonzero(level[1:] != level[:-1]) + 1
    return [(int(at), bool(level[at])) for at in places]


def _by_level(edges: list[tuple[int, bool]]) -> dict[bool, _Places]:
    return {
        level: np.array([at for at, new in edges if new is level], dtype=np.int64)
        for level in (True, False)
    }


def _round(value: float) -> float:
    return float(f"{value:.6g}")

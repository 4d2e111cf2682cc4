"""What a stock U-Boot's stored environment comes to where power goes while it is written.

U-Boot on QEMU (fixtures/benches/uboot.toml) stores its environment as a file: `env export`
with a checksum, `fatwrite` onto a virtio disk. The disk is served by the rig, which cuts
power inside any write of it with any fraction done. After each cut the file is read
back, and is the old environment, the new one, or neither. These scenarios judge nothing but
that they could look: every cut is proven, and the map is what U-Boot really does.
"""

from __future__ import annotations

import re
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lockrig import Inconclusive, Lock, Session

# What the bench file starts.
EMULATOR = "qemu-system-aarch64"
FIRMWARE = Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin")

FRACTIONS = (0.0, 0.3, 0.5, 0.7, 1.0)
# Seconds; a whole fatwrite takes some milliseconds.
CUT_WITHIN = 20.0

# Free in the 64 MiB of the bench's machine, whose RAM begins at 0x40000000; U-Boot itself
# lies at its end, its device tree at its beginning.
TO_WRITE, TO_READ = 0x40400000, 0x40800000
SECTOR = 512
ENV_BYTES = 0x4000

# One FAT12 volume. 4 sectors a cluster and 512 root entries, as mkfs.vfat chooses for small
# disks.
SECTORS = 2048
FAT_SECTORS = 2
FIRST_FAT = 1

# A line of U-Boot's has 512 bytes at most, and `env export` takes 9 names at most.
PAD_BYTES = 400
PAD_TIMES = 5
PAD_NAMES = [f"v{i}" for i in range(8)]


@dataclass(frozen=True)
class Layout:
    """Where environment number `sequence` is kept. `stored` is how many are there when
    the one that is cut is written."""

    title: str
    stored: int
    files: tuple[str, ...]

    def file(self, sequence: int) -> str:
        return self.files[sequence % len(self.files)]


IN_PLACE = Layout("one file, overwritten", 1, ("UBOOT.ENV",))
CREATED = Layout("one file, created", 0, ("UBOOT.ENV",))
# Two old ones, so that a write goes over the older: what is cut is no creation.
IN_TURN = Layout("two files in turn", 2, ("ENV0.ENV", "ENV1.ENV"))


@pytest.fixture(autouse=True)
def installed() -> None:
    """Nothing else of lockrig needs them."""
    if shutil.which(EMULATOR) is None:
        pytest.skip(f"no {EMULATOR}: install the package qemu-system-arm")
    if not FIRMWARE.exists():
        pytest.skip(f"no {FIRMWARE}: install the package u-boot-qemu")


@pytest.mark.case("UBOOT-ENV", own=True, boards=("qemu-virt",), needs=("disk", "text"))
@pytest.mark.parametrize(
    "layout", [IN_PLACE, CREATED, IN_TURN], ids=["in_place", "created", "in_turn"]
)
def test_what_a_cut_leaves_of_the_environment(lock: Lock, layout: Layout) -> None:
    """Claim: none. The map says what is read back after a cut.

    Method: an uncut run counts the writes, and what it stored must be read back as new.
    Then for each write and fraction, on a new disk: the environments of before, power off
    and on, the cut armed, the new environment; once it came, power off (the rail is seen
    to fall) and on, and the file is read back.
    """
    writes = uncut(lock, layout)
    for number, write in enumerate(writes):
        row = f"{number + 1}: {write['length']} bytes at {write['offset']:#x}"
        for fraction in FRACTIONS:
            found, words = cut(lock, layout, writes, number, fraction)
            lock.outcome(
                f"{layout.title}: write, and how much of it was done",
                row,
                f"{fraction:g}",
                found,
                words,
            )


def uncut(lock: Lock, layout: Layout) -> list[dict[str, Any]]:
    """The writes that storing the new environment takes. Inconclusive if it cannot be
    read back: then nothing that a cut shows would mean anything."""
    prepare(lock, layout)
    lock.flash.watch()
    store(lock, layout, layout.stored + 1)
    writes = lock.flash.seen()
    restart(lock)
    found, words = read_back(lock, layout)
    if found != "new" or not writes:
        raise Inconclusive(
            f"uncut, {layout.title}: {found}; {len(writes)} writes; {words}"
        )
    return writes


def cut(
    lock: Lock,
    layout: Layout,
    writes: list[dict[str, Any]],
    number: int,
    fraction: float,
) -> tuple[str, str]:
    """What is read back after a cut in that write. Inconclusive if the cut is not proven."""
    session = prepare(lock, layout)
    where = f"write {number + 1} at {fraction:g}, {layout.title}"
    first = lock.flash.count()
    lock.flash.watch()
    lock.flash.cut_at(first + number, fraction)
    lock.console.type(command_to_store(layout, layout.stored + 1) + "\n")
    came = lock.flash.wait_for_cut(within=CUT_WITHIN)
    if came is None:
        raise Inconclusive(f"{where}: the cut did not come")
    made = lock.flash.seen()
    lock.power.off()
    falls = [at for at, is_up in session.rail_edges() if not is_up and at >= came]
    if len(falls) != 1:
        raise Inconclusive(f"{where}: the rail was seen to fall {len(falls)} times")
    lock.power.on()
    if lock.flash.count() != first + number + 1 or extents(made) != extents(
        writes[: number + 1]
    ):
        raise Inconclusive(f"{where}: other writes than those of the uncut run: {made}")
    return read_back(lock, layout)


def extents(writes: list[dict[str, Any]]) -> list[tuple[int, int]]:
    return [(each["offset"], each["length"]) for each in writes]


def prepare(lock: Lock, layout: Layout) -> Session:
    """A new disk with the environments of before, and U-Boot started anew."""
    session = lock.session(fresh=True)
    lock.power.on()
    run(lock, "virtio scan")
    format_disk(lock)
    for sequence in range(1, layout.stored + 1):
        store(lock, layout, sequence)
    restart(lock)
    run(lock, "virtio scan")
    set_environment(lock, layout.stored + 1)
    return session


def restart(lock: Lock) -> None:
    off = lock.power.off()
    if off["rail_fell"] is None:
        raise Inconclusive("the rail was not seen to fall")
    lock.power.on()


def run(lock: Lock, command: str) -> str:
    """What it printed. Inconclusive if it failed: nothing here may, power given."""
    said = lock.console.command(f"{command}; echo rc=$?", within=20.0)
    said, _, status = said.rpartition("rc=")
    if status != "0":
        raise Inconclusive(f"{command}: {said.strip()} rc={status}")
    return said.strip()


def format_disk(lock: Lock) -> None:
    """U-Boot has no mkfs: the few words of an empty FAT that are not zero are put into its
    memory and written as sectors. The rest of a new disk is zero."""
    boot = bytearray(SECTOR)
    struct.pack_into(
        "<3s8sHBHBHHBHHHII", boot, 0, b"\xeb\x3c\x90", b"LOCKRIG ", SECTOR, 4, FIRST_FAT, 2,
        512, SECTORS, 0xF8, FAT_SECTORS, 32, 2, 0, 0,
    )  # fmt: skip
    struct.pack_into(
        "<BBBI11s8s", boot, 36, 0x80, 0, 0x29, 1, b"RIG        ", b"FAT12   "
    )
    boot[510:] = b"\x55\xaa"
    fat = b"\xf8\xff\xff" + bytes(SECTOR - 3)
    for sector, content in (
        (0, bytes(boot)),
        (FIRST_FAT, fat),
        (FIRST_FAT + FAT_SECTORS, fat),
    ):
        write_sector(lock, sector, content)


def write_sector(lock: Lock, sector: int, content: bytes) -> None:
    run(lock, f"mw.b {TO_WRITE:x} 0 {SECTOR:x}")
    words = struct.unpack(f"<{SECTOR // 4}I", content)
    for i in (i for i, word in enumerate(words) if word):
        run(lock, f"mw.l {TO_WRITE + 4 * i:x} {words[i]:x}")
    run(lock, f"virtio write {TO_WRITE:x} {sector:x} 1")


def set_environment(lock: Lock, sequence: int) -> None:
    """Filled up with values that differ from one environment to the next: of one that is
    mostly padding, a part would do."""
    run(lock, f"env set seq {sequence}")
    run(lock, f"env set pad {chr(ord('a') + sequence) * PAD_BYTES}")
    for name in PAD_NAMES:
        run(lock, f"env set {name} " + "${pad}" * PAD_TIMES)


def command_to_store(layout: Layout, sequence: int) -> str:
    names = " ".join(["seq", *PAD_NAMES])
    return (
        f"env export -c -s {ENV_BYTES:x} {TO_WRITE:x} {names}"
        f" && fatwrite virtio 0 {TO_WRITE:x} {layout.file(sequence)} {ENV_BYTES:x}"
    )


def store(lock: Lock, layout: Layout, sequence: int) -> None:
    set_environment(lock, sequence)
    said = run(lock, command_to_store(layout, sequence))
    if f"{ENV_BYTES} bytes written" not in said:
        raise Inconclusive(f"storing environment {sequence}: {said}")


def read_back(lock: Lock, layout: Layout) -> tuple[str, str]:
    """ "old", "new", "lost" (there was one, and none is left), "none" (there was none), and
    U-Boot's own words. Of several files the latest that is whole counts."""
    run(lock, "virtio scan")
    # A disk that cannot be read is no lost environment.
    run(lock, f"virtio read {TO_READ:x} 0 1")
    whole, words = [], []
    for file in layout.files:
        sequence, said = load(lock, file)
        words.append(f"{file}: {said}")
        if sequence is not None:
            whole.append(sequence)
    new = layout.stored + 1
    if not whole:
        found = "lost" if layout.stored else "none"
    elif max(whole) == new:
        found = "new"
    elif max(whole) == layout.stored:
        found = "old"
    else:
        found = f"environment {max(whole)}"
    return found, "; ".join(words)


def load(lock: Lock, file: str) -> tuple[int | None, str]:
    """The number of the environment in a file, None if none can be had, and what was
    said. The time that loading took is left out: nothing else differs from run to run.
    """
    run(lock, f"env set seq none; mw.b {TO_READ:x} 0 {ENV_BYTES:x}")
    said = lock.console.command(
        f"fatload virtio 0 {TO_READ:x} {file}"
        f" && env import -c {TO_READ:x} ${{filesize}}; echo seq=${{seq}}"
    )
    text, _, sequence = said.rpartition("seq=")
    told = re.sub(r" in \d+ ms.*", "", text.strip()).replace("\n", ", ")
    told = f"{told}, seq={sequence}"
    return (int(sequence) if sequence.isdigit() else None), told

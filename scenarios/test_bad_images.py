"""IMG, VER: images that are broken, badly signed or too old."""

from __future__ import annotations

import random

import pytest
from helpers import refused, state, version
from lockrig import Bench, Lock, LockFault

# MCUboot's header of 32 bytes and the family's early identity, padded
# (rig/protocol/image_layout.hpp).
HEADER = 512
# Behind the body: protected TLVs, then SHA-256, KEYHASH and ED25519 with 4 bytes before
# each; the signature of 64 bytes ends the file (rig/protocol/image_layout.hpp).
SIGNATURE = 64
ENTRY = 4

BROKEN = ("FORMAT", "SIGNATURE", "SIZE")
# A flipped bit of the header may also make it say another model, revision or version.
FLIPPED = (*BROKEN, "MODEL", "REVISION", "DOWNGRADE")


@pytest.mark.case("IMG-01", needs=("console", "radio", "smp"))
@pytest.mark.parametrize("via", ("serial", "portal"))
def test_a_truncated_image_is_refused(lock: Lock, bench: Bench, via: str) -> None:
    """Cut short at 0, 1, header - 1, header, half and all but one byte.

    Nothing at all can only be offered by the portal: an upload has a first byte.
    """
    size = len(bench.image(lock.new))
    for length in (0, 1, HEADER - 1, HEADER, size // 2, size - 1):
        if length == 0 and via == "serial":
            continue
        image = f"{lock.new}?truncate={length}"
        refused(lock, image, via=via, reasons=BROKEN, unwritten=length <= HEADER - 1)


@pytest.mark.case("IMG-02", needs=("console", "smp"))
def test_a_flipped_bit_is_refused(lock: Lock, bench: Bench) -> None:
    """One bit in header, body, protected TLVs, digest, key hash, signature; 200 random.

    The random positions follow from the board's name, so that they are the same in every
    run and differ between boards.
    """
    size = len(bench.image(lock.new))
    trailer = size - (SIGNATURE + ENTRY) - 2 * (32 + ENTRY) - ENTRY
    chosen = {
        0,  # the magic
        8 * 20,  # the version
        8 * 36,  # the vendor, early
        8 * (HEADER + 1),  # the body
        8 * (trailer - 5) + 7,  # the protected TLVs
        8 * (trailer + 10),  # the digest
        8 * (size - SIGNATURE - 10),  # the key hash
        8 * (size - SIGNATURE - ENTRY),  # the type of the signature
        8 * (size - SIGNATURE) + 3,  # the signature's R
        8 * size - 1,  # and its S
    }
    positions = random.Random(f"IMG-02 {lock.board}")
    chosen.update(positions.sample(range(8 * size), 200))
    for bit in sorted(chosen):
        image = f"{lock.new}?flip_bit={bit}"
        refused(lock, image, via="serial", reasons=FLIPPED, unwritten=False)


@pytest.mark.case("IMG-03", needs=("console", "radio", "smp"))
@pytest.mark.parametrize("via", ("serial", "portal"))
def test_an_image_too_large_for_its_slot_is_refused(
    lock: Lock, bench: Bench, via: str
) -> None:
    """Rightly signed and a little larger than fits; larger than any slot; and a header
    whose length is larger or smaller than what follows.

    Nothing stays pending: the whole oracle follows, with the right update at its end.
    The rig's released images fill the slot, so that a byte more is too much.
    """
    size = len(bench.image(lock.new))
    for more in (0, 16 * 1024):
        image = f"{lock.new}?oversize={size + more}"
        refused(lock, image, via=via, reasons=("SIZE",), unwritten=True)
    for bit in (0, 12):  # of the header's img_size, at byte 12 (MCUboot, image.h)
        image = f"{lock.new}?flip_bit={8 * 12 + bit}"
        refused(lock, image, via=via, reasons=BROKEN, unwritten=False)


@pytest.mark.case("IMG-04", needs=("console", "radio", "smp"))
@pytest.mark.parametrize("via", ("serial", "portal"))
def test_an_unsigned_image_is_refused(lock: Lock, bench: Bench, via: str) -> None:
    """No signature, one of zeros, and one that says it is of another algorithm."""
    size = len(bench.image(lock.new))
    # ED25519 is type 0x24; without bit 2 it is 0x20, RSA-2048 (MCUboot, image.h).
    other_algorithm = 8 * (size - SIGNATURE - ENTRY) + 2
    for change in (
        "unsigned_image",
        "zero_signature",
        f"flip_bit={other_algorithm}",
    ):
        image = f"{lock.new}?{change}"
        refused(lock, image, via=via, reasons=("SIGNATURE", "FORMAT"), unwritten=False)


@pytest.mark.case("IMG-05", needs=("console", "radio", "smp"))
@pytest.mark.parametrize("via", ("serial", "portal"))
def test_a_wrong_key_is_refused(lock: Lock, via: str) -> None:
    """Signed with the development key, another vendor's and another model's."""
    for key in ("development", "other-vendor", "other-model"):
        image = f"{lock.new}?wrong_key={key}"
        refused(lock, image, via=via, reasons=("SIGNATURE",), unwritten=False)


@pytest.mark.case("VER-01", needs=("console", "radio", "smp"))
@pytest.mark.parametrize("via", ("serial", "portal"))
def test_a_downgrade_is_refused(lock: Lock, via: str) -> None:
    """A validly signed version older than the baseline, by air and by serial."""
    image = f"{lock.new}?downgrade=2.2.0"
    refused(lock, image, via=via, reasons=("DOWNGRADE",), unwritten=True)


@pytest.mark.case("VER-01", needs=("console", "smp"))
def test_an_updated_lock_does_not_go_back(lock: Lock) -> None:
    """After an update the version it came from, which was once right, is refused too."""
    session = lock.session()
    if not session.push(lock.new)["accepted"]:
        raise LockFault(f"{lock.new} was not taken")
    settled = session.settle(lock.facts["limits"]["confirm_max"])
    if settled is None or settled["version"] != version(lock.new):
        raise LockFault(f"the update did not come to run: {settled}")
    back = session.push(lock.old)
    assert not back["accepted"], "it went back to what it was updated from"
    assert back["refusal"] == "DOWNGRADE", back
    assert state(session)["version"] == version(lock.new)

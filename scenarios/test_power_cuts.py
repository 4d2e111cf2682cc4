"""PWR: power fails while an image is loaded, installed, tried, confirmed, taken back.

PWR-02 to PWR-07 cut inside every flash operation of an update and of a roll-back, at 0,
0.3 and 0.7 of it: which case cuts which is in helpers.UPDATE_PHASES. After each cut the
whole oracle asks whether this is still a lock, and whether it runs one whole released
image, confirmed.
"""

from __future__ import annotations

import pytest
from helpers import ROLLBACK_PHASES, UPDATE_PHASES, count, runs, state, swept, version
from lockrig import (
    Bench,
    Inconclusive,
    Lock,
    LockFault,
    SweepPlan,
    cut_after,
    cut_at_bytes,
    cut_on_busy,
)

POINTS = 20  # of the transfer (catalogue, PWR-01)
RANDOM_CUTS = 10  # a board: 20 in a night of two models
# Of update_max: an update takes some 10 s of 120 (fixtures/boards), its first boot too.
UPDATE_SHARE = 0.1


@pytest.mark.case("PWR-01", needs=("console", "radio", "smp"))
@pytest.mark.parametrize("via", ("serial", "portal"))
def test_a_cut_during_download_leaves_the_old_version(
    lock: Lock, bench: Bench, via: str
) -> None:
    """Cut at 20 points of the transfer, hard and pulled in turn, on both paths.

    The version that ran before boots, and the lock takes the next update.
    """
    size = len(bench.image(lock.new))
    for point in range(POINTS):
        at = size * (2 * point + 1) // (2 * POINTS)
        cut = cut_at_bytes(at, style="pull" if point % 2 else "hard")
        trial = lock.push(lock.new, via=via, cuts=[cut]).expect()
        runs(trial, lock.old)


@pytest.mark.case("PWR-01", needs=("console", "text", "update"))
def test_a_cut_at_each_quarter_of_an_upload_is_survived(
    lock: Lock, bench: Bench
) -> None:
    """Cut when a quarter, a half and three quarters of an image are acknowledged by a
    text console's loader, hard and pulled in turn: the version of before runs."""
    size = len(bench.image(lock.new))
    for quarter in (1, 2, 3):
        style = "pull" if quarter % 2 else "hard"
        cut = cut_at_bytes(size * quarter // 4, style=style)
        trial = lock.push(lock.new, cuts=[cut]).expect()
        runs(trial, lock.old)


@pytest.mark.case("PWR-01", needs=("console", "radio"))
def test_a_cut_download_is_taken_up_again(lock: Lock, bench: Bench) -> None:
    """Power fails half-way through a download from the portal, which goes on offering.

    The lock fetches the image again by itself, from where it was or from its beginning,
    and comes to run it.
    """
    limits = lock.facts["limits"]
    half = len(bench.image(lock.new)) // 2
    session = lock.session()
    session.offer(lock.new)  # before its first check-in of this boot
    until = session.now + limits["check_in_max"]
    while session.served() < half:
        if session.now > until:
            raise Inconclusive("the lock never fetched half of the image")
        session.sleep(0.005)
    if session.served() >= len(bench.image(lock.new)):
        raise Inconclusive("the download was over before it could be cut")
    session.power_cycle(2.0)
    until = session.now + limits["check_in_max"] + limits["update_max"]
    found = state(session)
    while found["version"] != version(lock.new) or found["trial"]:
        assert session.now < until, "the download was not taken up again"
        session.sleep(5.0)
        found = session.state() or found  # while it restarts it does not answer


@pytest.mark.case("PWR-01", needs=("console", "smp"))
@pytest.mark.parametrize("number", range(RANDOM_CUTS))
def test_a_random_cut_during_an_update_is_survived(lock: Lock, number: int) -> None:
    """Power fails at a random moment of an upload and of what follows from it.

    The moments are independent and uniform, so that they say something of every moment;
    they follow from the run's seed. One whole version runs in the end.
    """
    draw = lock.random(f"cut {number}")
    span = lock.facts["limits"]["update_max"] * UPDATE_SHARE
    style = draw.choice(("hard", "pull"))
    cut = cut_after("stimulus", delay=draw.uniform(0.0, span), style=style)
    lock.push(lock.new, cuts=[cut]).expect()


@pytest.mark.case("PWR-02", needs=("console", "update", "flash_ops"))
def test_a_cut_inside_each_erase_of_staging_is_survived(lock: Lock) -> None:
    """Every erase of the staging slot."""
    swept(lock, "staging erases", phases=("staging",), kinds=("erase",))


@pytest.mark.case("PWR-03", needs=("console", "update", "flash_ops"))
def test_a_cut_inside_each_staging_write_is_survived(lock: Lock) -> None:
    """Every program of the staging slot, the last page included."""
    swept(lock, "staging writes", phases=("staging",), kinds=("program",))


@pytest.mark.case("PWR-03", needs=("console", "smp", "flash_ops"))
def test_a_cut_inside_each_trailer_write_is_survived(lock: Lock) -> None:
    """The request in the trailer, and what settings and log note around an update."""
    swept(lock, "trailer and notes", phases=("trailer", "run"))


# Seconds after the stimulus, through an upload of some 8 s (fixtures/boards: 115200 Bd).
# Later, a lock that installs nothing has nothing to write.
ARMED = (0.0, *(0.5 + 0.75 * step for step in range(10)))


@pytest.mark.case("PWR-03", needs=("console", "smp", "busy"))
@pytest.mark.parametrize("style", ("hard", "pull"))
def test_a_cut_as_the_flash_begins_to_work_is_survived(lock: Lock, style: str) -> None:
    """Armed in the chip at 11 moments of an upload: power opens with the next edge of the
    flash's busy line, and no host has a part in when.

    What a board shows whose operations nobody can count.
    """
    for delay in ARMED:
        trial = lock.push(lock.new, cuts=[cut_on_busy(delay, style)]).expect()
        (seen,) = trial.cuts
        assert seen["by_chip"] and seen["proven"], seen


@pytest.mark.case("PWR-04", needs=("console", "smp", "flash_ops"))
def test_a_cut_inside_each_operation_of_the_boot_loader_is_survived(
    lock: Lock,
) -> None:
    """Every operation of the swap. A lock without one: what its boot loader does."""
    sweep = swept(lock, "swap", phases=("swap", "boot"))
    if lock.model == "6000i" and not sweep.phases.get("swap"):
        raise LockFault("a 6000i swaps its images, and no swap was seen")


@pytest.mark.case("PWR-05", needs=("console", "smp", "flash_ops"))
def test_a_cut_inside_each_operation_of_the_first_boot_is_survived(
    lock: Lock,
) -> None:
    """From the start of the new image to its confirmation."""
    swept(lock, "first boot", phases=("trial",))


@pytest.mark.case("PWR-06", needs=("console", "smp", "flash_ops"))
def test_a_cut_inside_the_confirmation_is_survived(lock: Lock) -> None:
    """Either confirmed or taken back: the oracle finds one released image, confirmed."""
    swept(lock, "confirm", phases=("confirm",))


@pytest.mark.case("PWR-07", needs=("console", "smp", "flash_ops"))
def test_a_cut_inside_each_operation_of_the_roll_back_is_survived(lock: Lock) -> None:
    """An image that crashes at start is taken back; every operation from there on.

    Uncut, the roll-back must come about. What such a run does before it is what an
    update does, and is cut by PWR-02 to PWR-05.
    """
    image = lock.image(f"{version(lock.new)}+crash-at-start")
    uncut = lock.push(image).expect()
    runs(uncut, lock.old)
    sweep = lock.sweep(image=image, name="roll-back", phases=ROLLBACK_PHASES)
    if not sweep.phases.get("revert"):
        raise LockFault("nothing was taken back: no operation of a roll-back was seen")
    strangers = set(sweep.phases) - set(UPDATE_PHASES) - set(ROLLBACK_PHASES)
    if strangers:
        raise Inconclusive(f"operations in {sorted(strangers)} belong to no case")
    count(sweep)


# Seconds from the end of the upload, through a swap and its roll-back of some 2.5 s each
# (fixtures/boards: 48 copies of a sector).
IN_BOOT_LOADER = tuple(0.25 + 0.5 * step for step in range(12))
AFTER_ROLL_BACK = 15.0  # a swap, a roll-back and a first check-in, twice over


@pytest.mark.case("PWR-09", needs=("console", "smp"))
def test_a_reset_in_the_boot_loader_is_survived(lock: Lock, bench: Bench) -> None:
    """Reset at 12 moments of a swap and of its roll-back, and again when all is done.

    The image crashes at start. Whatever the first reset met, the old version runs after
    it and still runs after the second. (The rig resets a lock by its power.)
    """
    image = lock.image(f"{version(lock.new)}+crash-at-start")
    size = len(bench.image(image))
    for number, moment in enumerate(IN_BOOT_LOADER):
        style = "hard" if number % 2 else "pull"
        first = cut_at_bytes(size, delay=moment, style=style)
        second = cut_after("power_on", delay=AFTER_ROLL_BACK)
        trial = lock.push(image, cuts=[first, second]).expect()
        runs(trial, lock.old)


# From the stimulus on: in the upload of some 6 s, then at both ends of the restart and
# throughout the installation of some 3 s (fixtures/boards: 115200 Bd, 48 copies).
FIRST_CUTS = (0.5, 3.0, 5.5, *(6.0 + 0.25 * step for step in range(17)))
# Milliseconds after power is back (catalogue, PWR-08).
SECOND_CUTS = (1, 10, 50, 100, 200, 500)


@pytest.mark.case("PWR-08", needs=("console", "smp"), nightly=True)
@pytest.mark.parametrize("image", ("good", "crash-at-start"))
def test_a_second_cut_is_survived(lock: Lock, image: str) -> None:
    """Cut at 20 moments of an update or a roll-back, again 1 to 500 ms after the return.

    Styles alternate. One whole version runs in the end, whichever it is.
    """
    name = lock.new if image == "good" else lock.image(f"{version(lock.new)}+{image}")
    for number, moment in enumerate(FIRST_CUTS):
        for delay in SECOND_CUTS:
            styles = ("hard", "pull") if number % 2 else ("pull", "hard")
            first = cut_after("stimulus", delay=moment, style=styles[0])
            second = cut_after("power_on", delay=delay / 1000, style=styles[1])
            lock.push(name, cuts=[first, second]).expect()


@pytest.mark.case("PWR-12", needs=("console", "smp", "flash_ops"))
def test_a_cut_inside_each_operation_of_serial_recovery_is_survived(
    lock: Lock,
) -> None:
    """Every flash operation of a serial reflash by the boot loader. (More than the
    catalogue's 10 points.)

    Who holds the cable begins again; then one whole released image runs, with the codes,
    the log and the portal as they were.
    """
    sweep = lock.sweep("recover", name="serial recovery", phases=("recovery",))
    if not sweep.phases.get("recovery"):
        raise LockFault("nothing was written by serial recovery")


# Of an update: draws a night, and cuts in a row. Any operation, any fraction of it.
CHAINS = 60
CHAIN = 3


@pytest.mark.case("PWR-08", needs=("console", "smp", "flash_ops"), nightly=True)
@pytest.mark.parametrize("image", ("good", "crash-at-start"))
def test_three_cuts_in_a_row_are_survived(lock: Lock, image: str) -> None:
    """The first inside a random operation of an update or a roll-back, the others at
    random moments of the recovery from the one before; independent draws.
    """
    name = lock.new if image == "good" else lock.image(f"{version(lock.new)}+{image}")
    plan = SweepPlan(choose="random", count=CHAINS, chain=CHAIN, tear=None)
    sweep = lock.sweep(image=name, plan=plan, name=f"chains of {image}")
    lock.measure("bound of the brick rate", sweep.rate_bound(), "of such chains")


@pytest.mark.case("PWR-11", needs=("console", "smp"), nightly=True)
@pytest.mark.parametrize("milliseconds", (0.5, 2.0, 8.0))
def test_contacts_that_chatter_in_an_update_are_survived(
    lock: Lock, milliseconds: float
) -> None:
    """The battery's contacts bounce six times before they open, at four moments of an
    update: too short to notice, long enough for a brown-out, and in between."""
    for moment in (1.0, 5.0, 7.0, 9.0):
        cut = cut_after("stimulus", delay=moment)
        lock.push(lock.new, cuts=[cut.with_chatter(6, milliseconds / 1000)]).expect()

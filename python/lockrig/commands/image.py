"""./lockrig image"""

import os
from pathlib import Path
from typing import Any

import click

from lockrig import _core
from lockrig.commands.options import bench_option
from lockrig.root import FIXTURES
from lockrig.table import table

FILE = click.Path(path_type=Path)
KEYS = FIXTURES / "keys"
INVALID = 1

# rig/protocol/image_layout.hpp
TLVS = {
    0x01: "key hash",
    0x10: "SHA-256",
    0x24: "ed25519",
    0x50: "security counter",
    0x74: "vendor",
    0x75: "device class",
    0xA0: "hardware mask",
}
SHOWN = (
    ("header", ("version", "header_size", "body_size", "flags", "load_address")),
    ("identity", ("vendor", "device_class", "hardware_mask", "security_counter")),
    ("file", ("file_size", "total_size", "digest", "signed", "fault")),
)


@click.group()
def image() -> None:
    """Make, show, check and break firmware images.

    \b
    Examples:
      ./lockrig image create --board 6000i-A --version 2.4.0 -o good.img
      ./lockrig image mutate good.img flip_bit --number 4711 -o bad.img
    """


@image.command()
@click.option("--board", metavar="BOARD", required=True, help="As in 6000i-A.")
@click.option("--version", metavar="V", required=True, help="As in 2.4.0.")
@click.option(
    "--behaviour",
    metavar="NAME",
    default="",
    help="What a twin does with it: good, crash-at-start, hang-at-start, no-network.",
)
@click.option("-o", "output", metavar="FILE", type=FILE, required=True)
@bench_option
def create(board: str, version: str, behaviour: str, output: Path, bench: Path) -> int:
    """Make a signed image for a board, as a release would.

    \b
    Example:
      ./lockrig image create --board 6000i-A --version 2.4.0 -o good.img
    """
    name = f"{board}/{version}" + (f"+{behaviour}" if behaviour else "")
    _write(output, _core.Bench(str(bench)).image(name))
    return 0


@image.command()
@click.argument("file", type=FILE)
def show(file: Path) -> int:
    """Print an image's header, identity, TLVs, sizes and digest.

    Exit status 1 if it is malformed.

    \b
    Example:
      ./lockrig image show good.img
    """
    shown = _core.image_show(_read(file))
    rows = [
        (section if key is keys[0] else "", key.replace("_", " "), str(shown[key]))
        for section, keys in SHOWN
        for key in keys
        if key in shown
    ]
    click.echo(table(("section", "field", "value"), rows))
    if "tlvs" in shown:
        click.echo()
        click.echo(table(("tlv", "what", "length", "protected", "value"), _tlvs(shown)))
    return 0 if shown.get("fault") == "none" else INVALID


@image.command()
@click.argument("file", type=FILE)
@click.option(
    "--key",
    metavar="PEM",
    type=FILE,
    default=KEYS / "release.pub.pem",
    help="The key it must be signed with. Default: fixtures/keys/release.pub.pem.",
)
def verify(file: Path, key: Path) -> int:
    """Check an image's form, digest and signature.

    Prints "good", or the first fault and ends with exit status 1.

    \b
    Example:
      ./lockrig image verify good.img
    """
    data = _read(file)
    _require(key)
    fault = _core.image_verify(data, str(key))
    click.echo("good" if fault == "none" else fault)
    return 0 if fault == "none" else INVALID


@image.command()
@click.argument("file", type=FILE)
@click.argument("mutation", type=click.Choice(_core.image_mutations()))
@click.option(
    "--number",
    metavar="N",
    type=click.IntRange(min=0),
    help="Bytes that stay (truncate) or are added (append), the bit (flip_bit), the size"
    " to exceed (oversize).",
)
@click.option("--other", metavar="FILE", type=FILE, help="Whose body (other_body).")
@click.option(
    "--like",
    metavar="FILE",
    type=FILE,
    help="Whose device class (patch_identity, early_identity).",
)
@click.option("--version", metavar="V", help="The older version (downgrade).")
@click.option(
    "--counter",
    metavar="N",
    type=click.IntRange(min=0),
    help="The security counter (downgrade).",
)
@click.option(
    "--key",
    metavar="PEM",
    type=FILE,
    default=KEYS / "release.pem",
    help="The private key that signs again. Default: fixtures/keys/release.pem.",
)
@click.option("-o", "output", metavar="FILE", type=FILE, required=True)
def mutate(
    file: Path,
    mutation: str,
    number: int | None,
    other: Path | None,
    like: Path | None,
    version: str | None,
    counter: int | None,
    key: Path,
    output: Path,
) -> int:
    """Break an image in one way: what a lock must refuse.

    \b
    Examples:
      ./lockrig image mutate good.img truncate --number 1000 -o short.img
      ./lockrig image mutate good.img other_body --other 7000i.img -o mixed.img
      ./lockrig image mutate good.img wrong_key \\
          --key fixtures/keys/development.pem -o forged.img
    """
    needed = {
        "truncate": ("--number", number),
        "flip_bit": ("--number", number),
        "append": ("--number", number),
        "oversize": ("--number", number),
        "other_body": ("--other", other),
        "patch_identity": ("--like", like),
        "early_identity": ("--like", like),
        "downgrade": ("--version", version),
    }
    option, value = needed.get(mutation, ("", ""))
    if value is None:
        raise ValueError(f"{mutation} needs {option}")
    _require(key)
    arguments: dict[str, Any] = {"key": str(key)}
    if number is not None:
        arguments["number"] = number
    if other is not None:
        arguments["other"] = _read(other)
    if like is not None:
        identity = _core.image_show(_read(like))
        if identity["fault"] != "none":
            raise ValueError(f"--like {like}: {identity['fault']}")
        arguments["device_class"] = identity["device_class"]
    if version is not None:
        arguments["version"] = version
    if counter is not None:
        arguments["security_counter"] = counter
    _write(output, _core.image_mutate(_read(file), mutation, arguments))
    return 0


def _tlvs(shown: dict[str, Any]) -> list[tuple[object, ...]]:
    return [
        (
            f"{each['type']:#04x}",
            TLVS.get(each["type"], ""),
            each["length"],
            "yes" if each["protected"] else "no",
            each["value"],
        )
        for each in shown["tlvs"]
    ]


def _require(file: Path) -> None:
    if not file.is_file():
        raise ValueError(f"{file}: there is no such file")


def _read(file: Path) -> bytes:
    _require(file)
    return file.read_bytes()


def _write(file: Path, data: bytes) -> None:
    """All or nothing."""
    if not file.absolute().parent.is_dir():
        raise ValueError(f"-o {file}: there is no such folder")
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        beside.write_bytes(data)
        beside.replace(file)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ValueError(f"-o {file}: {error.strerror}") from error
    click.echo(f"{file}: {len(data)} bytes")

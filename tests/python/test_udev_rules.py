"""The udev rules: well formed (`udevadm verify` came after Debian 12's udev 252), and
meant for our devices alone."""

import fnmatch
import re
from typing import NamedTuple

import pytest
from conftest import ROOT

RULES = ROOT / "fixtures" / "udev" / "60-lockrig.rules"

# udev(7), "Rules files": what a rule may match, and what it may assign.
MATCHES = {"ACTION", "KERNEL", "SUBSYSTEM", "DRIVER"}
MATCHES_WITH_NAME = {"ATTR", "ATTRS", "ENV"}
ASSIGNS = {"MODE", "GROUP", "RUN", "GOTO", "LABEL"}
ASSIGNS_WITH_NAME = {"ATTR", "ENV"}
PAIR = re.compile(r'([A-Z]+)(?:\{(\w+)\})?(==|!=|\+=|=)"([^"]*)"')


class Pair(NamedTuple):
    key: str
    name: str
    operator: str
    value: str

    @property
    def is_match(self) -> bool:
        return self.operator in ("==", "!=")


def parse(line: str) -> list[Pair]:
    pairs = []
    for text in line.split(", "):
        found = PAIR.fullmatch(text)
        assert found, f'not KEY{{name}}<operator>"value": {text}'
        pairs.append(Pair(found[1], found[2] or "", found[3], found[4]))
    return pairs


def rules() -> list[list[Pair]]:
    lines = RULES.read_text().splitlines()
    return [parse(line) for line in lines if line and not line.startswith("#")]


PARENT = dict(idVendor="0403", idProduct="6010", serial="LR1001")
INTERFACE = dict(SUBSYSTEM="usb", DEVTYPE="usb_interface", DRIVER="ftdi_sio", **PARENT)


def effects(**device: str) -> set[str]:
    """What the rules do to a device that is added; its keys, attributes and those of its
    parents in one table."""
    device["ACTION"] = "add"
    done = set()
    for rule in rules():
        holds = True
        for pair in rule:
            if not pair.is_match:
                continue
            value = device.get(pair.name or pair.key, "")
            matches = any(fnmatch.fnmatch(value, p) for p in pair.value.split("|"))
            holds = holds and matches == (pair.operator == "==")
        if holds:
            done |= {
                f"{pair.key} {pair.name}".strip() + f" {pair.value}"
                for pair in rule
                if not pair.is_match and pair.key != "LABEL"
            }
    return done


def test_every_key_is_one_that_udev_knows() -> None:
    labels, jumps = set(), set()
    for rule in rules():
        for pair in rule:
            if pair.is_match:
                assert pair.key in (MATCHES_WITH_NAME if pair.name else MATCHES), pair
            else:
                assert pair.key in (ASSIGNS_WITH_NAME if pair.name else ASSIGNS), pair
                assert (pair.operator == "+=") == (pair.key == "RUN"), pair
            if pair.key == "LABEL":
                labels.add(pair.value)
            if pair.key == "GOTO":
                jumps.add(pair.value)
    assert labels == jumps


UNBIND = "RUN /bin/sh -c 'echo $kernel > /sys/bus/usb/drivers/ftdi_sio/unbind'"


@pytest.mark.parametrize(
    ("product", "lines"),
    [("6010", ["00"]), ("6014", ["00"]), ("6011", ["00", "01"])],
    ids=["FT2232H", "FT232H", "FT4232H"],
)
def test_ftdi_sio_lets_go_of_the_channels_with_lines(
    product: str, lines: list[str]
) -> None:
    device = {**INTERFACE, "idProduct": product}
    for number in ("00", "01", "02", "03"):
        done = effects(**device, bInterfaceNumber=number)
        assert done == ({UNBIND} if number in lines else set())


def test_a_console_stays_a_port_with_a_short_latency() -> None:
    tty = {**PARENT, "SUBSYSTEM": "tty", "KERNEL": "ttyUSB1"}
    assert effects(**tty) == {"MODE 0660", "GROUP plugdev", "ENV ID_MM_PORT_IGNORE 1"}
    port = {**PARENT, "SUBSYSTEM": "usb-serial", "DRIVER": "ftdi_sio"}
    assert effects(**port) == {"ATTR latency_timer 1"}


def test_a_device_is_the_groups_and_not_modem_managers() -> None:
    device = {**PARENT, "SUBSYSTEM": "usb", "DEVTYPE": "usb_device"}
    assert effects(**device) == {
        "MODE 0660",
        "GROUP plugdev",
        "ENV ID_MM_DEVICE_IGNORE 1",
    }


@pytest.mark.parametrize(
    "other", [{"serial": "FT1234"}, {"idVendor": "1234"}], ids=["serial", "vendor"]
)
def test_other_devices_stay_as_they_are(other: dict[str, str]) -> None:
    for kind in (
        {"SUBSYSTEM": "usb", "DEVTYPE": "usb_device"},
        {**INTERFACE, "bInterfaceNumber": "00"},
        {"SUBSYSTEM": "usb-serial", "DRIVER": "ftdi_sio"},
        {"SUBSYSTEM": "tty", "KERNEL": "ttyUSB0"},
    ):
        assert effects(**{**PARENT, **kind, **other}) == set()

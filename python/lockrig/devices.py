"""What is plugged in, and which station of a bench uses it.

`seen` is what _core.devices() returns, `wanted` what Bench.devices() does.
"""

from typing import Any

from lockrig.table import table

Wanted = list[dict[str, Any]]
CHANNELS = "ABCD"
NOTHING = "none"


def ftdi_table(seen: dict[str, Any], wanted: Wanted) -> str:
    """A row each channel of each device."""
    if seen["ftdi_trouble"]:
        return str(seen["ftdi_trouble"])
    rows = [
        (
            each["usb_serial"],
            each["chip"] or f"{each['product']} (no station can use it)",
            CHANNELS[interface],
            each["path"],
            driver or "free",
            _users(wanted, "", each["usb_serial"], interface),
            each["trouble"],
        )
        for each in seen["ftdi"]
        for interface, driver in enumerate(each["drivers"])
    ]
    head = ("serial", "chip", "channel", "socket", "held by", "station", "")
    return table(head, rows) if rows else NOTHING


def serial_table(seen: dict[str, Any], wanted: Wanted) -> str:
    if seen["serial_trouble"]:
        return str(seen["serial_trouble"])
    rows = [
        (
            each["path"],
            each["usb_serial"],
            each["interface"],
            each["product"] or each["description"],
            _users(wanted, each["path"], each["usb_serial"], each["interface"]),
        )
        for each in seen["serial"]
    ]
    head = ("port", "serial", "interface", "product", "station")
    return table(head, rows) if rows else NOTHING


def missing(seen: dict[str, Any], wanted: Wanted) -> list[str]:
    """ "A1 gpio: LR0001, interface 0": what a station wants and nobody has seen."""
    there = {
        (each["usb_serial"], interface)
        for each in seen["ftdi"]
        for interface in range(len(each["drivers"]))
    }
    there |= {(each["usb_serial"], each["interface"]) for each in seen["serial"]}
    paths = {each["path"] for each in seen["serial"]}
    return [
        f"{each['station']} {each['use']}: {_name(each)}"
        for each in wanted
        if (
            each["path"] not in paths
            if each["path"]
            else (each["usb_serial"], each["interface"]) not in there
        )
    ]


def _name(device: dict[str, Any]) -> str:
    if device["path"]:
        return str(device["path"])
    return f"{device['usb_serial']}, interface {device['interface']}"


def _users(wanted: Wanted, path: str, usb_serial: str, interface: int | None) -> str:
    return ", ".join(
        f"{each['station']} {each['use']}"
        for each in wanted
        if (
            each["path"] == path
            if each["path"]
            else bool(usb_serial)
            and (each["usb_serial"], each["interface"]) == (usb_serial, interface)
        )
    )

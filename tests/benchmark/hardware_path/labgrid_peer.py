"""The same reaction with labgrid: expect() of its SerialDriver, then libftdi1.

labgrid has no driver of an FTDI GPIO (its issue 1931): a set-pins command by ctypes is
the least that one could be. What is said on the standard input is as in modes.hpp, and
so are the arguments: SERIAL PATTERN DIRECTION MASK CONSOLE, where the pins are ACBUS.
"""

import ctypes
import os
import sys
import threading

from labgrid import Target
from labgrid.driver import SerialDriver
from labgrid.resource import RawSerialPort
from pexpect import TIMEOUT

SET_HIGH, MPSSE, INTERFACE_A = 0x82, 2, 1
ftdi = ctypes.CDLL("libftdi1.so.2")
ftdi.ftdi_new.restype = ctypes.c_void_p


class Output:
    """A digital output, as labgrid's own are: set a value, that is all."""

    def __init__(self, serial: str, direction: int, mask: int) -> None:
        self.context = ctypes.c_void_p(ftdi.ftdi_new())
        self.direction, self.mask, self.value = direction, mask, 0
        self.check(ftdi.ftdi_set_interface(self.context, INTERFACE_A))
        self.check(
            ftdi.ftdi_usb_open_desc(self.context, 0x0403, 0x6010, None, serial.encode())
        )
        self.check(ftdi.ftdi_set_latency_timer(self.context, 1))
        self.check(ftdi.ftdi_set_bitmode(self.context, 0, 0))
        self.check(ftdi.ftdi_set_bitmode(self.context, 0, MPSSE))
        self.write()

    def check(self, result: int) -> None:
        if result < 0:
            raise RuntimeError(f"libftdi1 answers {result}")

    def write(self) -> None:
        command = bytes([SET_HIGH, self.value, self.direction])
        self.check(ftdi.ftdi_write_data(self.context, command, len(command)))

    def toggle(self) -> None:
        self.value ^= self.mask
        self.write()


def listen(path: str, pattern: str, output: Output) -> None:
    target = Target("peer")
    RawSerialPort(target, "port", port=path, speed=115200)
    console = SerialDriver(target, "console")
    target.activate(console)
    while True:
        try:
            console.expect(pattern, timeout=3600)
        except TIMEOUT:
            continue
        output.toggle()


def main() -> None:
    serial, pattern, direction, mask, console = sys.argv[1:]
    output = Output(serial, int(direction), int(mask))
    threading.Thread(
        target=listen, args=(console, pattern, output), daemon=True
    ).start()
    for line in sys.stdin:
        print("ready" if line.strip() == "go" else "paused", flush=True)
    os._exit(0)  # a daemon thread would complain of the port that goes


if __name__ == "__main__":
    main()

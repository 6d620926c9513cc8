# SPDX-License-Identifier: MIT
"""The kernel's own PWM on a line, if an overlay has set one up: it dims for nothing.

`dtoverlay=pwm-gpio,gpio=27`: any line, by a timer of the kernel's. `dtoverlay=pwm,
pin=12,func=4`: the SoC's PWM, on 12 or 13 (18 and 19 are the I2S bus). Used through
sysfs (Documentation/driver-api/pwm.rst), which Raspberry Pi OS opens to the group gpio.
"""

import struct
import time
from contextlib import suppress
from pathlib import Path

from appliance.hardware.gpio import GpioUnavailable

_SYS = Path("/sys")
#: 1 kHz: no flicker, also from the corner of the eye.
_PERIOD_NS = 1_000_000
#: udev opens the files of a channel after they have appeared.
_OPENED_WITHIN_S = 1.0
#: Channels 0 and 1 of the SoC's PWM; bcm2835-pwm and rp1-pwm have them in this order.
_SOC_CHANNELS = {12: 0, 13: 1}


class KernelPwm:
    """One channel, given as its chip's folder and its number.

    Threads: one at a time.
    """

    def __init__(self, chip: Path, number: int) -> None:
        """Raises GpioUnavailable."""
        self.level = 0.0
        self._channel = chip / f"pwm{number}"
        deadline = time.monotonic() + _OPENED_WITHIN_S
        if not self._channel.exists():
            self._write(chip / "export", number)
        while True:
            try:
                # A period shorter than the duty cycle is refused, and some kernels
                # refuse a duty cycle while there is no period.
                with suppress(GpioUnavailable):
                    self._write(self._channel / "duty_cycle", 0)
                self._write(self._channel / "period", _PERIOD_NS)
                self._write(self._channel / "enable", 1)
                return
            except GpioUnavailable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def set(self, level: float) -> None:
        """Shine at `level`, 0..1. Raises GpioUnavailable."""
        self.level = level
        self._write(self._channel / "duty_cycle", round(level * _PERIOD_NS))

    def close(self) -> None:
        """Turn it off, if it is still there."""
        with suppress(GpioUnavailable):
            self.set(0.0)

    def _write(self, file: Path, value: int) -> None:
        try:
            file.write_text(str(value))
        except OSError as error:
            raise GpioUnavailable(
                f"the kernel's PWM: {file}: {error.strerror}; "
                "is the user in the group gpio, and /sys writable?"
            ) from error


def kernel_pwm(gpio: int) -> KernelPwm | None:
    """That of line `gpio` (BCM number), or None. Raises GpioUnavailable."""
    for chip in sorted((_SYS / "class/pwm").glob("pwmchip*")):
        node = chip / "device/of_node"
        if _is(node, b"pwm-gpio"):
            # A phandle, the line, flags.
            if _cells(node / "gpios")[1:2] == (gpio,):
                return KernelPwm(chip, 0)
        elif gpio in _SOC_CHANNELS and gpio in _pins(node):
            return KernelPwm(chip, _SOC_CHANNELS[gpio])
    return None


def _pins(node: Path) -> set[int]:
    """The lines that the SoC connects to the PWM of this node, by its pinctrl-0."""
    groups = set(_cells(node / "pinctrl-0"))
    pins: set[int] = set()
    for group in (_SYS / "bus/gpio/devices").glob("gpiochip*/of_node/*/phandle"):
        if groups.intersection(_cells(group)):
            pins.update(_cells(group.with_name("brcm,pins")))
            # Of the RP1: "gpio12", "gpio13".
            names = _read(group.with_name("pins")).decode().split("\0")
            pins.update(int(name.removeprefix("gpio")) for name in names if name)
    return pins


def _is(node: Path, compatible: bytes) -> bool:
    return compatible in _read(node / "compatible").split(b"\0")


def _cells(file: Path) -> tuple[int, ...]:
    """The 32-bit numbers of a property of the device tree."""
    return tuple(cell for (cell,) in struct.iter_unpack(">I", _read(file)))


def _read(file: Path) -> bytes:
    """A property of the device tree, or nothing."""
    try:
        return file.read_bytes()
    except OSError:
        return b""

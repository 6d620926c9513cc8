# SPDX-License-Identifier: MIT
"""gpiozero's pins on libgpiod 2: an edge wakes the event loop, nothing else does."""

import asyncio
import errno
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from glob import glob
from typing import Any

import gpiod
from gpiod.line import Bias, Direction, Edge, Value
from gpiozero import PinFixedPull, PinInvalidPull, PinSetInput
from gpiozero.pins.pi import PiFactory, PiPin

from appliance.hardware.gpio import GpioUnavailable
from appliance.hardware.kernel_pwm import KernelPwm, kernel_pwm
from appliance.hardware.pwm import FREQUENCY_HZ, SoftwarePwm

CONSUMER = "voice-appliance"
#: The chips behind the header: pinctrl-bcm2835 (Pi 0 to 3), pinctrl-bcm2711 (Pi 4),
#: pinctrl-rp1 (Pi 5). By label: a Pi 5 has
#: five chips, and kernels differ in how they number them.
_HEADER_CHIPS = ("pinctrl-bcm2", "pinctrl-rp")
#: A Zero 2 W. Every board with the I2S bus on its header has the same lines on the same
#: pins, and some do not say which board they are.
_REVISION = 0x902120
#: Per line. The kernel keeps 16, which an encoder that bounces fills in two detents.
_EDGES_KEPT = 64
_BIASES = {"up": Bias.PULL_UP, "down": Bias.PULL_DOWN, "floating": Bias.DISABLED}
_EDGES = {
    "both": Edge.BOTH,
    "rising": Edge.RISING,
    "falling": Edge.FALLING,
    "none": Edge.NONE,
}


class LibgpiodFactory(PiFactory):  # type: ignore[misc]
    """The lines of the header.

    Threads: the event loop's, which edges are reported on.
    """

    def __init__(self) -> None:
        """Raises GpioUnavailable."""
        super().__init__()
        self.pin_class = LibgpiodPin
        self.chip = header_chip()
        self._watched: dict[LibgpiodPin, asyncio.AbstractEventLoop] = {}

    def ticks(self) -> float:
        """Seconds, of the clock that stamps the edges."""
        return time.monotonic()

    def ticks_diff(self, later: float, earlier: float) -> float:
        return later - earlier

    def _get_revision(self) -> int:
        return _REVISION

    def watch(self, pin: "LibgpiodPin") -> None:
        """Report the edges of `pin` from now on."""
        loop = asyncio.get_running_loop()
        loop.add_reader(pin.fd, self._read_edges)
        self._watched[pin] = loop

    def unwatch(self, pin: "LibgpiodPin") -> None:
        loop = self._watched.pop(pin, None)
        if loop and not loop.is_closed():
            loop.remove_reader(pin.fd)

    def _read_edges(self) -> None:
        """In order of time over all lines: that tells an encoder's direction."""
        edges = [edge for pin in list(self._watched) for edge in pin.read_edges()]
        for at, pin, state in sorted(edges, key=lambda edge: edge[0]):
            pin.report(at, state)


class LibgpiodPin(PiPin):  # type: ignore[misc]
    """One line, held from its first use until it is closed; it may be used again.

    Threads: as its factory; `state` from any.
    """

    def __init__(self, factory: LibgpiodFactory, info: Any) -> None:
        super().__init__(factory, info)
        self._request: gpiod.LineRequest | None = None
        self._settings = gpiod.LineSettings()
        self._edges = "both"
        self._pwm: SoftwarePwm | KernelPwm | None = None

    def close(self) -> None:
        """Release the line, as an input."""
        self.when_changed = None
        self.frequency = None
        if self._request:
            # Else it may stay driven (pinctrl-bcm2835, persist_gpio_outputs).
            with suppress(GpioUnavailable):
                self._configure(direction=Direction.INPUT, bias=Bias.AS_IS)
            self._request.release()
            self._request = None
        self._settings = gpiod.LineSettings()

    @property
    def fd(self) -> int:
        """Readable when there are edges."""
        assert self._request
        return self._request.fd

    def read_edges(self) -> Iterator[tuple[float, "LibgpiodPin", int]]:
        """The pending ones: instant (monotonic s), pin, new level."""
        assert self._request
        try:
            if not self._request.wait_edge_events(0):
                return
            events = self._request.read_edge_events()
        except OSError:
            # The chip is gone, and its file readable for ever. The next look at the
            # level raises.
            self.factory.unwatch(self)
            return
        for event in events:
            level = event.event_type is event.Type.RISING_EDGE
            yield event.timestamp_ns / 1e9, self, int(level)

    @property
    def pulses(self) -> bool:
        """Whether a level between 0 and 1 keeps a thread awake."""
        return isinstance(self._pwm, SoftwarePwm)

    def report(self, at: float, state: int) -> None:
        """Call the device that asked for the edges, if it still exists."""
        if self._when_changed is not None:
            self._call_when_changed(at, state)

    def output_with_state(self, state: float) -> None:
        """An output that begins at this level.

        A line that the kernel pulses is the kernel's, and is not claimed.
        """
        if pwm := kernel_pwm(self._number):
            self._pwm = pwm
            self._settings = replace(self._settings, direction=Direction.OUTPUT)
            return
        level = Value.ACTIVE if state else Value.INACTIVE
        self._configure(direction=Direction.OUTPUT, bias=Bias.AS_IS, output_value=level)

    def input_with_pull(self, pull: str) -> None:
        """An input, pulled "up", "down" or left "floating"."""
        if pull not in _BIASES:
            raise PinInvalidPull(f'invalid pull "{pull}" for pin {self!r}')
        if self.info.pull not in (pull, ""):
            raise PinFixedPull(
                f"{self!r} has a resistor that pulls it {self.info.pull}"
            )
        self._configure(direction=Direction.INPUT, bias=_BIASES[pull])

    def _get_function(self) -> str:
        is_output = self._settings.direction is Direction.OUTPUT
        return "output" if is_output else "input"

    def _set_function(self, value: str) -> None:
        if value == "output":
            self.output_with_state(0)
        else:
            self.input_with_pull(self.info.pull or "floating")

    def _get_pull(self) -> str:
        return next(
            (pull for pull, bias in _BIASES.items() if bias is self._settings.bias),
            "floating",
        )

    def _set_pull(self, value: str) -> None:
        self.input_with_pull(value)

    def _get_state(self) -> float:
        if self._pwm:
            return self._pwm.level
        with self._present():
            assert self._request
            return int(self._request.get_value(self._number) is Value.ACTIVE)

    def _set_state(self, value: float) -> None:
        if self._get_function() == "input":
            raise PinSetInput(f"cannot set state of pin {self!r}")
        if self._pwm:
            self._pwm.set(value)
        else:
            self._write(bool(value))

    def _write(self, level: bool) -> None:
        with self._present():
            assert self._request
            value = Value.ACTIVE if level else Value.INACTIVE
            self._request.set_value(self._number, value)

    def _get_frequency(self) -> float | None:
        return FREQUENCY_HZ if self._pwm else None

    def _set_frequency(self, value: float | None) -> None:
        """Any frequency is that which costs least."""
        if value and not self._pwm:
            self._pwm = SoftwarePwm(self._write)
        elif not value and self._pwm:
            self._pwm.close()
            self._pwm = None

    def _get_bounce(self) -> float | None:
        return self._settings.debounce_period.total_seconds() or None

    def _set_bounce(self, value: float | None) -> None:
        self._configure(debounce_period=timedelta(seconds=value or 0))

    def _get_edges(self) -> str:
        return self._edges

    def _set_edges(self, value: str) -> None:
        self._edges = value
        if self._when_changed is not None:
            self._configure(edge_detection=_EDGES[value])

    def _enable_event_detect(self) -> None:
        self._configure(edge_detection=_EDGES[self._edges])
        self.factory.watch(self)

    def _disable_event_detect(self) -> None:
        self.factory.unwatch(self)
        with suppress(GpioUnavailable):
            self._configure(edge_detection=Edge.NONE)

    def _configure(self, **changes: Any) -> None:
        """Claim the line so, or change how. Raises GpioUnavailable."""
        self._settings = replace(self._settings, **changes)
        if self._request is None:
            self._request = self._claimed()
            return
        with self._present():
            self._request.reconfigure_lines({self._number: self._settings})

    def _claimed(self) -> gpiod.LineRequest:
        chip = self.factory.chip
        try:
            return gpiod.request_lines(
                chip,
                {self._number: self._settings},
                consumer=CONSUMER,
                event_buffer_size=_EDGES_KEPT,
            )
        except ValueError as error:
            raise GpioUnavailable(f"{chip} has no line {self._number}") from error
        except OSError as error:
            why = f"{chip}: {error.strerror}; is the user in the group gpio (`id`)?"
            if error.errno == errno.EBUSY:
                consumer = _consumer(chip, self._number)
                why = f"{consumer} has it (`gpioinfo`); free it, or use another pin"
            raise GpioUnavailable(why) from error

    @contextmanager
    def _present(self) -> Iterator[None]:
        """Turn the errors of a chip that is gone into GpioUnavailable."""
        try:
            yield
        except OSError as error:
            raise GpioUnavailable(
                f"{self!r}: {error.strerror}; is {self.factory.chip} still there?"
            ) from error


def _consumer(chip: str, line: int) -> str:
    """Who has the line, as `gpioinfo` names it."""
    try:
        with gpiod.Chip(chip) as opened:
            return f'"{opened.get_line_info(line).consumer or "the kernel"}"'
    except OSError:
        return "another program"


def header_chip() -> str:
    """The device node of the chip behind the header. Raises GpioUnavailable."""
    seen = []
    for node in sorted(glob("/dev/gpiochip*"), key=lambda node: (len(node), node)):
        try:
            with gpiod.Chip(node) as chip:
                label = chip.get_info().label
        except OSError as error:
            seen.append(f"{node}: {error.strerror}")
            continue
        if label.startswith(_HEADER_CHIPS):
            return node
        seen.append(f"{node} is {label}")
    if not seen:
        raise GpioUnavailable("there is no /dev/gpiochip*; is this a Raspberry Pi?")
    raise GpioUnavailable(
        f"no GPIO chip of a Raspberry Pi's header: {', '.join(seen)}; "
        "is the user in the group gpio (`id`)?"
    )

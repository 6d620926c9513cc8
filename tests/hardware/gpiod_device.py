# SPDX-License-Identifier: MIT
"""A stand-in for the kernel's GPIO character devices, below libgpiod's Python API.

As Linux has it (Documentation/userspace-api/gpio/chardev.rst): one request holds a
line, an edge makes its file readable, 16 edges are kept unless more are asked for.
The booted machine has the real ones; here debouncing is only recorded.
"""

import errno
import os
import select
import time
from collections import deque
from types import SimpleNamespace

from gpiod import EdgeEvent, LineSettings
from gpiod.line import Bias, Direction, Edge, Value

from appliance.hardware import libgpiod

_RISING, _FALLING = (
    kind.value for kind in (EdgeEvent.Type.RISING_EDGE, EdgeEvent.Type.FALLING_EDGE)
)


class Device:
    """One /dev/gpiochipN: its lines, who holds them, and a finger to move them."""

    def __init__(self, label: str, lines: int = 54) -> None:
        self.label = label
        self.lines = lines
        self.requests: dict[int, Request] = {}
        self.consumers: dict[int, str] = {}
        #: What is wired there drives the line; else its bias does.
        self.wired: dict[int, bool] = {}
        #: The errno of every further call: the chip is gone, or it is not for you.
        self.error = 0
        self.clock = time.monotonic

    def drive(self, line: int, level: bool) -> None:
        """Move an input from outside."""
        request, before = self.requests.get(line), self.level(line)
        self.wired[line] = level
        if request and level != before:
            request.edge(level)

    def level(self, line: int) -> bool:
        """What a voltmeter would show."""
        request = self.requests.get(line)
        if request and request.settings.direction is Direction.OUTPUT:
            return request.written
        pulled_up = bool(request) and request.settings.bias is Bias.PULL_UP
        return self.wired.get(line, pulled_up)

    def check(self) -> None:
        if self.error:
            raise OSError(self.error, os.strerror(self.error))


class Request:
    """Of one line; what gpiod.LineRequest is to the product."""

    def __init__(self, device: Device, line: int, settings: LineSettings, kept: int):
        self._device, self._line, self._kept = device, line, kept
        self._edges: deque[EdgeEvent] = deque()
        self._ready, self._signal = os.pipe()
        #: (level, monotonic s) of the last writes.
        self.writes: deque[tuple[bool, float]] = deque(maxlen=1000)
        self._set(settings)

    @property
    def fd(self) -> int:
        return self._ready

    @property
    def written(self) -> bool:
        return self.writes[-1][0]

    def _set(self, settings: LineSettings) -> None:
        self.settings = settings
        if settings.direction is Direction.OUTPUT:
            self.writes.append((bool(settings.output_value), time.monotonic()))

    def reconfigure_lines(self, config: dict[int, LineSettings]) -> None:
        self._device.check()
        ((line, settings),) = config.items()
        assert line == self._line
        self._set(settings)

    def get_value(self, line: int) -> Value:
        self._device.check()
        assert line == self._line
        return Value.ACTIVE if self._device.level(line) else Value.INACTIVE

    def set_value(self, line: int, value: Value) -> None:
        self._device.check()
        assert line == self._line
        assert self.settings.direction is Direction.OUTPUT
        self.writes.append((bool(value), time.monotonic()))

    def edge(self, level: bool) -> None:
        wanted = {Edge.BOTH: (0, 1), Edge.RISING: (1,), Edge.FALLING: (0,)}
        if level not in wanted.get(self.settings.edge_detection, ()):
            return
        if len(self._edges) < self._kept:
            kind, at_ns = _RISING if level else _FALLING, self._device.clock() * 1e9
            self._edges.append(EdgeEvent(kind, round(at_ns), self._line, 0, 0))
            os.write(self._signal, b"1")

    def hang_up(self) -> None:
        """The chip is gone, which also makes the file readable (EPOLLHUP)."""
        os.write(self._signal, b"1")

    def wait_edge_events(self, timeout: float) -> bool:
        return bool(select.select([self._ready], [], [], timeout)[0])

    def read_edge_events(self) -> list[EdgeEvent]:
        self._device.check()
        os.read(self._ready, len(self._edges))
        edges = list(self._edges)
        self._edges.clear()
        return edges

    def release(self) -> None:
        del self._device.requests[self._line]
        os.close(self._ready)
        os.close(self._signal)


class Kernel:
    """`request_lines` and `Chip` of gpiod, for the devices of this machine."""

    def __init__(self, **devices: Device) -> None:
        self.devices = {f"/dev/{name}": device for name, device in devices.items()}

    def install(self) -> None:
        """For this process, and before it asks for its first line."""
        libgpiod.glob = lambda _: list(self.devices)
        libgpiod.gpiod.request_lines = self.request_lines
        libgpiod.gpiod.Chip = self.Chip

    def request_lines(self, path, config, consumer, event_buffer_size=16):
        device, ((line, settings),) = self.devices[path], config.items()
        device.check()
        if line >= device.lines:
            raise ValueError("line offset of out range")
        if line in device.requests or line in device.consumers:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        request = Request(device, line, settings, event_buffer_size)
        device.requests[line] = request
        return request

    def Chip(self, path):  # noqa: N802
        return _OpenChip(self.devices[path])


class _OpenChip:
    def __init__(self, device: Device) -> None:
        device.check()
        self._device = device

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def get_info(self):
        return SimpleNamespace(label=self._device.label, num_lines=self._device.lines)

    def get_line_info(self, line: int):
        return SimpleNamespace(consumer=self._device.consumers.get(line, ""))

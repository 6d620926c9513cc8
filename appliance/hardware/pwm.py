# SPDX-License-Identifier: MIT
"""Brightness of a line that only knows on and off."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from appliance.hardware.gpio import GpioUnavailable

#: Above what the eye sees flicker, and no more: two wake-ups each.
FREQUENCY_HZ = 80.0


class SoftwarePwm:
    """Pulses a line by `write`; a level of 0 or 1 is written once, and no thread wakes.

    Threads: `set` and `close` from any; writes from there, and from a thread of its own
    which sleeps unless the level lies in between.
    """

    def __init__(self, write: Callable[[bool], None]) -> None:
        self.level = 0.0
        self._write = write
        self._changed = threading.Condition()
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def set(self, level: float) -> None:
        """Shine at `level`, 0..1, from now on."""
        with self._changed:
            self.level = level
            if not self._is_dimmed():
                self._write(bool(level))
                return
            if self._thread is None:
                self._thread = threading.Thread(target=self._pulse, daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Leave the line alone from now on."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread:
            self._thread.join()

    def _is_dimmed(self) -> bool:
        return 0.0 < self.level < 1.0

    def _pulse(self) -> None:
        # A chip that is gone is reported to who reads the button.
        with suppress(GpioUnavailable):
            while lit_s := self._begin():
                time.sleep(lit_s)
                if self._end():
                    time.sleep(1 / FREQUENCY_HZ - lit_s)

    def _begin(self) -> float:
        """Wait until the light is to be dimmed, and turn it on; for so long (s).

        0: the end.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_dimmed() or self._is_closed)
            if self._is_closed:
                return 0.0
            self._write(True)
            return self.level / FREQUENCY_HZ

    def _end(self) -> bool:
        """Turn it off, unless it is steady meanwhile, as `set` has written it."""
        with self._changed:
            if is_dimmed := self._is_dimmed() and not self._is_closed:
                self._write(False)
            return is_dimmed

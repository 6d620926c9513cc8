# SPDX-License-Identifier: MIT
"""What the service sends on one connection, and when. Sans I/O."""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

from appliance.simulator.live import wire
from appliance.simulator.live.proto import encode
from appliance.simulator.live.service import Service
from appliance.simulator.scenario import Close, Drop, Stall

#: Acts, and yields the monotonic instant at which it wants to go on.
Script = Iterator[float]
Ending = Drop | Stall | Close


@dataclass(frozen=True, slots=True)
class Send:
    """One binary frame."""

    frame: bytes


Action = Send | Ending


class Downlink:
    """The messages of one connection, sent by scripts as time passes.

    `now` is the instant of the frame or the step at hand; nothing here asks a clock.
    """

    def __init__(self, service: Service, link: int) -> None:
        self.link = link
        self.now = 0.0
        self.open = True
        self.novel = False
        self._service = service
        self._actions: list[Action] = []
        self._scripts: list[tuple[float, int, Script]] = []
        self._order = count()

    @property
    def next_at(self) -> float | None:
        """When `due` has something to do again; None: not before the next frame."""
        if self._actions:
            return self.now
        return self._scripts[0][0] if self._scripts else None

    def due(self, now: float) -> list[Action]:
        """What is to be done on the wire by `now`, in order; each action only once."""
        while self._scripts and self._scripts[0][0] <= now:
            self.now = now
            self._advance(heappop(self._scripts)[2])
        actions, self._actions = self._actions, []
        return actions

    def start(self, script: Script) -> None:
        """Run `script` up to its first wait, and on when that is over."""
        if self.open:
            self._advance(script)

    def send(self, message: wire.Message) -> None:
        lines = wire.server_lines(message)
        self.send_frame(encode(self._with_novelty(message)), *lines)

    def send_frame(self, frame: bytes, *lines: str) -> None:
        if self.open:
            self._service.note(self.link, *lines)
            self._actions.append(Send(frame))

    def end(self, ending: Ending) -> None:
        """The last action of this connection."""
        if not self.open:
            return
        if isinstance(ending, Close):
            line = f"< close {ending.code} {ending.reason}".rstrip()
        else:
            line = f"< {type(ending).__name__.lower()}"
        self._service.note(self.link, line)
        self._actions.append(ending)
        self.abandon()

    def abandon(self) -> None:
        """Nothing more is said: the client is gone."""
        self.open = False
        self._scripts.clear()
        self._service.close_link(self.link)

    def _advance(self, script: Script) -> None:
        at = next(script, None)
        if at is not None and self.open:
            heappush(self._scripts, (at, next(self._order), script))

    def _with_novelty(self, message: wire.Message) -> wire.Message:
        if not self.novel:
            return message
        novelty = {"novelty": {"since": 2027, "depth": [{}]}}
        changed = message | novelty
        if "serverContent" in message:
            changed["serverContent"] = message["serverContent"] | novelty
        return changed

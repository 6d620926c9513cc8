# SPDX-License-Identifier: MIT
"""A small model of the link and of the Live server, with audio in flight."""

from typing import TYPE_CHECKING

from appliance.basics.pcm import FRAME_BYTES, PLAYBACK_RATE_HZ
from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.signals import FATAL_FAULTS, Fault

if TYPE_CHECKING:
    from tests.core.world import World

#: One way, seconds.
_LATENCY_S = (0.02, 0.25)
#: It thinks for so long, seconds; a box counts on the first (tool_calls.is_of_older).
_THINKS_S = (0.3, 3)


class Link:
    """Opens, is refused, is lost, is renewed, tries again: one server at a time."""

    def __init__(self, world: "World") -> None:
        self.state = "down"
        self.server = Server(world)
        self._world = world
        self._attempt = 0

    def open(self) -> None:
        """Close what there is, and try now."""
        world = self._world
        self.close()
        self.state = "opening"
        world.at(world.now + 0.001, self._opening, self._attempt)
        takes_s = world.rng.uniform(0.1, 0.6)
        world.at(world.now + takes_s, self._opened, self._attempt)

    def close(self) -> None:
        self._attempt += 1
        self.state, self.server.alive = "down", False

    def lose(self, *faults: Fault | None) -> None:
        world = self._world
        self.close()
        fault = world.rng.choice(faults)
        world.tell(ev.LinkLost(fault, "gone"))
        if fault not in FATAL_FAULTS and self.state == "down":
            back_off_s = world.rng.choice((0.1, 1, 3, 10))
            world.at(world.clock + back_off_s, self._retry, self._attempt)

    def expire(self) -> None:
        world = self._world
        by = world.now + world.rng.uniform(-0.5, 4)
        world.at(max(by, world.now) + 0.01, self._expired, self.server)
        world.tell(ev.LinkExpiring(by))

    def _retry(self, attempt: int) -> None:
        if attempt == self._attempt:
            self.open()

    def _opening(self, attempt: int) -> None:
        if attempt == self._attempt:
            self._world.tell(ev.LinkOpening())

    def _opened(self, attempt: int) -> None:
        if attempt != self._attempt:
            return
        if not self._world.calm and self._world.rng.random() < 0.3:
            self.lose(None, Fault.NETWORK, Fault.NETWORK, Fault.CLOCK, Fault.KEY)
            return
        self.state = "up"
        self.server = Server(self._world)
        self.server.alive = True
        self._world.tell(ev.LinkUp())

    def _expired(self, server: "Server") -> None:
        world = self._world
        if world.clock < world.stalled_until:
            world.at(world.stalled_until + 0.01, self._expired, server)
            return
        assert not server.alive, "the link was not renewed in time"


class Server:
    """Answers turn after turn; what it says is tagged with the turn it answers.

    What it says of a tool in the background is tagged with a number below 0.

    As measured on the wire: activityStart while an answer is unfinished brings
    interrupted, then the turnComplete of that answer; sometimes it does so even
    though the answer was complete.
    """

    def __init__(self, world: "World") -> None:
        self.alive = False
        #: The turn between its activityStart and its activityEnd.
        self.window = 0
        self._world = world
        #: The turn whose answer is not complete.
        self._answering = 0
        self._generation = 0
        #: A tool that the answer waits for, and what is said then.
        self._call = ""
        self._after_call: list[float] = []
        #: Calls in the background, and what is still to be said of them.
        self._background: set[str] = set()
        self._remarks: list[int] = []
        self._owes_an_end = False
        self._heard_at = self._said_at = self._line_free_at = world.now
        rates = (30e3, 60e3, 1e6) if world.troubled else (1e6,)
        self._bytes_per_s = world.rng.choice(rates)

    def take_later(self, order: ef.Order) -> None:
        """The line takes one order after the other, as fast as it is."""
        world = self._world
        length = len(order.pcm) if isinstance(order, ef.SendAudio) else 50
        takes_s = length / self._bytes_per_s
        self._line_free_at = max(self._line_free_at, world.now) + takes_s
        world.at(self._line_free_at, self._take, order)

    def _take(self, order: ef.Order) -> None:
        if self.alive:
            self._world.taken(order)

    def receive_later(self, what: str, turn: int) -> None:
        world = self._world
        latency_s = world.rng.uniform(*_LATENCY_S)
        self._heard_at = max(self._heard_at, world.now + latency_s)
        world.at(self._heard_at, self._receive, what, turn)

    def receive_tools_answer(self, call_id: str, remark: int) -> None:
        latency_s = self._world.rng.uniform(*_LATENCY_S)
        self._heard_at = max(self._heard_at, self._world.now + latency_s)
        self._world.at(self._heard_at, self._take_tools_answer, call_id, remark)

    def _receive(self, what: str, turn: int) -> None:
        if not self.alive:
            return
        if what == "start":
            assert not self.window, "turns overlap"
            self.window = turn
            self._interrupt()
        else:
            assert self.window == turn
            self.window = 0
            self._answer(turn)

    def _take_tools_answer(self, call_id: str, remark: int) -> None:
        if self.alive and call_id in self._background:
            self._background.remove(call_id)
            # What comes while the user talks is answered with what he says; of what
            # he took back nothing is said (if it is, nobody can tell what it is of).
            if not self.window and self._world.wants(remark):
                self._remarks.append(remark)
            self._speak_up()
        if not self.alive or call_id != self._call:
            return
        self._call = ""
        at = self._world.clock + self._world.rng.uniform(0.05, 3)
        self._speak(self._answering, self._after_call, at, "")

    def _speak_up(self) -> None:
        """Of what a tool has answered, when nothing else is going on."""
        if not self.alive or self.window or self._answering or not self._remarks:
            return
        self._answering = self._remarks.pop(0)
        self._generation += 1
        r = self._world.rng
        at = self._world.clock + r.uniform(0.05, 3)
        self._speak(self._answering, [r.uniform(0.05, 0.5)] * r.randint(1, 3), at, "")

    def _interrupt(self) -> None:
        spurious = not self._world.troubled and self._world.rng.random() < 0.1
        if self._call:
            self._say(ev.ToolCallsCancelled((self._call,)), self._answering)
            self._call = ""
        if self._answering or spurious:
            self._say(ev.AnswerInterrupted(), self._answering)
            self._say(ev.AnswerEnded(), self._answering)
        self._answering = 0
        self._remarks.clear()
        self._generation += 1

    def _answer(self, turn: int) -> None:
        """Faster than real time, in parts; at times not at all."""
        r, world = self._world.rng, self._world
        self._answering = turn
        self._generation += 1
        parts = [r.uniform(0.05, 0.5) for _ in range(r.randint(1, 5))]
        how = r.choice(("deaf", "empty", "stall", "endless")) if self._fails() else ""
        at = world.clock + r.uniform(*_THINKS_S)
        if how == "empty":
            parts = []
        if how == "stall":
            parts.pop()
        if how in ("deaf", "stall", "endless") and r.random() < 0.5:
            # Nor will it say that it was interrupted: whose the next words are, nobody
            # can tell, so it says none of its own.
            self._answering, self._owes_an_end = 0, True
        if how == "deaf":
            return
        if not (how or self._owes_an_end) and r.random() < 0.15:
            call_id = f"background of {turn} at {at}"
            self._background.add(call_id)
            call = ev.ToolCalled(call_id, "timer", b"{}", blocking=False)
            self._later(at, call, turn)
            parts *= r.random() < 0.7
        if not how and parts and r.random() < 0.2:
            self._call = f"{turn} at {at}"
            self._after_call = parts
            self._later(at, ev.ToolCalled(self._call, "tool", b"{}"), turn)
        else:
            self._speak(turn, parts, at, how)

    def _speak(self, turn: int, parts: list[float], at: float, how: str) -> None:
        r = self._world.rng
        for length_s in parts:
            pcm = b"\x55" * FRAME_BYTES * int(length_s * PLAYBACK_RATE_HZ)
            self._later(at, ev.AnswerAudio(pcm), turn)
            at += r.uniform(0.01, 0.15)
        if how == "stall":
            return
        if r.random() < 0.8:
            self._later(at, ev.AnswerGenerated(), turn)
        if how != "endless":
            self._later(at + r.uniform(0, sum(parts)), ev.AnswerEnded(), turn)

    def _fails(self) -> bool:
        return not self._world.calm and self._world.rng.random() < 0.2

    def _later(self, at: float, event: ev.Event, turn: int) -> None:
        self._world.at(at, self._generate, self._generation, event, turn)

    def _generate(self, generation: int, event: ev.Event, turn: int) -> None:
        if not self.alive or generation != self._generation:
            return
        self._say(event, turn)
        if isinstance(event, ev.AnswerEnded):
            self._answering = 0
            self._speak_up()

    def _say(self, event: ev.Event, turn: int) -> None:
        world = self._world
        latency_s = world.rng.uniform(*_LATENCY_S)
        self._said_at = max(self._said_at, world.clock + latency_s)
        world.at(self._said_at, self._arrive, event, turn)

    def _arrive(self, event: ev.Event, turn: int) -> None:
        if self.alive:
            self._world.tell_answer(event, turn)

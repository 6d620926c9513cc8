# SPDX-License-Identifier: MIT
"""A world around the core: a user, a microphone, a speaker, a link, a Live server."""

from collections import Counter
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

import appliance.core.advance as core
from appliance.basics.pcm import PLAYBACK_RATE_HZ, seconds
from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core.conversation import Conversation, State
from appliance.core.limits import ANSWER_TIMEOUT_S
from appliance.core.signals import Earcon, Fault
from appliance.core.tool_calls import may_end_empty
from appliance.core.utterance import is_open
from tests.core.box import PERIOD_S
from tests.core.live_model import Link
from tests.core.walks import FRAME_S, SHORT, Held, Walk
from tests.core.wire_audit import Sent

#: After this many presses the user waits, and all must be settled then: also what waits
#: behind the end of a hushed answer, which may never come.
_PRESSES = 40
_CALM_S = ANSWER_TIMEOUT_S + 15
#: What is heard when an utterance will not be answered.
_TELLS = {Earcon.LOST, Earcon.NO_ANSWER}


class World(Walk):
    """Runs the clock; `troubled`: links fail, and the service is at times mute."""

    def __init__(self, seed: int, *, troubled: bool, toggling: bool = False) -> None:
        super().__init__(seed, toggling=toggling)
        self.troubled = troubled
        self.calm = not troubled
        self.clock = self.stalled_until = self.now
        self.earcons: Counter[Earcon] = Counter()
        #: Turns whose answer was heard.
        self.heard: set[int] = set()
        #: How often everything was found settled.
        self.settled = 0
        self.tools_answered = 0
        #: By the number of a remark: the presses before its tool's answer was sent.
        self._remarks: dict[int, int] = {}
        self._hushes = 0
        #: By the id of a call: the number of what is said of it.
        self._told_calls: dict[str, int] = {}
        self.remarked = 0
        self._link = Link(self)
        self._deeds: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._scheduled = 0
        self._presses = 0
        self._openings: Counter[int] = Counter()
        #: The turn that the answer being told belongs to.
        self._telling: int | None = None
        #: The answer that has begun to be heard and is not complete.
        self._unfinished: int | None = None
        #: Turns whose answer is to be heard, and since when.
        self._awaited: dict[int, float] = {}
        self._speaker_until = self.now
        self._draining: int | None = None

    def at(self, at: float, deed: Callable[..., None], *args: Any) -> None:
        self._scheduled += 1
        heappush(self._deeds, (at, self._scheduled, deed, args))

    def run(self, events: int) -> None:
        self._link.open()
        self._capture(int(self.now / PERIOD_S))
        self._later(1, 2, self._press)
        self._later(5, 9, self._stall)
        self._later(1, 5, self._trouble)
        while self.told < events:
            due = core.deadline(self.conversation)
            # The inbox is empty before time passes.
            if due is not None and max(due, self.stalled_until) < self._deeds[0][0]:
                self._go(due)
                self.tell(ev.TimePassed())
            else:
                at, _, deed, args = heappop(self._deeds)
                self._go(at)
                deed(*args)
        self.check_what_was_sent()

    def _later(self, least_s: float, most_s: float, deed: Callable[[], None]) -> None:
        self.at(self.clock + self.rng.uniform(least_s, most_s), deed)

    def _go(self, at: float) -> None:
        self.clock = max(self.clock, at)
        self.now = max(self.now, self.clock, self.stalled_until)

    def _stall(self) -> None:
        """The loop is stuck for a while; what happens meanwhile is told late."""
        self.stalled_until = self.clock + self.rng.uniform(0, 1.5)
        self._later(5, 40, self._stall)

    def _trouble(self) -> None:
        if not self.calm and self._link.state == "up":
            if self.rng.random() < 0.7:
                self._link.lose(None, None, Fault.NETWORK)
            else:
                self._link.expire()
        self._later(0.2, 8, self._trouble)

    def tell(self, event: ev.Event) -> tuple[ef.Effect, ...]:
        before, sounded_at = self.conversation, min(self._speaker_until, self.now)
        effects = super().tell(event)
        if isinstance(event, ev.TalkPressed) and self.conversation.hold:
            self._hushes += 1
        if isinstance(event, ev.TalkPressed) and not before.hold and self._held:
            self._held.sounded_at = min(sounded_at, event.at)
            self._unfinished = None
            self._awaited.clear()
        self._check_the_fate(before, event, effects)
        for effect in effects:
            self._perform(effect)
        return effects

    def tell_answer(self, event: ev.Event, turn: int) -> None:
        """Something of the answer to `turn` arrives (or of none, if it is 0)."""
        self._telling = turn
        effects = self.tell(event)
        self._telling = None
        mine = turn > self.hushed_through
        if turn < 0:
            mine = self._remarks[turn] == self._hushes
        if any(isinstance(effect, ef.Play) for effect in effects):
            assert mine, f"a stale answer is heard: {turn}"
            self.heard.add(turn)
            self.remarked += turn < 0
            self._unfinished = turn
        elif isinstance(event, ev.AnswerAudio) and not self.troubled:
            assert not mine, f"the answer to {turn} is not heard"
        if mine and isinstance(event, ev.AnswerGenerated | ev.AnswerEnded):
            self._unfinished = None
        if mine and isinstance(event, ev.AnswerEnded):
            self._awaited.pop(turn, None)

    def taken(self, order: ef.Order) -> None:
        """The network has taken it, and brings it to the server."""
        server = self._link.server
        self.tell(ev.OrderTaken(order))
        match order:
            case ef.OpenTurn(turn):
                server.receive_later("start", turn)
            case ef.CloseTurn(turn):
                server.receive_later("end", turn)
            case ef.AnswerTool(call_id):
                server.receive_tools_answer(call_id, self._told_calls[call_id])

    def wants(self, remark: int) -> bool:
        """The answer that it speaks of was not that the user had cancelled it."""
        return self._remarks[remark] >= 0

    def _check_the_fate(
        self, before: Conversation, event: ev.Event, effects: tuple[ef.Effect, ...]
    ) -> None:
        """No utterance vanishes silently, and none is sent too often."""
        told = any(isinstance(e, ef.PlayEarcon) and e.earcon in _TELLS for e in effects)
        answer = self.conversation.answer
        told |= answer is not None and answer.aftermath is not None
        kept = {u.turn for u in self.conversation.utterances}
        for u in before.utterances:
            if u.call:
                continue
            begun = isinstance(event, ev.AnswerAudio) and self._telling == u.turn
            if self._telling is not None and self._telling < 0:
                # It may have said nothing but this.
                begun |= before.owed[:1] == (u.turn,)
            begun |= isinstance(event, ev.AnswerEnded) and may_end_empty(before, u.turn)
            fate = u.turn in kept or begun or u.turn <= self.hushed_through or told
            assert fate, f"{u.turn} is lost silently by {type(event).__name__}"
        if ef.RenewLink(unresponsive=False) in effects:
            # Forced in the middle of a turn: nobody's failure.
            opened = {e.turn for e in effects if isinstance(e, ef.OpenTurn)}
            closed = {e.turn for e in effects if isinstance(e, ef.CloseTurn)}
            opened |= {u.turn for u in before.utterances if is_open(u)}
            self._openings.subtract(opened - closed)

    def _perform(self, effect: ef.Effect) -> None:
        if isinstance(effect, ef.Order):
            self._link.server.take_later(effect)
        match effect:
            case ef.OpenTurn(turn):
                self._openings[turn] += 1
                assert self._openings[turn] <= 2, f"{turn} is sent too often"
            case ef.CloseTurn(turn):
                if not self.troubled and turn > self.hushed_through:
                    self._awaited[turn] = self.now
            case ef.Play(pcm):
                self._sound(seconds(pcm, PLAYBACK_RATE_HZ))
            case ef.Drain(segment):
                self._drain(segment)
            case ef.PlayEarcon(earcon, segment):
                self.earcons[earcon] += 1
                if earcon in (Earcon.LOST, Earcon.NO_ANSWER):
                    self._unfinished = None
                self._sound(0.3)
                self._drain(segment)
            case ef.Say(segment=segment) | ef.SayStatus(segment=segment):
                self._sound(self.rng.choice([0.0, 0.3, 3.0]))
                self._drain(segment)
            case ef.DropPlayback():
                self._speaker_until = min(self._speaker_until, self.now + 0.03)
                self._draining = None
            case ef.OpenLink() if self._link.state == "down":
                self._link.open()
            case ef.RenewLink(unresponsive):
                assert self.troubled or not unresponsive, (
                    "a healthy link is called unresponsive"
                )
                self._link.open()
            case ef.CloseLink():
                self._link.close()
            case ef.RunTool(call_id):
                # Told though it was cancelled, or its link is gone.
                done_at = self.now + self.rng.uniform(0.05, 8)
                self.at(done_at, self.tell, ev.ToolAnswered(call_id, b"{}"))
            case ef.AnswerTool(call_id, _, response):
                self.tools_answered += 1
                remark = -self.tools_answered
                wanted = b"cancelled by the user" not in response
                self._remarks[remark] = self._hushes if wanted else -1
                self._told_calls[call_id] = remark

    def _sound(self, length_s: float) -> None:
        self._speaker_until = max(self._speaker_until, self.now) + length_s

    def _drain(self, segment: int) -> None:
        self._draining = segment
        self.at(max(self._speaker_until, self.now) + 0.005, self._drained)

    def _drained(self) -> None:
        if self._draining is None:
            return
        if self._speaker_until > self.clock:
            self.at(self._speaker_until + 0.005, self._drained)
            return
        segment, self._draining = self._draining, None
        self.tell(ev.PlaybackDrained(segment, self._speaker_until))

    def _capture(self, n: int) -> None:
        if n * PERIOD_S > self._captured_until:
            self.tell(self.tape.period(n * PERIOD_S))
        lag_s = self.rng.uniform(0.005, 0.04)
        self.at((n + 1) * PERIOD_S + lag_s, self._capture, n + 1)

    def _press(self) -> None:
        late = [turn for turn, at in self._awaited.items() if self.now - at > 20]
        assert not late, f"never answered: {late}"
        self._presses += 1
        self.calm = not self.troubled
        self.tell(ev.TalkPressed(self.clock))
        lengths = ((0.01, 0.24), (0.25, 0.6), (0.6, 3), (4.5, 6))
        [(least_s, most_s)] = self.rng.choices(lengths, (3, 4, 4, 1))
        self._later(least_s, most_s, self._release)

    def _release(self) -> None:
        hold = self.conversation.hold
        # A toggled hold may be over: to press now would begin the next.
        if not self.toggling or (hold and hold.released_at is None):
            self.tell(ev.TalkReleased(self.clock))
        if self.rng.random() < 0.1:
            self._later(0.01, 0.19, self._press)
        elif self._presses % _PRESSES == 0:
            self.calm = True
            self._later(_CALM_S, _CALM_S, self._settle)
        else:
            least_s, most_s = self.rng.choice(((0.2, 0.5), (0.5, 2), (2, 12)))
            self._later(least_s, most_s, self._press)

    def _settle(self) -> None:
        self.settled += 1
        assert self.conversation.state is State.IDLE, "not settled"
        assert not self.conversation.utterances, "not settled"
        assert self._unfinished is None, f"{self._unfinished} was cut silently"
        assert not self._awaited, f"never answered: {self._awaited}"
        assert not self.conversation.calls, "a tool's answer is not told"
        server = self._link.server
        assert not (server.alive and server.window), "a turn stays open"
        self._press()

    def check_excerpt(self, sent: Sent, held: Held, since: float, until: float) -> None:
        """Promise 1: what was said is sent from its first to its last frame."""
        if sent.closed:
            assert abs(until - held.until) < 2 * FRAME_S, f"{sent} of {held}"
        pressed_at = held.pressed_at
        assert since > min(pressed_at, held.sounded_at) - 2 * FRAME_S
        assert since < pressed_at + 2 * FRAME_S
        quiet = max(held.sounded_at, held.said_until) < pressed_at - 3
        if quiet and not self.troubled:
            pre_roll_s = pressed_at - since
            assert abs(pre_roll_s - SHORT.pre_roll_s) < 2 * FRAME_S, f"{sent} of {held}"

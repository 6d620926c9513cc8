# SPDX-License-Identifier: MIT
"""A random walk with an open microphone: anything may happen, in any order."""

from collections import Counter, defaultdict
from random import Random

import appliance.core.advance as core
from appliance.basics.pcm import CAPTURE_RATE_HZ
from appliance.basics.record import replace
from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core import hands_free
from appliance.core.conversation import Conversation, start
from appliance.core.link import LinkState
from appliance.core.signals import LINK_FAULTS, Fault, Signal, signal
from appliance.core.talk_mode import TalkMode, TalkSettings
from appliance.core.tokens import Tokens
from tests.core.box import PERIOD_FRAMES, SOUND, Tape
from tests.core.call_audit import check_calls
from tests.core.walks import FRAME_S, SHORT, Bounded

LIMIT_S = 15.0
#: What is sent was heard no longer ago: it may have waited for a link, more than once.
_OLDEST_S = 300.0
#: So late is the core told of a press.
_LATE_S = 0.01 + 2 * FRAME_S
_LISTENING = (Signal.LISTENING, Signal.LISTENING_ENDS)


class OpenWalk(Bounded):
    """A conversation that is told anything, and what must hold after each event."""

    def __init__(self, seed: int, *, half_duplex: bool) -> None:
        super().__init__()
        self.rng = Random(seed)
        self.now = 1000.0
        self.talk = TalkSettings(TalkMode.HANDS_FREE, half_duplex, LIMIT_S)
        self.conversation = replace(start(SHORT, self.now, self.talk), ready=True)
        self.tape = Tape()
        self.told = self.played = self.stale = self.carried = self.closed = 0
        #: How often a closed microphone waited for the link, and was then sent.
        self.waited = 0
        self._captured_until = self.now
        #: By the last frame of a period: when such ones ended (numbers come again).
        self._ends: dict[int, list[float]] = defaultdict(list)
        #: When the microphone was open; the last may still be.
        self._open_at: list[list[float]] = []
        #: When the LED showed that it listens; the last may still be.
        self._shown: list[list[float]] = []
        #: When the speaker sounded, the room included.
        self._sounding_since: float | None = None
        self._sounds: list[tuple[float, float]] = []
        #: An answer has begun on this link and not ended; it was cut.
        self._begun = self._cut = False
        self._on_wire = self._has_link = False
        self._calls = 0
        #: How often a tool's answer was told, in each way.
        self.told_tools: Counter[type[ef.Effect]] = Counter()

    def run(self, events: int) -> None:
        while self.told < events:
            self.now += self.rng.choice((0.0, self.rng.expovariate(20)))
            while (due := core.deadline(self.conversation)) and due <= self.now:
                self.tell(ev.TimePassed())
            if event := self._event():
                self.tell(event)

    def tell(self, event: ev.Event) -> None:
        self.told += 1
        self.reactions = 0
        before = self.conversation
        self._has_link = before.link.state is LinkState.UP
        after, effects = core.advance(before, event, self.now)
        self.conversation = after
        check_calls(before, event, after, effects)
        _check_the_speech(before, event, after, effects)
        self._follow_the_service(before, event, effects)
        self._follow_the_button(before, event)
        self._follow_the_light()
        self._follow_the_wait(before, effects)
        for effect in effects:
            self._check(effect)
        if isinstance(event, ev.AnswerInterrupted | ev.TalkPressed):
            assert after.answer is None, "it goes on speaking"
        assert self._on_wire == after.turn_open
        assert not (after.microphone and Fault.MICROPHONE in after.faults)
        due = core.deadline(after)
        assert due is None or due > self.now, "a timer was left behind"
        self._follow_the_speaker()

    def _event(self) -> ev.Event | None:
        r = self.rng
        at = self.now - r.choice((0.0, 0.0, 0.01))
        c = self.conversation
        match r.choices(range(11), (60, 4, 20, 6, 5, 12, 4, 2, 1, 6, 60))[0]:
            case 0:
                return self._period()
            case 1:
                return r.choice((ev.TalkPressed, ev.TalkReleased))(at)
            case 2:
                return ev.AnswerAudio(SOUND)
            case 3:
                return r.choice((ev.AnswerGenerated(), ev.AnswerInterrupted()))
            case 4:
                return ev.AnswerEnded() if r.random() < 0.9 else ev.AnswerPaused()
            case 5:
                return ev.PlaybackDrained(self.conversation.speaker.segment, self.now)
            case 6:
                return r.choice((ev.LinkUp(), ev.LinkUp(), ev.LinkOpening()))
            case 7:
                fault = r.choice((None, None, None, *sorted(LINK_FAULTS, key=str)))
                by = self.now + r.uniform(-1, 5)
                return r.choice((ev.LinkLost(fault, ""), ev.LinkExpiring(by)))
            case 8:
                fault = r.choice(list(Fault))
                return r.choice((ev.FaultCleared, ev.FaultCleared, ev.FaultRaised))(
                    fault
                )
            case 9:
                return self._of_tools_or_days()
            case _ if c.link.state is not LinkState.UP:
                return ev.OrderTaken(ef.CloseTurn(c.turn))
            case _:
                return (
                    ev.OrderTaken(c.link.outbox.waiting[0])
                    if c.link.outbox.waiting
                    else None
                )

    def _of_tools_or_days(self) -> ev.Event:
        r = self.rng
        call_id = f"call {self._calls - r.choice((0, 0, 0, 1, 2, 3))}"
        match r.choices(range(6), (20, 30, 4, 4, 6, 3))[0]:
            case 0:
                self._calls += 1
                blocking = r.random() < 0.3
                return ev.ToolCalled(f"call {self._calls}", "tool", b"{}", blocking)
            case 1:
                return ev.ToolAnswered(call_id, b"{}")
            case 2:
                return ev.ToolCallsCancelled((call_id, "none"))
            case 3:
                return ev.NewConversation()
            case 4:
                return ev.TokensCounted(Tokens(1, 1))
            case _:
                return ev.DayBegan(r.randrange(1, 4))

    def _period(self) -> ev.PeriodCaptured | None:
        frames = int((self.now - self._captured_until) * CAPTURE_RATE_HZ)
        if frames < 1:
            return None
        self._captured_until = self.now
        period = self.tape.period(self.now, min(frames, PERIOD_FRAMES))
        numbers = memoryview(period.pcm).cast("H")
        self._ends[numbers[-1]].append(self.now)
        microphone = self.conversation.microphone
        if microphone and microphone.closing:
            # What is sent of it ends sooner.
            beyond = round((self.now - microphone.until) * CAPTURE_RATE_HZ)
            if 0 < beyond < len(numbers):
                self._ends[numbers[-1 - beyond]].append(microphone.until)
        return period

    def _follow_the_service(
        self, before: Conversation, event: ev.Event, effects: tuple[ef.Effect, ...]
    ) -> None:
        dropped = ef.DropPlayback() in effects
        # What an answer drops is a sentence that it takes the place of.
        dropped = dropped and not isinstance(event, ev.AnswerAudio)
        cut = isinstance(event, ev.AnswerInterrupted) or dropped
        self._cut |= cut and self._begun
        match event:
            case ev.AnswerAudio() if self._has_link:
                self._begun = True
                self.stale += self._cut
            case ev.AnswerEnded() | ev.LinkLost() | ev.LinkOpening():
                self._begun = self._cut = False
            case ev.AnswerPaused() if before.answers.interrupted:
                # What is broken off does not go on.
                self._begun = self._cut = False
        if any(isinstance(e, ef.RenewLink | ef.CloseLink) for e in effects):
            self._begun = self._cut = False
        if isinstance(event, ev.LinkLost | ev.LinkOpening):
            self._on_wire = False

    def _follow_the_button(self, before: Conversation, event: ev.Event) -> None:
        was, now = before.microphone, self.conversation.microphone
        was_open = was is not None and not was.closing
        is_open = now is not None and not now.closing
        if is_open and not was_open:
            assert isinstance(event, ev.TalkPressed), "it listens unasked"
            if was and self._captured_until < was.until:
                self._open_at[-1][1] = float("inf")
            else:
                self._open_at.append([event.at, float("inf")])
        if isinstance(event, ev.TalkPressed) and was and was.closing:
            third = before.taps.count == 2
            refused = before.answer or before.used_up or third
            assert is_open or refused, "a press does not go on listening"
        if was_open and not is_open:
            at = event.at if isinstance(event, ev.TalkPressed) else self.now
            # What was captured before the box could know is not held against it.
            self._open_at[-1][1] = max(at, self._captured_until)
            self.closed += now is not None

    def _follow_the_light(self) -> None:
        shown = signal(self.conversation) in _LISTENING
        was_shown = bool(self._shown) and self._shown[-1][1] == float("inf")
        if shown and not was_shown:
            self._shown.append([self.now, float("inf")])
        if was_shown and not shown:
            self._shown[-1][1] = self.now

    def _follow_the_wait(
        self, before: Conversation, effects: tuple[ef.Effect, ...]
    ) -> None:
        was = before.microphone
        if was and was.closing and hands_free.waits(before):
            self.waited += self.conversation.microphone is None and any(
                isinstance(e, ef.CloseTurn) for e in effects
            )

    def _check(self, effect: ef.Effect) -> None:
        match effect:
            case ef.OpenTurn():
                assert not self._on_wire
                self._on_wire = True
            case ef.CloseTurn():
                assert self._on_wire
                self._on_wire = False
            case ef.RenewLink() | ef.CloseLink():
                self._on_wire = False
            case ef.AnswerTool() | ef.SendText():
                assert self._has_link or self._on_wire, "told to nobody"
                self.told_tools[type(effect)] += 1
            case ef.SendAudio(pcm):
                assert self._on_wire, "audio outside an open microphone"
                self._check_audio(pcm)
            case ef.Play():
                self.played += 1
                assert not self._cut, "stale audio sounds"

    def _check_audio(self, pcm: bytes) -> None:
        """Only what was heard while the microphone was open and the room quiet."""
        frames = memoryview(pcm).cast("H")
        first = next((i for i, frame in enumerate(frames) if frame), None)
        if first is None:
            return
        self.carried += 1
        length_s = (len(frames) - first) * FRAME_S
        ends = [at for at in self._ends[frames[-1]] if at > self.now - _OLDEST_S]
        assert any(self._allowed(at - length_s, at) for at in ends)

    def _allowed(self, since: float, until: float) -> bool:
        """Heard while the microphone was open, the LED said so, and (half-duplex)
        nothing sounded."""
        spans = [(a, b) for a, b in self._open_at[-40:] if b > self.now - _OLDEST_S]
        asked = any(
            a - 2 * FRAME_S < since and until < b + 2 * FRAME_S for a, b in spans
        )
        shown = [(a, b) for a, b in self._shown[-80:] if b > self.now - _OLDEST_S]
        asked = asked and any(
            a - _LATE_S < since and until < b + _LATE_S for a, b in shown
        )
        if not self.talk.half_duplex:
            return asked
        # What a period holds from before the speaker began is not taken out.
        return asked and all(
            until <= a or since > b - 2 * FRAME_S for a, b in self._sounds[-40:]
        )

    def _follow_the_speaker(self) -> None:
        quiet_since = self.conversation.speaker.quiet_since
        if quiet_since is None and self._sounding_since is None:
            self._sounding_since = self.now
        if quiet_since is not None and self._sounding_since is not None:
            self._sounds.append((self._sounding_since, quiet_since))
            self._sounding_since = None


def _check_the_speech(
    before: Conversation,
    event: ev.Event,
    after: Conversation,
    effects: tuple[ef.Effect, ...],
) -> None:
    """What waits to be sent is kept, sent, or told as lost."""
    microphone = before.microphone
    if microphone is None or isinstance(event, ev.StopRequested):
        return
    waiting = microphone.unsent
    kept = after.microphone
    if kept and kept.turn == microphone.turn and after.link.state is not LinkState.UP:
        untaken = sum(map(len, microphone.pieces[microphone.taken :]))
        assert sum(map(len, kept.pieces)) >= untaken, "not taken, and forgotten"
    if not any(map(any, waiting)):
        return
    if kept is None or kept.turn != microphone.turn:
        pieces = {e.pcm for e in effects if isinstance(e, ef.SendAudio)}
        told = any(isinstance(e, ef.PlayEarcon) for e in effects)
        assert told or pieces.issuperset(filter(any, waiting)), "lost silently"
        return
    sent = sum(len(e.pcm) for e in effects if isinstance(e, ef.SendAudio))
    unsent = sum(map(len, kept.unsent))
    assert sent + unsent >= sum(map(len, waiting)), "some of it is lost silently"

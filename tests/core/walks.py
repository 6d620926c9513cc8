# SPDX-License-Identifier: MIT
"""Random walks: whatever happens in whatever order, these things hold."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import appliance.core.advance as core
from appliance.basics.pcm import CAPTURE_RATE_HZ
from appliance.basics.record import replace
from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core import tool_calls
from appliance.core.conversation import OVERDUE_S, Conversation, Timers, start
from appliance.core.link import LinkState
from appliance.core.signals import LINK_FAULTS, Fault
from appliance.core.talk_mode import HOLD, TalkMode, TalkSettings
from appliance.core.tokens import Tokens
from tests.core.box import LIMITS, PERIOD_FRAMES, SOUND, Tape
from tests.core.call_audit import check_calls
from tests.core.sentence_audit import SentenceAudit
from tests.core.wire_audit import Sent, Wire

#: Limits so short that all of them are reached often.
SHORT = replace(
    LIMITS,
    hold_limit_s=5.0,
    hold_warning_s=1.0,
    answer_limit_s=6.0,
    delivery_limit_s=8.0,
    idle_disconnect_s=20.0,
    forget_after_s=9.0,
    tokens_per_day=50,
)
FRAME_S = 1 / CAPTURE_RATE_HZ

#: More timers than this cannot be due within one event.
_REACTIONS = 40


def seed() -> int:
    """WALK_SEED, or another one each time; printed, so that a failure shows it."""
    chosen = int(os.environ.get("WALK_SEED") or int.from_bytes(os.urandom(4), "big"))
    print(f"WALK_SEED={chosen}")
    return chosen


def steps() -> int:
    return int(os.environ.get("WALK_EVENTS", "100000"))


@dataclass(slots=True)
class Held:
    """One hold, as the user knows it."""

    pressed_at: float
    #: Nothing captured from here on may leave the box.
    until: float
    released: bool = False
    #: The speaker sounded last at this instant.
    sounded_at: float = float("-inf")
    #: The hold before covered all up to here.
    said_until: float = float("-inf")


class Bounded:
    """Counts how often the timers are looked at."""

    def __init__(self) -> None:
        self.reactions = 0
        self._timers = core.timers

    def counted(self, c: Conversation) -> Timers:
        """`core.timers`, called a bounded number of times for each event."""
        self.reactions += 1
        assert self.reactions < _REACTIONS, "the timers never end"
        return self._timers(c)


class Walk(Bounded):
    """A conversation, and what must hold after each event it is told."""

    def __init__(
        self, seed: int, *, toggling: bool = False, listening: bool = False
    ) -> None:
        super().__init__()
        self.rng = Random(seed)
        self.now = 1000.0
        self.toggling = toggling
        self.conversation: Conversation = start(
            replace(SHORT, tail_listens=listening),
            self.now,
            TalkSettings(TalkMode.TOGGLE) if toggling else HOLD,
        )
        #: Holds that ended before a tail of the full length.
        self.ended_early = 0
        self.wire = Wire(SHORT.turn_gap_s)
        self.tape = Tape()
        self.told = 0
        #: The hold of each turn.
        self.holds: dict[int, Held] = {}
        #: No answer to this turn or an older one may be heard.
        self.hushed_through = 0
        self._held: Held | None = None
        self._captured_until = self.now
        self._calls = 0
        self.sentences = SentenceAudit()

    def tell(self, event: ev.Event) -> tuple[ef.Effect, ...]:
        self.told += 1
        self.reactions = 0
        before, event = self.conversation, self._as_meant(event)
        self.wire.told(event)
        after, effects = core.advance(before, self._touch(event), self.now)
        self.conversation = after
        self.wire.ordered(effects, self.now)
        self._follow_the_button(before, event, after, effects)
        check_calls(before, event, after, effects)
        self.sentences.check(before, after, effects, self.now)
        self._check(after, effects)
        return effects

    def _as_meant(self, event: ev.Event) -> ev.Event:
        """Toggling, each touch is a press or a release by what it finds."""
        hold = self.conversation.hold
        is_down = hold is not None and hold.released_at is None
        match event:
            case ev.TalkPressed(at) if self.toggling and is_down:
                return ev.TalkReleased(at)
            case ev.TalkReleased(at) if self.toggling and not is_down:
                return ev.TalkPressed(at)
        return event

    def _touch(self, event: ev.Event) -> ev.Event:
        """What the finger does: toggling, it presses to let go."""
        if self.toggling and isinstance(event, ev.TalkReleased):
            return ev.TalkPressed(event.at)
        return event

    def _follow_the_button(
        self,
        before: Conversation,
        event: ev.Event,
        after: Conversation,
        effects: tuple[ef.Effect, ...],
    ) -> None:
        held = self._held
        match event:
            case ev.PeriodCaptured(_, ended_at):
                self._captured_until = ended_at
            case ev.TalkPressed(at) if not before.hold or _never_ends(before):
                assert isinstance(effects[0], ef.DropPlayback), "a press drops"
                self.hushed_through = before.turn
                said_until = held.until if held else float("-inf")
                self._held = Held(at, at + SHORT.hold_limit_s, said_until=said_until)
            case ev.TalkPressed() if held and held.released:
                assert isinstance(effects[0], ef.DropPlayback), "a press drops"
                held.until = held.pressed_at + SHORT.hold_limit_s
                held.released = False
            case ev.TalkReleased(at) if held and before.hold and not held.released:
                # What was captured before the box could know is not held against it.
                until = max(at + SHORT.tail_s, self._captured_until)
                held.until = min(held.until, until)
                held.released = True
        if after.turn > before.turn and self._held:
            self.holds[after.turn] = self._held
        if isinstance(event, ev.PeriodCaptured | ev.TimePassed):
            self._check_the_tail(before, after)

    def _check_the_tail(self, before: Conversation, after: Conversation) -> None:
        """It is not over before the period that holds the release, if that came."""
        hold = before.hold
        if hold is None or hold.turn is None or hold.released_at is None or after.hold:
            return
        limit = hold.pressed_at + SHORT.hold_limit_s
        whole = min(limit, hold.released_at + SHORT.tail_s)
        came = self._captured_until >= min(limit, hold.released_at)
        assert came or self.now >= whole + OVERDUE_S, "the release was cut off"
        self.ended_early += self._captured_until < whole and self.now < whole

    def _check(self, c: Conversation, effects: tuple[ef.Effect, ...]) -> None:
        due = core.deadline(c)
        assert due is None or due > self.now, "a timer was left behind"
        assert c.turn_open == bool(self.wire.open)
        audio = [e for e in effects if isinstance(e, ef.OpenTurn | ef.SendAudio)]
        assert not (audio and tool_calls.holds_audio(c)), "a tool is waited for"
        held_up = tool_calls.holds_audio(c)
        held_up = held_up or c.link.outbox.waiting
        assert c.hold or not self.wire.open or held_up, "a turn stays open"
        turns = [u.turn for u in c.utterances]
        assert turns == sorted(set(turns))
        assert all(u.ended_at is not None for u in c.utterances[:-1])
        assert all(u.failures < 2 for u in c.utterances)
        owed = [turn for turn in c.owed if turn]
        assert owed == sorted(set(owed))
        assert not c.owed or c.link.state is LinkState.UP
        if c.hold and c.hold.turn is not None:
            assert turns[-1] == c.hold.turn
        if c.answer:
            assert not c.hold, "it speaks while the user does"
            more = [u for u in c.utterances if not u.is_promise]
            assert not more, "it speaks, and more is still to be answered"
            assert c.answer.turn == c.turn > self.hushed_through
        assert c.answer or not any(isinstance(e, ef.Play) for e in effects)

    def check_what_was_sent(self) -> None:
        """Promise 2: nothing leaves the box unless the button is held."""
        for sent in self.wire.turns:
            if sent.text:
                continue
            held = self.holds[sent.turn]
            since, until = self.tape.span(sent, held.pressed_at)
            earliest = held.pressed_at - SHORT.pre_roll_s
            assert since > earliest - 2 * FRAME_S, f"{sent} begins before {held}"
            assert until < held.until + 2 * FRAME_S, f"{sent} ends after {held}"
            self.check_excerpt(sent, held, since, until)

    def check_excerpt(
        self, sent: Sent, held: Held, since: float, until: float
    ) -> None: ...


class Chaos(Walk):
    """Arbitrary events in arbitrary order at arbitrary times; holding or toggling."""

    def run(self, events: int) -> None:
        kinds, weights = zip(*self._events().items(), strict=True)
        while self.told < events:
            self._pass_time()
            event = self.rng.choices(kinds, weights)[0]()
            if event:
                self.tell(event)
        self.check_what_was_sent()

    def _pass_time(self) -> None:
        r = self.rng
        step = r.choices((0.0, r.expovariate(25), r.uniform(0.1, 12)), (10, 88, 2))[0]
        until = self.now + step
        while r.random() < 0.9:
            due = core.deadline(self.conversation)
            if due is None or due > until:
                break
            self.now = max(self.now, due)
            self.tell(ev.TimePassed())
        self.now = max(self.now, until)

    def _events(self) -> dict[Callable[[], ev.Event | None], float]:
        r, ago = self.rng, self._ago
        faults = sorted(LINK_FAULTS, key=str)
        return {
            self._period: 40,
            lambda: ev.TalkPressed(ago()): 8,
            lambda: ev.TalkReleased(ago()): 8,
            self._order_taken: 60,
            lambda: ev.AnswerAudio(SOUND): 8,
            ev.AnswerGenerated: 3,
            ev.AnswerInterrupted: 3,
            ev.AnswerProgressed: 2,
            ev.AnswerPaused: 2,
            ev.AnswerEnded: 5,
            lambda: ev.PlaybackDrained(self._segment(), ago()): 6,
            ev.LinkOpening: 2,
            ev.LinkUp: 6,
            lambda: ev.LinkLost(r.choice((None, *faults)), "gone"): 3,
            lambda: ev.LinkExpiring(self.now + r.uniform(-1, 5)): 1,
            lambda: ev.FaultRaised(r.choice(list(Fault))): 0.7,
            lambda: ev.FaultCleared(r.choice(list(Fault))): 1,
            lambda: r.choice((ev.DevicesReady(), ev.StopRequested())): 0.4,
            ev.TimePassed: 2,
            ev.NewConversation: 0.2,
            lambda: ev.TokensCounted(Tokens(1, 1)): 0.5,
            lambda: r.choice(self._knobs()): 1,
            self._tool_called: 1,
            lambda: ev.ToolAnswered(self._call(), b"{}"): 1,
            lambda: ev.ToolCallsCancelled((self._call(), self._call())): 0.2,
            lambda: r.choice(self._watched())(ago()): 6,
        }

    def _watched(self) -> tuple[Callable[[float], ev.Event], ...]:
        """What decides nothing, and is measured."""
        return (
            ev.CaptureOverran,
            ev.PlaybackStarted,
            ev.PlaybackSilenced,
            ev.PlaybackUnderran,
            lambda _: ev.TranscriptHeard("word", self.rng.random() < 0.5),
        )

    def _knobs(self) -> tuple[ev.Event, ...]:
        """Volume and calendar: nothing that is said hangs on them."""
        return (
            ev.VolumeTurned(self.rng.choice((-1, 1, 50))),
            ev.VolumeSet(self.rng.uniform(-10, 110)),
            ev.DayBegan(self.rng.randrange(1, 4)),
        )

    def _order_taken(self) -> ev.OrderTaken | None:
        """The oldest; or one of a link that is gone, which nobody knows yet."""
        c = self.conversation
        if c.link.state is not LinkState.UP:
            return ev.OrderTaken(ef.CloseTurn(c.turn))
        return (
            ev.OrderTaken(c.link.outbox.waiting[0]) if c.link.outbox.waiting else None
        )

    def _tool_called(self) -> ev.ToolCalled:
        self._calls += 1
        call_id = f"call {self._calls}"
        arguments = b"%d" % self.rng.randrange(3)
        return ev.ToolCalled(call_id, "tool", arguments, self.rng.random() < 0.5)

    def _call(self) -> str:
        """One that was made lately; it may be over."""
        return f"call {self._calls - self.rng.choice((0, 0, 0, 1, 2, 3))}"

    def _ago(self) -> float:
        return self.now - self.rng.choice((0, 0, 0.01, 0.3))

    def _segment(self) -> int:
        return self.conversation.speaker.segment - self.rng.choice((0, 0, 1, 2))

    def _period(self) -> ev.PeriodCaptured | None:
        """The next period, perhaps after a gap."""
        ended_at = self.now - self.rng.choice((0, 0.01))
        frames = int((ended_at - self._captured_until) * CAPTURE_RATE_HZ)
        if frames < 1:
            return None
        return self.tape.period(ended_at, min(frames, PERIOD_FRAMES))


def _never_ends(c: Conversation) -> bool:
    """Let go of, and without a microphone that could bring its tail."""
    released = c.hold is not None and c.hold.released_at is not None
    return released and Fault.MICROPHONE in c.faults

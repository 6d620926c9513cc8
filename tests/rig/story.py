# SPDX-License-Identifier: MIT
"""Tells the core a story, event by event, for those who only look on."""

from appliance.config.file import Config, limits
from appliance.core import events as ev
from appliance.core.advance import advance, deadline
from appliance.core.conversation import start
from appliance.core.talk_mode import HOLD, TalkSettings
from appliance.core.tokens import Tokens
from appliance.journal.transition import Transition
from appliance.journal.turn_meter import TurnMeter
from tests.rig.settings import FIXED_TAIL

PERIOD_S = 0.128
PERIOD = b"\x01\x00" * 2048
#: A second of an answer.
SOUND = b"\x02\x55" * 24_000


class Story:
    """A box that is ready and linked; `now` is the story's clock."""

    def __init__(self, *observers, talk: TalkSettings = HOLD) -> None:
        self.now = 100.0
        self.transitions: list[Transition] = []
        self._observers = observers
        self._meter = TurnMeter()
        self._conversation = start(
            limits(Config().changed(turns=FIXED_TAIL)), self.now, talk
        )
        self.tell(ev.DevicesReady(), ev.LinkUp())
        self.drained()

    def tell(self, *events: ev.Event) -> "Story":
        """Each event, at the same instant; the network takes all that is sent."""
        for event in events:
            before = self._conversation
            self._conversation, effects = advance(before, event, self.now)
            transition = self._meter.measured(
                Transition(self.now, event, before, self._conversation, effects)
            )
            self.transitions.append(transition)
            for observe in self._observers:
                observe(transition)
            while waiting := self._conversation.link.outbox.waiting:
                self.tell(ev.OrderTaken(waiting[0]))
        return self

    def wait(self, seconds: float) -> "Story":
        """Time passes; deadlines are kept, nothing is captured."""
        until = self.now + seconds
        while (due := deadline(self._conversation)) is not None and due <= until:
            self.now = max(self.now, due)
            self.tell(ev.TimePassed())
        self.now = until
        return self

    def hear(self, periods: int) -> "Story":
        """The microphone delivers."""
        for _ in range(periods):
            self.wait(PERIOD_S)
            self.tell(ev.PeriodCaptured(PERIOD, self.now))
        return self

    def press(self) -> "Story":
        return self.tell(ev.TalkPressed(self.now))

    def release(self) -> "Story":
        return self.tell(ev.TalkReleased(self.now))

    def say(self, periods: int = 8) -> "Story":
        """A whole hold, tail included."""
        return self.press().hear(periods).release().hear(2)

    def answer(self) -> "Story":
        """A second of answer arrives whole and begins to sound."""
        self.tell(ev.AnswerAudio(SOUND), ev.PlaybackStarted(self.now + 0.02))
        return self.tell(
            ev.TokensCounted(Tokens(audio_in=10, audio_out=20)), ev.AnswerEnded()
        )

    def drained(self) -> "Story":
        """The speaker has played all that was ordered."""
        return self.tell(
            ev.PlaybackDrained(self._conversation.speaker.segment, self.now)
        )

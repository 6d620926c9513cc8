# SPDX-License-Identifier: MIT
"""The far end of the wire: refuses every order that the service would refuse."""

from array import array
from dataclasses import dataclass, field

from appliance.basics.pcm import FRAME_BYTES
from appliance.core import effects as ef
from appliance.core import events as ev

#: Frames carry their number modulo this.
NUMBERS = 2**16


@dataclass(slots=True)
class Sent:
    """What one turn has carried on one link."""

    turn: int
    #: Number of the first frame, modulo NUMBERS.
    first: int = -1
    frames: int = 0
    closed: bool = False
    #: It says something of the box's own, and no audio.
    text: str = ""


@dataclass(slots=True)
class Wire:
    """Follows links and turns; raises AssertionError at the first breach."""

    turn_gap_s: float
    #: Some of the audio is silence that no microphone heard.
    unnumbered: bool = False
    up: bool = False
    open: Sent | None = None
    closed_at: float = float("-inf")
    #: One entry for each OpenTurn, in order.
    turns: list[Sent] = field(default_factory=list)
    #: The last turn opened on this link.
    newest: int = 0

    def told(self, event: ev.Event) -> None:
        match event:
            case ev.LinkUp():
                self.up = True
            case ev.LinkLost() | ev.LinkOpening():
                self._cut()

    def ordered(self, effects: tuple[ef.Effect, ...], now: float) -> None:
        """Check the orders of one step; a turn never opens without audio."""
        for effect in effects:
            match effect:
                case ef.OpenTurn(turn):
                    self._open(turn, now)
                case ef.SendAudio(pcm):
                    self._audio(pcm)
                case ef.SendText(text):
                    self._text(text)
                case ef.CloseTurn(turn):
                    self._close(turn, now)
                case ef.AnswerTool():
                    assert self.up, "a tool's answer sent without a link"
                case ef.RenewLink() | ef.CloseLink():
                    self._cut()
        assert not self.open or self.open.frames, "a turn opened without audio"

    def _cut(self) -> None:
        self.up, self.open, self.newest = False, None, 0
        self.closed_at = float("-inf")

    def _open(self, turn: int, now: float) -> None:
        assert self.up, "a turn opened without a link"
        assert self.open is None, f"turn {turn} opened inside {self.open}"
        assert turn > self.newest, f"turn {turn} opened after {self.newest}"
        assert now - self.closed_at > self.turn_gap_s - 1e-6, "the gap is too short"
        self.open, self.newest = Sent(turn), turn
        self.turns.append(self.open)

    def _audio(self, pcm: bytes) -> None:
        assert self.up, "audio sent without a link"
        assert self.open, "audio sent outside a turn"
        assert not self.open.text, "audio sent in a turn of the box's own"
        frames = array("H", pcm)
        assert frames, "an empty piece was sent"
        if self.unnumbered:
            self.open.frames += len(frames)
            return
        if self.open.first < 0:
            self.open.first = frames[0]
        expected = (self.open.first + self.open.frames) % NUMBERS
        assert frames[0] == expected, "frames are missing, or sent twice"
        self.open.frames += len(pcm) // FRAME_BYTES
        last = (self.open.first + self.open.frames - 1) % NUMBERS
        assert frames[-1] == last, "frames are missing inside a piece"

    def _text(self, text: str) -> None:
        assert text
        assert self.up, "text sent without a link"
        assert self.open, "text sent outside a turn"
        assert not self.open.frames, "text sent in a user's turn"
        self.open.text = text

    def _close(self, turn: int, now: float) -> None:
        assert self.up, "a turn closed without a link"
        assert self.open, f"turn {turn} closed, but none is open"
        assert self.open.turn == turn, f"turn {turn} closed inside {self.open}"
        assert self.open.frames or self.open.text, "a turn closed without audio"
        self.open.closed = True
        self.open, self.closed_at = None, now

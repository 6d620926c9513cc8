# SPDX-License-Identifier: MIT
"""What the mutated frames are for, and what must hold whatever they say."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args
from unittest.mock import patch

from hypothesis import note

import appliance.core.advance as core
from appliance.basics.record import astuple
from appliance.basics.strict_toml import ConfigError
from appliance.core import events as ev
from appliance.live import downlink
from appliance.simulator.live.downlink import Close, Drop, Send, Stall
from appliance.simulator.live.service import Service
from appliance.simulator.live.session import LiveSession
from appliance.simulator.scenario import Scenario
from tests.core.walks import Chaos
from tests.fuzz.specimens import KEY

#: The processor time that one frame may take; the usual is some microseconds.
_LIMIT_S = 2.0
_MOST_MESSAGES = 10_001
_LONGEST_COMPLAINT = 250
_LONGEST_LINE = 8000


@contextmanager
def _examined(frame: bytes | str) -> Iterator[None]:
    """Says which frame it was, should it fail or take too long."""
    since = time.thread_time()
    try:
        yield
        took_s = time.thread_time() - since
        assert took_s < _LIMIT_S, f"it took {took_s:.1f} s"
    except BaseException:
        note(f"the frame: {frame!r}")
        raise


def decode(frames: Iterable[bytes]) -> Iterator[downlink.Message]:
    """What the codec reads in the frames, all of it checked."""
    for frame in frames:
        with _examined(frame):
            try:
                messages, complaints = downlink.decode(frame)
            except downlink.NotJson:
                continue
            assert len(messages) + len(complaints) <= _MOST_MESSAGES
            for message in messages:
                _check(message, len(frame))
            for complaint in complaints:
                assert complaint.isprintable()
                assert len(complaint) <= _LONGEST_COMPLAINT
        yield from messages


def _check(message: downlink.Message, frame_bytes: int) -> None:
    assert isinstance(message, get_args(downlink.Message))
    match message:
        case ev.AnswerAudio(pcm):
            assert type(pcm) is bytes
            assert 0 < len(pcm) < frame_bytes
        case ev.TokensCounted(tokens):
            assert all(0 <= count < 2**32 for count in astuple(tokens))
            assert 0 < tokens.total < 2**33
        case ev.TranscriptHeard(text) | downlink.HandleIssued(text):
            assert 0 < len(text.encode()) < 2**19
        case ev.AnswerEnded(reason):
            assert len(reason) <= 80
            assert reason.isprintable()
        case downlink.ErrorReported(text):
            assert len(text) <= 1000
        case downlink.GoAway(time_left_s):
            # Negative is "since then", as a protobuf Duration may be.
            assert math.isfinite(time_left_s)


class Fed(Chaos):
    """A core in chaos, which is told what the frames say."""

    def feed(self, messages: Iterable[downlink.Message]) -> None:
        kinds, weights = zip(*self._events().items(), strict=True)
        with patch.object(core, "timers", self.counted):
            for message in messages:
                for kind in self.rng.choices(kinds, weights, k=3):
                    self._pass_time()
                    if event := kind():
                        self.tell(event)
                for event in self._told_by(message):
                    self.tell(event)
            self.check_what_was_sent()

    def _told_by(self, message: downlink.Message) -> Iterator[ev.Event]:
        """As a Session does."""
        match message:
            case downlink.SetupComplete():
                yield ev.LinkUp()
            case downlink.GoAway(time_left_s):
                yield ev.LinkExpiring(self.now + max(0.0, time_left_s - 5))
            case downlink.HandleIssued():
                pass
            case downlink.ErrorReported():
                yield ev.LinkLost(None, message.text)
            case _:
                yield message


class Clients:
    """One client after the other says what it will to one simulated service."""

    _SETUP = (
        '{"setup":{"model":"models/gemini-3.8-live","sessionResumption":{},'
        '"realtimeInputConfig":{"automaticActivityDetection":{"disabled":%s}}}}'
    )

    def __init__(self, *, manual: bool) -> None:
        self._service = Service(Scenario(answer_delay_ms=20, go_away_after_s=9))
        self._setup = self._SETUP % str(manual).lower()
        self._now = 1000.0
        self._ended = True

    def say(self, frames: Iterable[bytes], *, set_up: bool) -> None:
        """On a link that is set up, as long as it lasts; or on a new one for each."""
        for index, frame in enumerate(frames):
            if self._ended or not set_up:
                self._connect(set_up)
            # A text frame that is no UTF-8 ends in the WebSocket library.
            said = frame.decode(errors="replace") if index % 50 else frame
            with _examined(said):
                self._session.receive(said, self._now)
                self._let_pass(0.05)

    def _connect(self, set_up: bool) -> None:
        self._ended = False
        self._session = LiveSession(self._service, "v1beta", "some-key")
        if set_up:
            self._session.receive(self._setup, self._now)
            self._let_pass(0.1)

    def _let_pass(self, length_s: float) -> None:
        until = self._now + length_s
        while (at := self._session.next_at) is not None and at <= until:
            self._now = max(self._now, at)
            for action in self._session.due(self._now):
                self._act(action)
        self._now = until

    def _act(self, action: Any) -> None:
        assert not self._ended, "something is said after the end"
        match action:
            case Send(frame):
                assert downlink.decode(frame)[1] == [], frame
            case Close(code, reason):
                self._ended = True
                assert 1000 <= code <= 4999
                assert len(reason.encode()) <= 123
            case _:
                assert not isinstance(action, Drop | Stall), "nothing asked for that"


def read(reader: Callable[[Path], Any], path: Path, texts: Iterable[bytes]) -> None:
    """A value, or the one line that says what is wrong; and no key in it."""
    for text in texts:
        path.write_bytes(text)
        with _examined(text):
            try:
                reader(path)
            except ConfigError as error:
                line = str(error)
                assert line.isprintable()
                assert line.startswith(f"{path}: ")
                assert len(line) < _LONGEST_LINE
                assert KEY[:20] not in line

# SPDX-License-Identifier: MIT
"""What the simulated service remembers beyond one connection."""

import hmac
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from appliance.basics.pcm import CAPTURE_RATE_HZ, PLAYBACK_RATE_HZ
from appliance.simulator.live.sound import babble, resample
from appliance.simulator.live.usage import Context
from appliance.simulator.live.wire import (
    INTERNAL,
    INVALID,
    POLICY,
    Message,
    Refusal,
    client_lines,
    without_audio,
)
from appliance.simulator.scenario import (
    BUILT_IN_ANSWERS,
    Call,
    Dialect,
    Fault,
    Point,
    Scenario,
)
from appliance.simulator.wav import read_wav


@dataclass(slots=True, eq=False)
class HeardTurn:
    """One turn, from its beginning to the end of its answer; times monotonic s.

    Number 0 is nobody's: the service speaks up because a tool has answered late.
    """

    number: int
    link: int
    opened_at: float
    closed_at: float | None = None
    #: When the first audio of the answer was sent.
    first_audio_at: float | None = None
    complete: bool = False
    interrupted: bool = False
    text: str = ""
    #: Which turn of its conversation it is, once its answer has begun.
    in_conversation: int = 0
    _heard: bytearray = field(default_factory=bytearray, repr=False)
    _answer: bytearray = field(default_factory=bytearray, repr=False)

    @property
    def heard(self) -> bytes:
        """The audio of the turn: s16le mono at 16 kHz."""
        return bytes(self._heard)

    @property
    def answer(self) -> bytes:
        """The audio sent in answer: s16le mono at 24 kHz."""
        return bytes(self._answer)

    @property
    def has_audio(self) -> bool:
        return bool(self._heard)

    @property
    def empty(self) -> bool:
        return not (self._heard or self.text)

    def hear(self, pcm: bytes, rate_hz: int = CAPTURE_RATE_HZ) -> None:
        self._heard += resample(pcm, rate_hz, CAPTURE_RATE_HZ)

    def say(self, pcm: bytes, now: float) -> None:
        if self.first_audio_at is None:
            self.first_audio_at = now
        self._answer += pcm


@dataclass(slots=True, eq=False)
class ToolCall:
    """One call of a client's tool, and what came of it; times monotonic s."""

    id: str
    name: str
    args: Message
    link: int
    #: The number of the turn whose answer it belongs to.
    turn: int
    blocking: bool
    called_at: float
    #: When the client's last word on it came, and the JSON object of its newest.
    answered_at: float | None = None
    response: Message | None = None
    cancelled: bool = False
    #: What the service said to the response in a turn of its own.
    remark: HeardTurn | None = None

    @property
    def pending(self) -> bool:
        return self.answered_at is None and not self.cancelled


class Service:
    """Turns, tool calls, handles, the transcript, and the faults still to come.

    Raises ValueError if the scenario's recording cannot be read.
    """

    def __init__(
        self,
        scenario: Scenario,
        api_key: str | None = None,
        dialect: Dialect = "today",
    ) -> None:
        self.scenario = scenario
        self.dialect = dialect
        self.turns: list[HeardTurn] = []
        self.calls: list[ToolCall] = []
        #: The link number and the line, in the order in which things happened.
        self.transcript: list[tuple[int, str]] = []
        self.client_messages: dict[int, list[Message]] = {}
        self._api_key = api_key
        self._handles: dict[str, tuple[int, Context]] = {}
        self._open_links: set[int] = set()
        self._spent: set[int] = set()
        self._recording: bytes | None = None
        if scenario.answer not in BUILT_IN_ANSWERS:
            self._recording = read_wav(Path(scenario.answer), PLAYBACK_RATE_HZ)

    def check_key(self, key: str) -> None:
        """Raises the Refusal of a caller without a key, or with a wrong one."""
        if not key:
            raise Refusal(
                POLICY,
                "Method doesn't allow unregistered callers (callers without "
                "established identity). Please use API Key or other form of API "
                "consumer identity to call this API.",
            )
        if self._api_key is None:
            return
        if not hmac.compare_digest(key.encode(), self._api_key.encode()):
            raise Refusal(INVALID, "API key not valid. Please pass a valid API key.")

    def open_turn(self, link: int, now: float) -> HeardTurn:
        turn = HeardTurn(len(self.turns) + 1, link, now)
        self.turns.append(turn)
        return turn

    def call(
        self, wanted: Call, turn: HeardTurn, now: float, blocking: bool
    ) -> ToolCall:
        id_ = f"function-call-{len(self.calls) + 1}"
        call = ToolCall(
            id_, wanted.name, wanted.args, turn.link, turn.number, blocking, now
        )
        self.calls.append(call)
        return call

    def answer_to(self, turn: HeardTurn) -> bytes:
        """s16le mono at 24 kHz."""
        if self._recording is not None:
            return self._recording
        if self.scenario.answer != "echo":
            return b""
        if not turn.heard:
            return babble()
        return resample(turn.heard, CAPTURE_RATE_HZ, PLAYBACK_RATE_HZ)

    def open_link(self) -> int:
        """The number of a new connection, 1 for the first."""
        link = len(self.client_messages) + 1
        self.client_messages[link] = []
        self._open_links.add(link)
        return link

    def close_link(self, link: int) -> None:
        self._open_links.discard(link)

    def issue_handle(self, link: int, context: Context) -> str:
        handle = secrets.token_hex(16)
        self._handles[handle] = link, context.copy()
        return handle

    def resume(self, handle: str) -> Context:
        """What was said until `handle` was issued.

        Raises the Refusal of a handle unknown, or of a link that is still open.
        """
        if handle not in self._handles:
            raise Refusal(POLICY, "BidiGenerateContent session not found")
        link, context = self._handles[handle]
        if link in self._open_links:
            raise Refusal(INTERNAL, "Internal error encountered.")
        return context.copy()

    def note_message(self, link: int, json: Message) -> None:
        """Add a client message to the transcript, audio replaced by its byte count."""
        plain = without_audio(json)
        self.client_messages[link].append(plain)
        self.note(link, *client_lines(plain))

    def note(self, link: int, *lines: str) -> None:
        """Add to the transcript."""
        self.transcript += [(link, line) for line in lines]

    def faults_at(self, point: Point, turn: int, link: int) -> Iterator[Fault]:
        """The faults that happen here; those that do not repeat are then spent."""
        for index, fault in enumerate(self.scenario.faults):
            wanted = (
                fault.at == point
                and fault.turn in (0, turn)
                and fault.link in (0, link)
                and index not in self._spent
            )
            if wanted:
                if not fault.repeat:
                    self._spent.add(index)
                yield fault

# SPDX-License-Identifier: MIT
"""How the simulated service behaves, and what fails when, from a TOML file."""

from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

from appliance.basics.excerpt import quote
from appliance.basics.pcm import PLAYBACK_RATE_HZ
from appliance.basics.strict_toml import IN_WORDS, ConfigError, parse
from appliance.simulator.wav import WavUnusable, read_wav

Point = Literal[
    "setup",
    "setup_complete",
    "turn_opened",
    "first_audio",
    "turn_closed",
    "answer_started",
    "mid_answer",
    "answer_ended",
]
#: The messages that clients may send: today's Live API, or those of early 2025, too.
Dialect = Literal["today", "2025"]
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Milliseconds = Annotated[int, Meta(ge=0, le=600_000)]
Seconds = Annotated[float, Meta(ge=0, le=86_400)]


class _Values(msgspec.Struct, frozen=True, forbid_unknown_fields=True): ...


class _Fault(_Values, frozen=True, kw_only=True, tag_field="action"):
    """A failure that happens once (each time, if `repeat`).

    It happens `at` a named point; `turn` and `link` count from 1, 0 is any. A fault
    without `at` is for LiveServer.inject: it happens at once.
    """

    at: Point | None = None
    turn: Annotated[
        Count, Meta(description="of all that were said here, from 1; 0 is any")
    ] = 0
    link: Annotated[Count, Meta(description="the connection, from 1; 0 is any")] = 0
    repeat: Annotated[bool, Meta(description="each time, not only the first")] = False


class Drop(_Fault, frozen=True, tag="drop"):
    """The TCP connection is aborted: no close frame."""


class Stall(_Fault, frozen=True, tag="stall"):
    """Nothing more is read or sent, but the connection stays open."""


class Close(_Fault, frozen=True, tag="close"):
    """A close frame with this code and reason."""

    code: Annotated[int, Meta(ge=1000, le=4999, description="of the close frame")] = (
        1011
    )
    reason: Annotated[str, Meta(description="its text")] = "Internal error encountered."


class GoAway(_Fault, frozen=True, tag="go_away"):
    """goAway; 1008 if the client is still there `time_left_s` later."""

    time_left_s: Annotated[Seconds, Meta(description="what it promises, s")] = 50.0


class SilentTurn(_Fault, frozen=True, tag="silent_turn"):
    """The turn ends without (more) audio."""


class Slow(_Fault, frozen=True, tag="slow"):
    """The rest of the answer is sent at `speed`; below 1 the speaker underruns."""

    speed: Annotated[float, Meta(ge=0.01, le=1000, description="times real time")] = 0.5


class Garbage(_Fault, frozen=True, tag="garbage"):
    """A frame that is not JSON."""


class Oversized(_Fault, frozen=True, tag="oversized"):
    """One frame larger than the 1 MiB that many clients take."""

    size_bytes: Annotated[
        int, Meta(ge=1, le=64 * 2**20, description="of the frame")
    ] = 2 * 2**20


class Interrupt(_Fault, frozen=True, tag="interrupted"):
    """`interrupted`, then `turnComplete`, though no one has spoken."""


class Error(_Fault, frozen=True, tag="error"):
    """A message with an error object, as gateways send it; nobody closes."""

    code: Annotated[int, Meta(ge=0, le=599, description="of HTTP or gRPC")] = 503
    message: Annotated[str, Meta(description="its text")] = (
        "The service is currently unavailable."
    )


class UnknownFields(_Fault, frozen=True, tag="unknown_fields"):
    """From now on every message has fields that no client knows."""


Fault = (
    Drop
    | Stall
    | Close
    | GoAway
    | SilentTurn
    | Slow
    | Garbage
    | Oversized
    | Interrupt
    | Error
    | UnknownFields
)


class Call(_Values, frozen=True):
    """The model calls a tool before it answers `turn` (from 1; 0 is each).

    These are the turns of a conversation, which goes on where a handle resumes it;
    those of a fault are counted over all clients.

    Whether it waits says the tool's declaration. All calls of a turn are made at once.
    """

    name: Annotated[
        str,
        Meta(
            pattern="^[A-Za-z_][A-Za-z0-9_.:-]{0,127}$",
            extra={
                IN_WORDS: "letters (A-Z, a-z), digits and _.:-, at most 128, "
                "beginning with a letter or _"
            },
            description="the tool's",
        ),
    ]
    args: Annotated[dict[str, Any], Meta(description="what it is called with")] = {}
    turn: Annotated[
        Count, Meta(description="of each conversation, from 1; 0 is each")
    ] = 0


class Scenario(_Values, frozen=True):
    """The behaviour of the service; by default nothing fails."""

    answer: Annotated[
        str,
        Meta(
            max_length=255,
            description='what it heard; or "silent", "none" (deaf), a 24 kHz mono WAV',
        ),
    ] = "echo"
    answer_delay_ms: Annotated[
        Milliseconds, Meta(description="from the end of a turn to its answer, ms")
    ] = 300
    thinking_ms: Annotated[
        Milliseconds,
        Meta(description="from a filler, said at once, to the rest; 0 is without, ms"),
    ] = 0
    answer_speed: Annotated[
        float,
        Meta(ge=0, le=1000, description="times real time; 0 is as fast as possible"),
    ] = 4.0
    waits_for_playback: Annotated[
        bool, Meta(description="turnComplete when the answer would have been played")
    ] = True
    setup_delay_ms: Annotated[
        Milliseconds, Meta(description="from setup to setupComplete, ms")
    ] = 50
    interrupt_delay_ms: Annotated[
        Milliseconds, Meta(description="audio that still comes after activityStart, ms")
    ] = 50
    pong_delay_s: Annotated[Seconds, Meta(description="so late is each pong, s")] = 0.0
    go_away_after_s: Annotated[
        Seconds, Meta(description="age of a connection at its goAway, s")
    ] = 540.0
    late_words: Annotated[
        bool, Meta(description="transcript and usage come after turnComplete, alone")
    ] = False
    #: As the documentation says; gemini-3.8-live was seen not to do it.
    heeds_stream_end: Annotated[
        bool, Meta(description="audioStreamEnd ends detected speech at once")
    ] = True
    calls: tuple[Call, ...] = msgspec.field(default=(), name="call")
    faults: tuple[Fault, ...] = msgspec.field(default=(), name="fault")


BUILT_IN_ANSWERS = ("echo", "silent", "none")
_POINTS = ", ".join(get_args(Point))
_UNSENDABLE = {1004, 1005, 1006, *range(1015, 3000)}  # RFC 6455 section 7.4
#: RFC 6455 section 5.5: a control frame carries 125, the code takes 2.
_REASON_BYTES = 123


def read_scenario(path: Path) -> Scenario:
    """The scenario in the TOML file `path`. Raises ConfigError, one line."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text") from error
    return _checked(path, parse(text, Scenario, str(path)))


def _checked(path: Path, scenario: Scenario) -> Scenario:
    for index, fault in enumerate(scenario.faults):
        if wrong := _wrong(fault):
            raise ConfigError(f"{path}: fault[{index}].{wrong}")
    for index, call in enumerate(scenario.calls):
        if not _is_json(call.args):
            raise ConfigError(
                f"{path}: call[{index}].args: expected values that JSON has, "
                "at most 50 deep: no dates, no nan, no inf, no endless numbers"
            )
    if scenario.answer in BUILT_IN_ANSWERS:
        return scenario
    recording = path.parent / scenario.answer
    try:
        read_wav(recording, PLAYBACK_RATE_HZ)
    except (WavUnusable, ValueError) as error:  # a name with a NUL is a ValueError
        raise ConfigError(
            f"{path}: answer = {quote(scenario.answer)}: expected "
            f"{', '.join(BUILT_IN_ANSWERS)} or a recording, but {error}"
        ) from error
    return msgspec.structs.replace(scenario, answer=str(recording))


def _is_json(value: Any, depth: int = 50) -> bool:
    match value:
        case dict() | list():
            inner = list(value.values() if isinstance(value, dict) else value)
        case float():
            return isfinite(value)
        case int():
            return abs(value) < 2**63
        case _:
            return isinstance(value, str)
    return depth > 0 and all(_is_json(each, depth - 1) for each in inner)


def _wrong(fault: Fault) -> str:
    """A mistake that types cannot rule out; "" if there is none."""
    if fault.at is None:
        return f"at is missing: expected one of {_POINTS}"
    if not isinstance(fault, Close):
        return ""
    if fault.code in _UNSENDABLE:
        return (
            f"code = {fault.code}: never on the wire; "
            'use another code, or action = "drop"'
        )
    if len(fault.reason.encode()) > _REASON_BYTES:
        return f"reason = {quote(fault.reason)}: longer than {_REASON_BYTES} bytes"
    return ""

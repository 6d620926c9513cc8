# SPDX-License-Identifier: MIT
"""What the Live service says; no I/O.

Its messages are JSON in binary frames (text is taken, too); one may carry several
fields, so each known field is decoded on its own, and what is unknown or malformed is
complained of, not fatal. Source: ai.google.dev/api/live.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType
from msgspec.json import decode as _from_json

from appliance.basics.pcm import PLAYBACK_RATE_HZ
from appliance.core import events as ev
from appliance.core.tokens import Tokens
from appliance.live import tools
from appliance.live.close_codes import error_words


class SetupComplete(Struct, frozen=True):
    """The link may be used."""


class HandleIssued(Struct, frozen=True):
    """The next link may resume this session with `handle`."""

    handle: str


class GoAway(Struct, frozen=True):
    """The service will close this link in `time_left_s`."""

    time_left_s: float


class ErrorReported(Struct, frozen=True):
    """A gateway's way to say what a close frame says elsewhere."""

    text: str


Message = ev.Event | SetupComplete | HandleIssued | GoAway | ErrorReported


class ServiceError(Exception):
    """The link is of no use any more; the text is the service's."""


class NotJson(ValueError):
    """A frame that is no JSON object, or one too deep or too manifold to be read."""


def decode(frame: bytes | str) -> tuple[list[Message], list[str]]:
    """What a server frame says, in the order it is to be acted on, and complaints:
    "unknown field 'x'", "malformed field 'x': why". Raises NotJson.
    """
    commas = frame.count(",") if isinstance(frame, str) else frame.count(b",")
    if commas > _MOST_COMMAS:
        raise NotJson("a frame with too many values")
    try:
        fields = _from_json(frame, type=dict[str, Raw])
    except _UNREADABLE as error:
        raise NotJson("a frame that is not a JSON object") from error
    said = list(_read_all(fields, _TOP_LEVEL, ""))
    messages = _paused([s for s in said if not isinstance(s, str)])
    return messages, [s for s in said if isinstance(s, str)]


#: What one field says; a complaint is a str.
_Said = Iterable[Any]
_Known = dict[str, tuple[Any, Callable[[Any], _Said]]]

_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
_MOST_COMMAS = 10_000  # to read 8 MiB of [0,0,0... takes 1 GB
_Text = Annotated[str, Meta(max_length=2**16)]
_EnumName = Annotated[str, Meta(pattern=r"\A[A-Z0-9_]{1,80}\Z")]
_Count = Annotated[int, Meta(ge=0, lt=2**31)]
_MOST_ERROR = 1000
_IMAGES = ("IMAGE", "VIDEO", "DOCUMENT")
#: A protobuf Duration in JSON.
_Duration = Annotated[str, Meta(pattern=r"\A-?[0-9]{1,12}(\.[0-9]{1,9})?s\Z")]


class _InlineData(Struct):
    mimeType: str
    data: bytes = b""


class _Part(Struct):
    inlineData: _InlineData | UnsetType = UNSET
    text: Raw | UnsetType = UNSET
    thought: bool = False


class _ModelTurn(Struct):
    parts: list[Raw] = []


class _InProgress(Struct):
    """The service goes on, also if a turn ends in the same frame."""


class _Reason(Struct):
    text: str  # belongs to the AnswerEnded of the same frame, if there is one


class _Transcription(Struct):
    text: _Text = ""


class _Handle(Struct):
    newHandle: _Text = ""
    resumable: bool = False


class _GoAway(Struct):
    timeLeft: _Duration = "50s"  # as measured, should it be left out


class _Detail(Struct):
    """So many of the tokens are of this modality."""

    modality: _EnumName | _Count = 0
    tokenCount: _Count = 0


class _Usage(Struct):
    """The prompt is the whole context, each time."""

    promptTokenCount: _Count = 0
    toolUsePromptTokenCount: _Count = 0
    responseTokenCount: _Count = 0
    thoughtsTokenCount: _Count = 0
    promptTokensDetails: list[_Detail] = []
    responseTokensDetails: list[_Detail] = []


def _read_all(fields: dict[str, Raw], known: _Known, where: str) -> _Said:
    for name in fields:
        if name not in known and name not in _IGNORED:
            yield f"unknown field {(where + name)[:80]!r}"
    for name, (type_, say) in known.items():
        if name in fields:
            yield from _read(fields[name], type_, say, where + name)


def _read(field: Raw, type_: Any, say: Callable[[Any], _Said], path: str) -> _Said:
    try:
        yield from say(_from_json(field, type=type_))
    except _UNREADABLE as error:
        yield f"malformed field {path!r}: {error}"


def _content(fields: dict[str, Raw]) -> _Said:
    reason = ""
    for said in _read_all(fields, _SERVER_CONTENT, "serverContent."):
        match said:
            case _Reason(reason):
                pass
            case ev.AnswerEnded():
                yield ev.AnswerEnded(reason)
            case _:
                yield said


def _paused(messages: list[Any]) -> list[Message]:
    """An end in a frame that says "in progress" is none."""
    if not any(isinstance(m, _InProgress) for m in messages):
        return messages
    ended = [m for m in messages if isinstance(m, ev.AnswerEnded)]
    rest = [m for m in messages if not isinstance(m, _InProgress | ev.AnswerEnded)]
    return [*rest, ev.AnswerPaused() if ended else ev.AnswerProgressed()]


def _model_turn(turn: _ModelTurn) -> _Said:
    for index, part in enumerate(turn.parts):
        yield from _read(part, _Part, _part, f"serverContent.modelTurn.parts[{index}]")


def _part(part: _Part) -> _Said:
    if part.thought or part.text is not UNSET:
        yield ev.AnswerProgressed()
    if part.inlineData is UNSET or part.thought:
        return
    _check_format(part.inlineData.mimeType)
    if part.inlineData.data:
        yield ev.AnswerAudio(part.inlineData.data)


def _check_format(mime: str) -> None:
    """Raises ValueError; a missing rate is 24 kHz, the service knows no other."""
    kind, *parameters = mime.lower().replace(" ", "").split(";")
    rates = [text for text in parameters if text.startswith("rate=")]
    if kind != "audio/pcm" or rates not in ([], [f"rate={PLAYBACK_RATE_HZ}"]):
        raise ValueError(f"{mime[:40]!r} is not audio/pcm;rate={PLAYBACK_RATE_HZ}")


def _transcript(said: _Transcription, *, spoken: bool) -> _Said:
    if said.text:
        yield ev.TranscriptHeard(said.text, spoken)


def _usage(usage: _Usage) -> _Said:
    """What is not said to be of another modality counts as audio, the dearest."""
    total_in, total_out = usage.promptTokenCount, usage.responseTokenCount
    text_in = min(_of(usage.promptTokensDetails, "TEXT"), total_in)
    image_in = min(_of(usage.promptTokensDetails, *_IMAGES), total_in - text_in)
    text_out = min(_of(usage.responseTokensDetails, "TEXT"), total_out)
    tokens = Tokens(
        text_in=text_in + usage.toolUsePromptTokenCount,
        audio_in=total_in - text_in - image_in,
        image_in=image_in,
        text_out=text_out + usage.thoughtsTokenCount,
        audio_out=total_out - text_out,
    )
    if tokens.total:
        yield ev.TokensCounted(tokens)


def _of(details: list[_Detail], *modalities: str) -> int:
    return sum(detail.tokenCount for detail in details if detail.modality in modalities)


def _error(error: dict[str, Any] | str) -> _Said:
    yield ErrorReported(error_words(error)[:_MOST_ERROR])


def _handle(update: _Handle) -> _Said:
    if update.resumable and update.newHandle:
        yield HandleIssued(update.newHandle)


def _status(status: str | int) -> _Said:
    """IDLE adds nothing to turnComplete."""
    if status == "IN_PROGRESS":
        yield _InProgress()


def _flag(message: Message) -> tuple[type[bool], Callable[[bool], _Said]]:
    return bool, lambda is_set: [message] if is_set else []


#: In the order in which they are acted on.
_SERVER_CONTENT: _Known = {
    "modelTurn": (_ModelTurn, _model_turn),
    "inputTranscription": (_Transcription, partial(_transcript, spoken=False)),
    "outputTranscription": (_Transcription, partial(_transcript, spoken=True)),
    "interactionStatus": (_EnumName | _Count, _status),
    "generationComplete": _flag(ev.AnswerGenerated()),
    "interrupted": _flag(ev.AnswerInterrupted()),
    # A value newer than the service's own JSON writer is a number.
    "turnCompleteReason": (_EnumName | _Count, lambda reason: [_Reason(str(reason))]),
    "turnComplete": _flag(ev.AnswerEnded()),
}
_TOP_LEVEL: _Known = {
    "setupComplete": (dict[str, Raw], lambda _: [SetupComplete()]),
    "usageMetadata": (_Usage, _usage),
    # Before the end of the turn that it belongs to.
    "toolCall": (tools.ToolCall, tools.called),
    "serverContent": (dict[str, Raw], _content),
    "toolCallCancellation": (tools.ToolCallCancellation, tools.cancelled),
    "interactionStatus": (_EnumName | _Count, _status),
    "sessionResumptionUpdate": (_Handle, _handle),
    "error": (dict[str, Any] | str, _error),
    "goAway": (_GoAway, lambda warning: [GoAway(float(warning.timeLeft[:-1]))]),
}
#: Known, and of no use to a push-to-talk box.
_IGNORED = {
    "waitingForInput",
    "voiceActivity",
    "voiceActivityDetectionSignal",
    "speechState",
    "interimInputTranscription",
    "groundingMetadata",
    "urlContextMetadata",
}

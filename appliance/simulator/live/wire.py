# SPDX-License-Identifier: MIT
"""Reads client frames as strictly as the Live service; writes the service's own.

Independent of the client's codec on purpose: a mistake made there is not made here.
"""

import base64
import re
from collections.abc import Iterable, Iterator
from typing import Any

from appliance.basics.pcm import PLAYBACK_RATE_HZ
from appliance.simulator.live.fields import Blob, ClientMessage, RealtimeInput
from appliance.simulator.live.proto import Misfit, decode, fit

INVALID = 1007
POLICY = 1008
INTERNAL = 1011
INVALID_ARGUMENT = "Request contains an invalid argument."

#: A JSON object. In server messages, audio is still raw bytes.
Message = dict[str, Any]

# What is inside these is the user's own: its keys are not proto fields.
_FREE_FORM = frozenset({"args", "response"})
_FREE_FORM_OF = {
    "functionDeclarations": frozenset(
        {"default", "example", "parametersJsonSchema", "responseJsonSchema"}
    )
}
# Never alone in a message, so not worth a line of their own.
_RIDERS = {"interactionStatus", "usageMetadata"}
_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_MOST_LEVELS = 100  # as protobuf's own JSON parser
_RATE = re.compile("[0-9]{4,5}")
_REASON_BYTES = 123  # RFC 6455 §5.5: a control frame carries 125, the code takes 2


class Refusal(Exception):
    """Why the service closes the link: a code, and a reason cut at 123 bytes."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:_REASON_BYTES].decode(errors="ignore")


def read_json(frame: str | bytes) -> Message:
    """The JSON object in a client frame. Raises Refusal."""
    if isinstance(frame, bytes):
        raise Refusal(INVALID, INVALID_ARGUMENT)
    try:
        message = decode(frame)
    except Misfit as error:
        raise Refusal(
            INVALID, f"Invalid JSON payload received. Unexpected token. {error}"
        ) from error
    if not isinstance(message, dict):
        raise Refusal(
            INVALID, "Invalid JSON payload received. Root element must be a message."
        )
    if _is_bottomless(message):
        raise Refusal(INVALID, "Message too deep. Max recursion depth reached.")
    return message


def read_message(json: Message) -> ClientMessage:
    """The one message in `json`, in either spelling of proto3 JSON. Raises Refusal."""
    spelling: dict[str, str] = {}
    try:
        message = fit(_camel(json, spelling), ClientMessage)
    except Misfit as misfit:
        raise Refusal(INVALID, _complaint(misfit, spelling)) from misfit
    _expect_one(message)
    if message.realtime_input is not None:
        _expect_one(message.realtime_input)
    return message


def pcm_of(blob: Blob) -> tuple[bytes, int]:
    """The s16le mono audio of `blob` and its rate in Hz. Raises Refusal."""
    kind, *parameters = blob.mime_type.replace(" ", "").split(";")
    if kind != "audio/pcm":
        raise Refusal(INVALID, INVALID_ARGUMENT)
    rates = [text[5:] for text in parameters if text.startswith("rate=")]
    if rates and not (_RATE.fullmatch(rates[0]) and 8_000 <= int(rates[0]) <= 96_000):
        raise Refusal(INVALID, INVALID_ARGUMENT)
    # "Assumed 16 kHz", says the documentation of a missing rate.
    return _base64(blob.data), int(rates[0]) if rates else 16_000


def content(**fields: Any) -> Message:
    """A serverContent message."""
    return {"serverContent": fields}


def spoken(pcm: bytes) -> Message:
    """The `modelTurn` of a piece of answer: s16le mono at 24 kHz."""
    mime_type = f"audio/pcm;rate={PLAYBACK_RATE_HZ}"
    inline = {"inlineData": {"mimeType": mime_type, "data": pcm}}
    return {"role": "model", "parts": [inline]}


def thought(text: str) -> Message:
    """A `modelTurn` that is not for the speaker."""
    return content(modelTurn={"parts": [{"text": text, "thought": True}]})


def turn_complete(usage: Message | None = None) -> Message:
    ended = content(turnComplete=True, interactionStatus="IDLE")
    return ended if usage is None else ended | {"usageMetadata": usage}


def error(code: int, message: str) -> Message:
    """What gateways send in place of a close frame."""
    return {"error": {"code": code, "message": message}}


def turn_paused() -> Message:
    """The end of a filler: the rest of the answer is a turn of its own."""
    return content(turnComplete=True, interactionStatus="IN_PROGRESS")


def tool_call(calls: Iterable[tuple[str, str, Message]]) -> Message:
    """A toolCall message; of each call the id, the name and the arguments."""
    named = [{"id": id_, "name": name, "args": args} for id_, name, args in calls]
    return {"toolCall": {"functionCalls": named}}


def go_away(time_left_s: float) -> Message:
    return {"goAway": {"timeLeft": f"{time_left_s:.3f}".rstrip("0").rstrip(".") + "s"}}


def without_audio(json: Any) -> Any:
    """`json` as sent by a client, each blob's base64 replaced by its byte count."""
    if isinstance(json, list):
        return [without_audio(value) for value in json]
    if not isinstance(json, dict):
        return json
    return {
        key: len(value.rstrip("=")) * 3 // 4
        if key == "data" and isinstance(value, str)
        else without_audio(value)
        for key, value in json.items()
    }


def client_lines(json: Message) -> Iterator[str]:
    """One line for each thing in a message `without_audio`, such as `> audio 4096`."""
    for name, value in _camel(json, {}).items():
        if name != "realtimeInput" or not isinstance(value, dict):
            yield f"> {name}"
            continue
        for kind, payload in value.items():
            size = payload.get("data", "") if isinstance(payload, dict) else ""
            yield f"> {kind} {size}".rstrip()


def server_lines(message: Message) -> Iterator[str]:
    """One line for each thing in a server message, such as `< audio 1920`."""
    for name, value in message.items():
        if name in _RIDERS:
            continue
        if name == "goAway":
            yield f"< goAway {value['timeLeft']}"
        elif name == "serverContent":
            yield from server_lines(value)
        elif name == "modelTurn":
            yield _part_line(value["parts"][0])
        else:
            yield f"< {name}"


def _part_line(part: Message) -> str:
    inline = part.get("inlineData")
    return f"< audio {len(inline['data'])}" if inline else "< text"


def _camel(
    json: Any, spelling: dict[str, str], free: frozenset[str] = _FREE_FORM
) -> Any:
    """`json` with camelCase names and no nulls; `spelling` learns what was sent.

    What is in a field that is one of `free` stays as it is.
    """
    if isinstance(json, list):
        return [_camel(value, spelling, free) for value in json]
    if not isinstance(json, dict):
        return json
    fields = {}
    for name, value in json.items():
        camel = re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)
        spelling[camel] = name
        if camel in free:
            fields[camel] = value
        elif camel == "properties" and isinstance(value, dict):
            fields[camel] = {
                key: _camel(schema, spelling, free) for key, schema in value.items()
            }
        elif value is not None:
            fields[camel] = _camel(value, spelling, _FREE_FORM_OF.get(camel, free))
    return fields


def _is_bottomless(json: Any) -> bool:
    level = [json]
    for _ in range(_MOST_LEVELS):
        level = [inner for value in level for inner in _inside(value)]
    return bool(level)


def _inside(json: Any) -> Iterable[Any]:
    if isinstance(json, dict):
        return json.values()
    return json if isinstance(json, list) else ()


def _snake(path: str) -> str:
    return re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", path)


def _complaint(misfit: Misfit, spelling: dict[str, str]) -> str:
    """The service's words for a field it does not take."""
    at = f" at '{_snake(misfit.where)}'" if misfit.where else ""
    unknown = _UNKNOWN_FIELD.fullmatch(misfit.what)
    if unknown is None:
        return f"Invalid value{at} ({misfit.what})"
    name = spelling.get(unknown["name"], unknown["name"])
    return (
        f'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.'
    )


def _expect_one(message: ClientMessage | RealtimeInput) -> None:
    """One payload a message. Raises Refusal."""
    payloads = (getattr(message, name) for name in message.__struct_fields__)
    if sum(payload is not None for payload in payloads) != 1:
        raise Refusal(INVALID, INVALID_ARGUMENT)


def _base64(text: str) -> bytes:
    """Standard or URL-safe base64, padded or not: proto3 JSON takes all four."""
    text = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:  # binascii.Error, or it is not ASCII
        reason = "Invalid value at 'realtime_input.audio.data' (TYPE_BYTES)"
        raise Refusal(INVALID, reason) from error

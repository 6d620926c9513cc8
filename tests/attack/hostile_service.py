# SPDX-License-Identifier: MIT
"""What a hostile Live service says, over and over, for as long as it is asked to."""

import asyncio
import base64
import contextlib
import itertools
import json
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from websockets.asyncio.server import ServerConnection

from tests.live.loopback import accept, header, pour
from tests.rig.waiting import noise

MIB = 1 << 20
_PING, _TEXT_FIRST, _NEXT = 0x89, 0x01, 0x00
_ESCAPES = "\x1b[2J\x1b]0;owned\x07\r\nforged: all is well\x01\x9b31m\u202e"


@dataclass
class Heard:
    """The audio that the box sent: when it came, and whether it had a sound in it."""

    audio: list[tuple[float, bool]] = field(default_factory=list)
    links: int = 0

    def note(self, frame: str | bytes) -> None:
        fields = json.loads(frame).get("realtimeInput", {})
        if sound := fields.get("audio"):
            audible = any(base64.b64decode(sound["data"]))
            self.audio.append((time.monotonic(), audible))


Talk = Callable[[ServerConnection, Heard], Awaitable[None]]


def says(*messages: Callable[[int], str], every_s: float = 0.0) -> Talk:
    """Each message with its number, without end; what the box says is read."""

    async def talk(socket: ServerConnection, heard: Heard) -> None:
        await accept(socket)
        reading = asyncio.create_task(_listen(socket, heard))
        try:
            for number in itertools.count():
                for message in messages:
                    await socket.send(message(number).encode())
                await asyncio.sleep(every_s)
        finally:
            reading.cancel()

    return talk


def pours(pieces: Iterable[bytes]) -> Talk:
    """Raw bytes after the setup, without end; what the box says is never read."""

    async def talk(socket: ServerConnection, heard: Heard) -> None:
        await accept(socket)
        socket.transport.pause_reading()
        await pour(socket, itertools.cycle(pieces))
        socket.transport.abort()

    return talk


def closes(code: int, *reasons: str, after_s: float = 0.0) -> Talk:
    """Each link after its setup, with the next of the reasons."""
    turn = itertools.cycle(reasons)

    async def talk(socket: ServerConnection, heard: Heard) -> None:
        await accept(socket)
        reading = asyncio.create_task(_listen(socket, heard))
        await asyncio.sleep(after_s)
        reading.cancel()
        await socket.close(code, next(turn))

    return talk


async def _listen(socket: ServerConnection, heard: Heard) -> None:
    with contextlib.suppress(Exception):
        async for frame in socket:
            heard.note(frame)


def raw(message: str) -> bytes:
    """As one text frame of a server."""
    content = message.encode()
    return header(0x81, len(content)) + content


def message(**fields: object) -> Callable[[int], str]:
    """The same each time."""
    text = json.dumps(fields)
    return lambda number: text


def content(**fields: object) -> Callable[[int], str]:
    return message(serverContent=fields)


def audio(*pieces: bytes) -> dict[str, object]:
    """A modelTurn, a part for each piece of s16le at 24 kHz."""
    return {
        "parts": [
            {
                "inlineData": {
                    "mimeType": "audio/pcm;rate=24000",
                    "data": base64.b64encode(piece).decode(),
                }
            }
            for piece in pieces
        ]
    }


def call(name: str, number: int = 0, **args: object) -> dict[str, object]:
    return {"id": f"call-{number}", "name": name, "args": args}


def calls(number: int) -> str:
    """Eight that nobody declared."""
    each = [call(f"nobody{i}", 8 * number + i) for i in range(8)]
    return json.dumps({"toolCall": {"functionCalls": each}})


def new_fields(number: int) -> str:
    """A hundred that nobody knows, never the same."""
    return json.dumps({f"field-{number}-{i}": i for i in range(100)})


LOUD = noise(12_000)
SILENT_10_MS = bytes(480)
TEXT = "x" * 60_000
#: Attacks on memory: what each says, for a minute.
FLOODS: dict[str, Talk] = {
    "a tool call whose name has 12 MB": says(
        message(toolCall={"functionCalls": [call("n" * 12 * MIB)]})
    ),
    "a tool call whose name has 3 MB": says(
        message(toolCall={"functionCalls": [call("n" * 3 * MIB)]})
    ),
    "a tool call whose arguments have 3 MB": says(
        message(toolCall={"functionCalls": [call("lamp", text="a" * 3 * MIB)]})
    ),
    "a tool call whose id has 3 MB": says(
        message(
            toolCall={"functionCalls": [{"id": "i" * 3 * MIB, "name": "n", "args": {}}]}
        )
    ),
    "pings, and no pong is read": pours([(bytes([_PING, 125]) + bytes(125)) * 8192]),
    "transcripts without end": says(
        content(inputTranscription={"text": TEXT}),
        content(outputTranscription={"text": TEXT}),
    ),
    "calls to be refused, and no reply is read": pours(
        [raw(calls(number)) for number in range(500)]
    ),
    "audio in parts of 2 bytes": says(content(modelTurn=audio(*[LOUD[:2]] * 3000))),
    "audio without end": says(content(modelTurn=audio(LOUD))),
    "a part of 3 MB of audio": says(content(modelTurn=audio(bytes(2 * MIB)))),
    "text parts without end": says(
        content(modelTurn={"parts": [{"text": TEXT, "thought": True}]})
    ),
    "fields that nobody knows": says(new_fields),
    "handles of 60 KB": says(
        message(sessionResumptionUpdate={"newHandle": TEXT, "resumable": True})
    ),
    "cancellations of 3 MB": says(
        message(toolCallCancellation={"ids": ["i" * 3 * MIB]})
    ),
    "ends of answers without end": says(
        content(interrupted=True), content(turnComplete=True)
    ),
    "go-away without end": says(message(goAway={"timeLeft": "60s"})),
    "tokens without end": says(
        message(usageMetadata={"promptTokenCount": 2**30, "responseTokenCount": 2**30})
    ),
    "errors of 3 MB": says(message(error={"message": "e" * 3 * MIB, "code": 500})),
    "lists in lists": says(lambda number: "[" * 3 * MIB),
    "no JSON": says(lambda number: "\x1b[2J" * MIB),
    "a message in parts of no byte": pours(
        [bytes([_TEXT_FIRST, 0]), bytes([_NEXT, 0]) * 65_536]
    ),
    "setupComplete without end": says(message(setupComplete={})),
}
#: Attacks on terminal and journal.
ESCAPES: dict[str, Talk] = {
    "escapes in reasons of closes": closes(1011, _ESCAPES[:100], f"quota {_ESCAPES}"),
    "escapes in names, fields and reasons": says(
        message(toolCall={"functionCalls": [call(_ESCAPES, text=_ESCAPES)]}),
        message(**{_ESCAPES: 1}),
        content(turnCompleteReason=_ESCAPES, turnComplete=True),
        content(outputTranscription={"text": _ESCAPES}),
        message(error={"message": _ESCAPES, "status": _ESCAPES}),
    ),
}
SILENT_ANSWERS = says(
    content(modelTurn=audio(SILENT_10_MS)), content(turnComplete=True), every_s=1.0
)
LOUD_ANSWERS = says(
    content(modelTurn=audio(LOUD[:4800])), content(turnComplete=True), every_s=1.0
)
FAULTS = closes(1011, "Internal error encountered.", "", after_s=1.5)

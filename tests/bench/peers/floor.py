# SPDX-License-Identifier: MIT
"""The floor: the least that a push-to-talk client of the Live API takes in Python.

websockets, json and PyAudio in callback mode, with the service's own periods. It heals
nothing, shows nothing, and keeps nothing of what is said.
"""

import asyncio
import base64
import json
import os
import sys
import threading
from collections import deque

import pyaudio
from websockets.asyncio.client import connect

CAPTURE_FRAMES, PLAYBACK_FRAMES = 2048, 960
SETUP = {
    "model": "models/gemini-3.8-live",
    "generationConfig": {"responseModalities": ["AUDIO"]},
    "realtimeInputConfig": {"automaticActivityDetection": {"disabled": True}},
}


async def main() -> None:
    loop, outbox, held = asyncio.get_running_loop(), asyncio.Queue(), threading.Event()
    playing: deque[bytes] = deque()
    rest = b""

    def order(kind: str, value: object) -> None:
        message = {"realtimeInput": {kind: value}}
        loop.call_soon_threadsafe(outbox.put_nowait, json.dumps(message))

    def hear(pcm: bytes, *_: object) -> tuple[None, int]:
        if held.is_set():
            text = base64.b64encode(pcm).decode()
            order("audio", {"data": text, "mimeType": "audio/pcm;rate=16000"})
        return None, pyaudio.paContinue

    def fill(_: None, frames: int, *__: object) -> tuple[bytes, int]:
        nonlocal rest
        wanted = frames * 2
        while len(rest) < wanted and playing:
            rest += playing.popleft()
        pcm, rest = rest[:wanted], rest[wanted:]
        return pcm.ljust(wanted, b"\0"), pyaudio.paContinue

    def drop() -> None:
        nonlocal rest
        playing.clear()
        rest = b""

    def obey() -> None:
        for line in sys.stdin:
            if line == "press\n":
                drop()
                order("activityStart", {})
                held.set()
            else:
                held.clear()
                order("activityEnd", {})

    async def receive() -> None:
        async for frame in link:
            content = json.loads(frame).get("serverContent", {})
            if content.get("interrupted"):
                drop()
            for part in content.get("modelTurn", {}).get("parts", ()):
                playing.append(base64.b64decode(part["inlineData"]["data"]))

    key = {"x-goog-api-key": os.environ["GEMINI_API_KEY"]}
    url = os.environ["LIVE_URL"]
    async with connect(url, additional_headers=key, compression=None) as link:
        await link.send(json.dumps({"setup": SETUP}))
        await link.recv()
        card = pyaudio.PyAudio()
        mono = {"format": pyaudio.paInt16, "channels": 1}
        streams = [
            card.open(16_000, **mono, input=True, frames_per_buffer=CAPTURE_FRAMES,
                      stream_callback=hear),
            card.open(24_000, **mono, output=True, frames_per_buffer=PLAYBACK_FRAMES,
                      stream_callback=fill),
        ]  # fmt: skip
        threading.Thread(target=obey, daemon=True).start()
        receiving = asyncio.create_task(receive())
        while streams and not receiving.done():
            await link.send(await outbox.get())


asyncio.run(main())

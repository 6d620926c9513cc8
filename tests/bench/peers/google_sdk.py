# SPDX-License-Identifier: MIT
"""A push-to-talk client as Google's example for the Live API is built: its SDK, two
queues, and blocking reads and writes of PyAudio in threads."""

import asyncio
import os
import sys
from urllib.parse import urlsplit

import pyaudio
from google import genai
from google.genai import types

CHANNELS, FORMAT = 1, pyaudio.paInt16
SEND_RATE_HZ, RECEIVE_RATE_HZ = 16_000, 24_000
PERIOD_FRAMES = int(os.environ.get("PERIOD_FRAMES", 1024))
MODEL = "models/gemini-3.8-live"
CONFIG = types.LiveConnectConfig(
    response_modalities=[types.Modality.AUDIO],
    realtime_input_config=types.RealtimeInputConfig(
        automatic_activity_detection=types.AutomaticActivityDetection(disabled=True)
    ),
)


class AudioLoop:
    """Four tasks and the queues between them."""

    def __init__(self) -> None:
        self.to_play: asyncio.Queue[bytes] = asyncio.Queue()
        self.to_send: asyncio.Queue[types.Blob] = asyncio.Queue(maxsize=5)
        self.held = False
        self.card = pyaudio.PyAudio()

    async def run(self, client: genai.Client) -> None:
        async with (
            client.aio.live.connect(model=MODEL, config=CONFIG) as self.session,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(self.listen())
            tasks.create_task(self.send())
            tasks.create_task(self.receive())
            tasks.create_task(self.play())
            tasks.create_task(self.obey())

    async def obey(self) -> None:
        lines = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
        )
        async for line in lines:
            self.held = line == b"press\n"
            if self.held:
                await self.session.send_realtime_input(
                    activity_start=types.ActivityStart()
                )
            else:
                await self.session.send_realtime_input(activity_end=types.ActivityEnd())

    async def listen(self) -> None:
        microphone = await asyncio.to_thread(
            self.card.open,
            format=FORMAT,
            channels=CHANNELS,
            rate=SEND_RATE_HZ,
            input=True,
            frames_per_buffer=PERIOD_FRAMES,
        )
        while True:
            pcm = await asyncio.to_thread(
                microphone.read, PERIOD_FRAMES, exception_on_overflow=False
            )
            if self.held:
                blob = types.Blob(data=pcm, mime_type="audio/pcm;rate=16000")
                await self.to_send.put(blob)

    async def send(self) -> None:
        while True:
            blob = await self.to_send.get()
            await self.session.send_realtime_input(audio=blob)

    async def receive(self) -> None:
        while True:
            async for response in self.session.receive():
                if response.data:
                    self.to_play.put_nowait(response.data)
            # The turn is over, or was talked over: playback stops.
            while not self.to_play.empty():
                self.to_play.get_nowait()

    async def play(self) -> None:
        speaker = await asyncio.to_thread(
            self.card.open,
            format=FORMAT,
            channels=CHANNELS,
            rate=RECEIVE_RATE_HZ,
            output=True,
        )
        while True:
            pcm = await self.to_play.get()
            await asyncio.to_thread(speaker.write, pcm)


def client() -> genai.Client:
    host = urlsplit(os.environ["LIVE_URL"]).netloc
    options = types.HttpOptions(base_url=f"https://{host}", api_version="v1beta")
    return genai.Client(api_key=os.environ["GEMINI_API_KEY"], http_options=options)


asyncio.run(AudioLoop().run(client()))

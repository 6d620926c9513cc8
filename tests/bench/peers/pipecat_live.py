# SPDX-License-Identifier: MIT
"""A push-to-talk client on pipecat: its Gemini Live service and its local audio."""

import asyncio
import os
import sys
from urllib.parse import urlsplit

from loguru import logger
from pipecat.frames.frames import (
    LLMContextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineParams, PipelineTask
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.google.gemini_live.llm import (
    GeminiLiveLLMService,
    GeminiMediaResolution,
    GeminiVADParams,
)
from pipecat.transports.local.audio import (
    LocalAudioTransport,
    LocalAudioTransportParams,
)


class Button(FrameProcessor):
    """The user's turns, by the lines on stdin."""

    async def process_frame(self, frame, direction) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)

    async def obey(self) -> None:
        lines = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
        )
        async for line in lines:
            if line == b"press\n":
                await self.broadcast_interruption()
                await self.push_frame(UserStartedSpeakingFrame())
            else:
                await self.push_frame(UserStoppedSpeakingFrame())


async def main() -> None:
    logger.remove()
    transport = LocalAudioTransport(
        LocalAudioTransportParams(audio_in_enabled=True, audio_out_enabled=True)
    )
    host = urlsplit(os.environ["LIVE_URL"]).netloc
    llm = GeminiLiveLLMService(
        api_key=os.environ["GEMINI_API_KEY"],
        settings=GeminiLiveLLMService.Settings(
            vad=GeminiVADParams(disabled=True),
            media_resolution=GeminiMediaResolution.LOW,
            language="",
        ),
        user_audio_preroll_secs=0.3,
        http_options={"base_url": f"https://{host}", "api_version": "v1beta"},
    )
    button = Button()
    task = PipelineTask(
        Pipeline([transport.input(), button, llm, transport.output()]),
        params=PipelineParams(
            audio_in_sample_rate=16_000, audio_out_sample_rate=24_000
        ),
        cancel_on_idle_timeout=False,
    )
    obeying = asyncio.create_task(button.obey())
    await task.queue_frame(LLMContextFrame(LLMContext()))
    await PipelineRunner(handle_sigint=False).run(task)
    obeying.cancel()


asyncio.run(main())

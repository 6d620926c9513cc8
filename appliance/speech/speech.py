# SPDX-License-Identifier: MIT
"""Has the sentences of one language ready, and says one when it is asked to."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from appliance.basics.strict_toml import ConfigError
from appliance.core.message_ids import SPEECH_ID
from appliance.core.sentences import Sentence
from appliance.hardware.alarm import Alarm
from appliance.hardware.call_thread import CallThread
from appliance.speech import kept, network, status
from appliance.speech.espeak import SpeechUnavailable
from appliance.speech.language import LANGUAGES
from appliance.speech.words import Words, words

DIRECTORY = "speech"
#: What is said by three taps, and may be other words the next time.
_STATUS_DIRECTORY = "status"
#: Ends no segment that the core knows: it waits for the last.
_MORE_FOLLOWS = 0
#: Not imported: numpy stays out of the service.
_SYNTHESIS = "appliance.speech.synthesis"
#: All sentences take a second on a laptop, and half a minute on the slowest Pi.
_MAKE_LIMIT_S = 120.0
_STATUS_LIMIT_S = 20.0
#: At the first start what is to be said may be just being made.
_AWAIT_MADE_S = 8.0
_LOOK_EVERY_S = 0.1
#: An SD card that is slower says nothing.
_READ_LIMIT_S = 0.5
#: All that espeak-ng and Python need of the environment: neither key nor credentials.
_ENVIRONMENT = ("PATH", "PYTHONPATH")

log = logging.getLogger(__name__)


class Speech:
    """Speech in `directory`, made when the language is set; None: there are no words.

    `insert` gets what is to sound (s16le mono at 24 kHz, empty if there are no words)
    and its segment.

    Threads: the event loop's; the disk is read on one of its own, speech is made by a
    process.
    """

    def __init__(
        self, directory: Path | None, insert: Callable[[bytes, int], None]
    ) -> None:
        self._directory = directory
        self._insert = insert
        self._disk = CallThread("speech files")
        self._changed = Alarm()
        self._voice = ""
        self._words: Words = {}
        self._texts: dict[Sentence, str] = {}
        self._is_making = False
        self._saying: asyncio.Task[None] | None = None

    def configure(self, language: str | None) -> None:
        """Speak `language`, a key of LANGUAGES; None: nothing is said in words."""
        words = _words(language) if language and self._directory else {}
        if words == self._words:
            return
        self._words = words
        self._texts = status.fixed(words, network.host_name()) if words else {}
        self._voice = LANGUAGES[language].voice if language else ""
        self._is_making = True
        self._changed.ring()

    async def run(self) -> None:
        """Make what is to be said; never returns."""
        while True:
            await self._changed.wait()
            if self._directory and self._texts:
                directory = self._directory / DIRECTORY
                await self._make([*self._texts.values()], directory, _MAKE_LIMIT_S)
            self._is_making = False

    def say(self, sentence: Sentence, segment: int) -> None:
        """Insert it as `segment`, in a moment; nothing, if there are no words."""
        self._saying = asyncio.create_task(self._say(sentence, segment))

    def say_status(self, state: Sentence, volume_percent: int, segment: int) -> None:
        """Insert as `segment` how the box is, and, piece by piece, where."""
        telling = self._say_status(state, volume_percent, segment)
        self._saying = asyncio.create_task(telling)

    def drop(self) -> None:
        """What has not been inserted is not to sound any more."""
        if self._saying:
            self._saying.cancel()
            self._saying = None

    async def _say(self, sentence: Sentence, segment: int) -> None:
        text = self._texts.get(sentence, "")
        self._insert(await self._recorded(text, DIRECTORY), segment)

    async def _say_status(self, state: Sentence, percent: int, segment: int) -> None:
        await self._say(state, _MORE_FOLLOWS)
        await self._say(Sentence.HOST, _MORE_FOLLOWS)
        if self._words and self._directory:
            wifi, address = await network.wifi(), network.address()
            texts = [*status.changing(self._words, address, wifi, percent)]
            directory = self._directory / _STATUS_DIRECTORY
            await self._make(texts, directory, _STATUS_LIMIT_S)
            for text in texts:
                pcm = await self._recorded(text, _STATUS_DIRECTORY)
                self._insert(pcm, _MORE_FOLLOWS)
        await self._say(Sentence.VERSION, segment)

    async def _recorded(self, text: str, directory: str) -> bytes:
        """Empty if there are no words. What is just being made is waited for."""
        if not text or not self._directory:
            return b""
        path = kept.path_of(text, self._voice, self._directory / directory)
        ends_at = time.monotonic() + _AWAIT_MADE_S
        while not (pcm := await self._read(path)) and self._is_making:
            if time.monotonic() > ends_at:
                break
            await asyncio.sleep(_LOOK_EVERY_S)
        return pcm

    async def _read(self, path: Path) -> bytes:
        # TimeoutError is one, too: it is silent then, and the sound before was heard.
        with contextlib.suppress(OSError):
            return await self._disk.call(partial(kept.read, path), _READ_LIMIT_S)
        return b""

    async def _make(self, texts: list[str], directory: Path, limit_s: float) -> None:
        try:
            await make(texts, self._voice, directory, limit_s)
        except SpeechUnavailable as error:
            _log(error)


async def make(
    texts: Sequence[str], voice: str, directory: Path, limit_s: float = _MAKE_LIMIT_S
) -> None:
    """Have `texts` in `directory`, made by a process. Raises SpeechUnavailable."""
    command = (sys.executable, "-P", "-m", _SYNTHESIS, str(directory), voice)
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            env={k: os.environ[k] for k in _ENVIRONMENT if k in os.environ},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise SpeechUnavailable(f"{command[0]}: {error.strerror}") from None
    try:
        async with asyncio.timeout(limit_s):
            _, complaint = await process.communicate("\n".join(texts).encode())
    except TimeoutError:
        why = f"speech is not made within {limit_s:g} s"
        raise SpeechUnavailable(why) from None
    finally:
        # espeak-ng, and what that may have left behind, are in its group.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    if process.returncode:
        lines = complaint.decode(errors="replace").strip().splitlines()
        last = lines[-1] if lines else f"exit code {process.returncode}"
        raise SpeechUnavailable("".join(c if c.isprintable() else " " for c in last))


def _words(language: str) -> Words:
    """As the files have them; without a usable file, nothing."""
    try:
        return words(language)
    except ConfigError as error:
        _log(error)
        return {}


def _log(why: Exception) -> None:
    text = f"no words, only sounds: {why}"
    log.warning("%s", text, extra={"MESSAGE_ID": SPEECH_ID})

# SPDX-License-Identifier: MIT
"""Has the sentences of one language ready, and says one when it is asked to."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from appliance import __version__
from appliance.basics.strict_toml import ConfigError
from appliance.core.message_ids import SPEECH_ID
from appliance.core.sentences import Sentence
from appliance.hardware.alarm import Alarm
from appliance.hardware.call_thread import CallThread
from appliance.speech import kept
from appliance.speech.espeak import SpeechUnavailable
from appliance.speech.language import LANGUAGES
from appliance.speech.words import fill_in, placeholders, words

DIRECTORY = "speech"
#: Not imported: numpy stays out of the service.
_SYNTHESIS = "appliance.speech.synthesis"
#: All sentences take a second on a laptop, and half a minute on the slowest Pi.
_MAKE_LIMIT_S = 120.0
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
        self._directory = directory / DIRECTORY if directory else None
        self._insert = insert
        self._disk = CallThread("speech files")
        self._changed = Alarm()
        self._voice = ""
        self._texts: dict[Sentence, str] = {}
        self._reading: asyncio.Task[None] | None = None

    def configure(self, language: str | None) -> None:
        """Speak `language`, a key of LANGUAGES; None: nothing is said in words."""
        texts = _fixed(language) if language and self._directory else {}
        if texts == self._texts:
            return
        self._texts = texts
        self._voice = LANGUAGES[language].voice if language else ""
        self._changed.ring()

    async def run(self) -> None:
        """Make what is to be said; never returns."""
        while True:
            await self._changed.wait()
            if self._directory and self._texts:
                await self._make(self._directory)

    def say(self, sentence: Sentence, segment: int) -> None:
        """Insert it as `segment`, in a moment; nothing, if there are no words."""
        text = self._texts.get(sentence)
        if not text or not self._directory:
            self._insert(b"", segment)
            return
        path = kept.path_of(text, self._voice, self._directory)
        self._reading = asyncio.create_task(self._read(path, segment))

    def drop(self) -> None:
        """What has not been inserted is not to sound any more."""
        if self._reading:
            self._reading.cancel()
            self._reading = None

    async def _read(self, path: Path, segment: int) -> None:
        pcm = b""
        # TimeoutError is one, too: it is silent then, and the sound before was heard.
        with contextlib.suppress(OSError):
            pcm = await self._disk.call(partial(kept.read, path), _READ_LIMIT_S)
        self._insert(pcm, segment)

    async def _make(self, directory: Path) -> None:
        try:
            await make([*self._texts.values()], self._voice, directory)
        except SpeechUnavailable as error:
            text = f"no words, only sounds: {error}"
            log.warning("%s", text, extra={"MESSAGE_ID": SPEECH_ID})


async def make(texts: Sequence[str], voice: str, directory: Path) -> None:
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
        async with asyncio.timeout(_MAKE_LIMIT_S):
            _, complaint = await process.communicate("\n".join(texts).encode())
    except TimeoutError:
        why = f"speech is not made within {_MAKE_LIMIT_S:g} s"
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


def _fixed(language: str) -> dict[Sentence, str]:
    """What is said whole, as the files have it; without a usable file, nothing."""
    try:
        said = words(language)
    except ConfigError as error:
        text = f"no words, only sounds: {error}"
        log.warning("%s", text, extra={"MESSAGE_ID": SPEECH_ID})
        return {}
    version = fill_in(said[Sentence.UPDATED], version=__version__)
    whole = {**said, Sentence.UPDATED: version}
    return {s: text for s, text in whole.items() if not placeholders(text)}

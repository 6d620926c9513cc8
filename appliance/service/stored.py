# SPDX-License-Identifier: MIT
"""What outlives the process: the volume, and what the day has used."""

import asyncio
import logging
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

from appliance.basics.record import replace
from appliance.basics.strict_toml import ConfigError, Meta, Section, keys, parse
from appliance.basics.whole_file import write_whole
from appliance.config.file import Config, limits, talk_settings
from appliance.core import budget
from appliance.core.conversation import Conversation, start
from appliance.core.tokens import Spent, Tokens
from appliance.core.volume import Volume
from appliance.hardware.call_thread import CallThread
from appliance.journal.transition import Transition

#: An SD card wears out, and may take long to write.
EVERY_S = 5.0
_WRITE_LIMIT_S = 10.0
_LAST_WRITE_LIMIT_S = 1.0

_Gain = Annotated[float, Meta(ge=0, le=4)]
_Count = Annotated[int, Meta(ge=0, lt=2**53)]
Kept = TypeVar("Kept", bound=Section)

log = logging.getLogger(__name__)


class StoredVolume(Section, frozen=True):
    gain: _Gain
    #: [speaker] gain then: who changes that means it.
    configured: _Gain


class StoredTokens(Section, frozen=True):
    day: _Count
    text_in: _Count
    audio_in: _Count
    image_in: _Count
    text_out: _Count
    audio_out: _Count


class StoredState:
    """Two small files in `directory`, each written whole or not at all, at most every
    EVERY_S seconds and at the end. None: nothing is kept.

    Threads: the event loop's; the disk is written on one of its own.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._thread = CallThread("state files") if directory else None
        #: File name -> what is to be written.
        self._due: dict[str, bytes] = {}
        self._changed = asyncio.Event()
        self._configured_gain = 0.0

    def conversation(self, config: Config, now: float) -> Conversation:
        """A box that has just been switched on, as it was left. What cannot be read is
        logged, and as configured."""
        speaker = config.speaker
        self._configured_gain = speaker.gain
        volume = Volume(speaker.gain, speaker.gain_limit)
        kept = self._read("volume", StoredVolume)
        if kept and kept.configured == speaker.gain:
            volume = Volume(min(kept.gain, speaker.gain_limit), speaker.gain_limit)
        begun = start(limits(config), now, talk_settings(config))
        begun = replace(begun, volume=volume)
        if used := self._read("tokens", StoredTokens):
            counts = {key.name: key.value for key in keys(used)}
            begun = budget.start(begun, Spent(counts.pop("day"), Tokens(**counts)))
        return begun

    def reconfigured(self, volume: Volume, config: Config) -> Volume:
        """Another [speaker] gain counts; else it stays as loud as it was turned."""
        speaker, before = config.speaker, self._configured_gain
        self._configured_gain = speaker.gain
        gain = volume.gain if speaker.gain == before else speaker.gain
        return Volume(min(gain, speaker.gain_limit), speaker.gain_limit)

    def follow(self, transition: Transition) -> None:
        """Keep what `transition` changed."""
        before, after = transition.before, transition.after
        if after.volume != before.volume:
            self._keep(
                "volume",
                StoredVolume(gain=after.volume.gain, configured=self._configured_gain),
            )
        if after.spent != before.spent:
            tokens = after.spent.tokens
            self._keep(
                "tokens",
                StoredTokens(
                    day=after.spent.day,
                    text_in=tokens.text_in,
                    audio_in=tokens.audio_in,
                    image_in=tokens.image_in,
                    text_out=tokens.text_out,
                    audio_out=tokens.audio_out,
                ),
            )

    async def run(self) -> None:
        """Write what changes; never returns."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self._write(_WRITE_LIMIT_S)
            await asyncio.sleep(EVERY_S)

    async def close(self) -> None:
        """Write what has not been written, if that is quick."""
        await self._write(_LAST_WRITE_LIMIT_S)

    def _keep(self, name: str, kept: Section) -> None:
        text = "".join(f"{key.name} = {key.value!r}\n" for key in keys(kept))
        self._due[name] = text.encode()
        self._changed.set()

    async def _write(self, limit_s: float) -> None:
        due, self._due = self._due, {}
        if not self._directory or not self._thread:
            return
        for name, content in due.items():
            path = self._directory / name
            order = partial(write_whole, path, content, 0o600)
            try:
                await self._thread.call(order, limit_s)
            except OSError as error:  # TimeoutError is one, too
                why = error.strerror or f"it takes more than {limit_s:g} s"
                log.warning("%s: cannot be written (%s); %s", path, why, _LOSS)

    def _read(self, name: str, type_: type[Kept]) -> Kept | None:
        if not self._directory:
            return None
        path = self._directory / name
        try:
            return parse(path.read_text(encoding="utf-8"), type_, str(path))
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            why = f"{path}: not UTF-8 text"
        except OSError as error:
            why = f"{path}: cannot be read: {error.strerror}"
        except ConfigError as error:
            why = str(error)
        log.warning("%s; it begins anew", why)
        return None


_LOSS = "it is forgotten when the box restarts"

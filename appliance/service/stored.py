# SPDX-License-Identifier: MIT
"""State that outlives the process: volume, tokens of the day, what was said, and the
last failures."""

import asyncio
import contextlib
import logging
import os
from functools import partial
from pathlib import Path
from typing import Annotated

from appliance import __version__
from appliance.basics.record import replace
from appliance.basics.strict_toml import ConfigError, Meta, Section, keys, parse
from appliance.basics.whole_file import read_small, write_whole
from appliance.config import outcome
from appliance.config.file import Config, limits, talk_settings
from appliance.core import budget
from appliance.core.conversation import Conversation, start
from appliance.core.effects import Say
from appliance.core.sentences import Sentence, Spoken
from appliance.core.talk_mode import TalkMode
from appliance.core.tokens import Spent, Tokens
from appliance.core.volume import Volume
from appliance.hardware.call_thread import CallThread
from appliance.journal.transition import Transition
from appliance.service import failures
from appliance.service.calendar import wall_clock_s
from appliance.service.failures import Failure

#: An SD card wears out, and may be slow to write.
EVERY_S = 5.0
_WRITE_LIMIT_S = 10.0
_LAST_WRITE_LIMIT_S = 1.0
_MOST_BYTES = 4096
_NAME = "state"
#: What is lost with each file.
_LOSSES = {
    _NAME: "volume and tokens are forgotten when the box restarts",
    failures.NAME: "the doctor will not know of the last failures",
}
#: What is said once in the life of a box, and once of a version.
_WELCOMES = frozenset({Sentence.FIRST_START, Sentence.UPDATED})

_Gain = Annotated[float, Meta(ge=0, le=4)]
_Count = Annotated[int, Meta(ge=0, lt=2**53)]

log = logging.getLogger(__name__)


class _Volume(Section, frozen=True):
    gain: _Gain
    #: [speaker] gain at that time: a change of that key wins.
    configured: _Gain


class _Tokens(Section, frozen=True):
    day: _Count
    text_in: _Count
    audio_in: _Count
    image_in: _Count
    text_out: _Count
    audio_out: _Count


class _Said(Section, frozen=True):
    #: That began with it; "": this box has never begun.
    version: Annotated[str, Meta(max_length=64)] = ""
    #: Of what was found on the boot partition (Outcome.at_us).
    provisioned_us: _Count = 0


class _State(Section, frozen=True):
    """The file. No configuration has the default of `configured`."""

    volume: _Volume = _Volume(gain=0.0, configured=-1.0)
    tokens: _Tokens = _Tokens(
        day=0, text_in=0, audio_in=0, image_in=0, text_out=0, audio_out=0
    )
    #: 0.1.0 did not keep it.
    said: _Said = _Said(version="0.1.0")


class StoredState:
    """Two small files in `directory`, each written whole or not at all, at most every
    EVERY_S seconds and at the end. None: nothing is kept.

    Threads: the event loop's; the disk is written on one of its own.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._thread = CallThread("state file") if directory else None
        #: What is to be written, by the name of the file.
        self._due: dict[str, str] = {}
        self._changed = asyncio.Event()
        self._configured_gain = 0.0
        self._outcome = outcome.read(outcome.PATH)
        self._said = _Said()
        self._failures = self._read_failures()

    def conversation(self, config: Config, now: float) -> Conversation:
        """The conversation at the start: with the stored volume and tokens, or as
        configured if the file cannot be read, which is logged."""
        speaker, stored = config.speaker, self._read()
        self._said = stored.said
        self._configured_gain = gain = speaker.gain
        if stored.volume.configured == speaker.gain:
            gain = min(stored.volume.gain, speaker.gain_limit)
        begun = start(limits(config), now, talk_settings(config))
        begun = replace(
            begun,
            volume=Volume(gain, speaker.gain_limit),
            spoken=Spoken(greetings=self._greetings(begun.talk.mode)),
        )
        counts = {key.name: key.value for key in keys(stored.tokens)}
        return budget.start(begun, Spent(counts.pop("day"), Tokens(**counts)))

    def reconfigured(self, volume: Volume, config: Config) -> Volume:
        """A changed [speaker] gain replaces the volume; otherwise it stays."""
        speaker, before = config.speaker, self._configured_gain
        self._configured_gain = speaker.gain
        gain = volume.gain if speaker.gain == before else speaker.gain
        return Volume(min(gain, speaker.gain_limit), speaker.gain_limit)

    def follow(self, transition: Transition) -> None:
        """Keep what `transition` changed."""
        before, after = transition.before, transition.after
        kept_failures = failures.failed(self._failures, transition, wall_clock_s())
        if kept_failures != self._failures:
            self._failures = kept_failures
            self._keep(failures.NAME, failures.text(kept_failures))
        said = self._said_in(transition)
        kept = (before.volume, before.budget.spent, self._said)
        if (after.volume, after.budget.spent, said) == kept:
            return
        self._said = said
        counts = {key.name: key.value for key in keys(after.budget.spent.tokens)}
        state = _State(
            volume=_Volume(gain=after.volume.gain, configured=self._configured_gain),
            tokens=_Tokens(day=after.budget.spent.day, **counts),
            said=said,
        )
        self._keep(_NAME, _text(state))

    def _keep(self, name: str, text: str) -> None:
        self._due[name] = text
        self._changed.set()

    def _said_in(self, transition: Transition) -> _Said:
        """What has been said by now: what was found on the boot partition, once the
        box is ready; a welcome, when it is said."""
        before, said = transition.before, self._said
        sentences = {e.sentence for e in transition.effects if isinstance(e, Say)}
        if transition.after.ready and not before.ready:
            said = said.changed(provisioned_us=self._outcome.at_us)
            if not _WELCOMES & set(before.spoken.greetings):
                said = said.changed(version=__version__)
        if _WELCOMES & sentences:
            said = said.changed(version=__version__)
        return said

    def _greetings(self, mode: TalkMode) -> tuple[Sentence, ...]:
        """What is to be said once the box is ready. Without a file to keep it in, it
        would be said at each start."""
        if not self._directory:
            return ()
        greetings: tuple[Sentence, ...] = ()
        if self._outcome.at_us != self._said.provisioned_us:
            greetings = self._outcome.sentences
        before = self._said.version
        if before and before != __version__:
            greetings += (Sentence.UPDATED,)
        # As it is worded, the button is held.
        if not before and mode is TalkMode.HOLD:
            greetings += (Sentence.FIRST_START,)
        return greetings

    async def run(self) -> None:
        """Write what changes; never returns."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self._write(_WRITE_LIMIT_S)
            await asyncio.sleep(EVERY_S)

    async def close(self) -> None:
        """Write what is still unwritten, if it does not take long."""
        await self._write(_LAST_WRITE_LIMIT_S)

    async def _write(self, limit_s: float) -> None:
        due, self._due = self._due, {}
        if not self._directory or not self._thread:
            return
        for name, text in due.items():
            path = self._directory / name
            order = partial(write_whole, path, text.encode(), 0o600)
            try:
                await self._thread.call(order, limit_s)
            except OSError as error:  # TimeoutError is one, too
                why = error.strerror or f"it takes more than {limit_s:g} s"
                log.warning("%s: cannot be written (%s); %s", path, why, _LOSSES[name])

    def _read(self) -> _State:
        if not self._directory:
            return _State()
        path = self._directory / _NAME
        try:
            text = _stored_text(self._directory)
            state = parse(text, _State, str(path))
        except UnicodeDecodeError:
            why = f"{path}: not UTF-8 text"
        except OSError as error:
            why = f"{path}: cannot be read: {error.strerror}"
        except ConfigError as error:
            why = str(error)
        else:
            return state if text else _State(said=_Said())
        log.warning("%s; volume and tokens are as configured", why)
        return _State(said=_Said(version=__version__))

    def _read_failures(self) -> tuple[Failure, ...]:
        """A file that cannot be read is replaced without a word."""
        if self._directory:
            with contextlib.suppress(OSError, ConfigError):
                return failures.read(self._directory / failures.NAME)
        return ()


def _text(state: _State) -> str:
    return "".join(
        f"[{table.name}]\n"
        + "".join(f"{key.name} = {key.value!r}\n" for key in keys(table.value))
        for table in keys(state)
    )


def _stored_text(directory: Path) -> str:
    """The file, or the two files, one a table, that 0.1.0 wrote. "" without any."""
    if os.path.lexists(path := directory / _NAME):
        return read_small(path, _MOST_BYTES).decode()
    return "".join(
        f"[{name}]\n{read_small(directory / name, _MOST_BYTES).decode()}"
        for name in ("volume", "tokens")
        if (directory / name).is_file()
    )

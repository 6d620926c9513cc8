# SPDX-License-Identifier: MIT
"""The microphone and the speaker of a demo, and the voice in its microphone."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from appliance.basics.pcm import CAPTURE_RATE_HZ, FRAME_BYTES, PLAYBACK_RATE_HZ
from appliance.config.devices import speaker_choice
from appliance.config.file import Config
from appliance.hardware.card import Card, DeviceUnavailable, DeviceUnknown
from appliance.hardware.sound_card import AlsaCard
from appliance.simulator.question import question
from appliance.simulator.virtual_card import VirtualCard
from appliance.simulator.wav import WavUnusable, read_wav
from appliance.simulator.wav_card import RecordingCard, WavCard

ANSWER = Path("answer.wav")

_ALSA = "alsa:"


@dataclass(frozen=True, slots=True)
class Sound:
    """The cards of a demo, and its configuration with their devices."""

    config: Config
    microphone_card: Card
    speaker_card: Card
    #: Ask the question; silence where the microphone is a real one.
    ask: Callable[[], None]
    #: The file that the answer is written to, if any.
    wav: Path | None


async def choose_sound(
    config: Config, *, microphone: str | None, speaker: str | None
) -> Sound:
    """The sound of `--mic` and `--speaker`: a WAV file, alsa:NAME, or the default.

    Raises:
        WavUnusable: a file cannot be read or written, or is of the wrong kind.
    """
    alsa = AlsaCard()
    if _is_card(microphone):
        config = _with_device(config, "microphone", microphone)
    elif microphone and not _is_card(speaker):
        _keep_apart(Path(microphone), Path(speaker or ANSWER))
    if _is_card(speaker):
        config = _with_device(config, "speaker", speaker)
    microphone_card, ask = _ears(microphone, alsa)
    speaker_card, wav = await _mouth(speaker, alsa, config)
    return Sound(config, microphone_card, speaker_card, ask, wav)


def _keep_apart(microphone: Path, written: Path) -> None:
    """Raises WavUnusable if both names are one file: the answer would overwrite the
    recording."""
    if microphone.exists() and written.exists() and microphone.samefile(written):
        raise WavUnusable(
            f"{written}: the answer would overwrite what --mic plays; give another "
            "file with --speaker"
        )


def virtual_sound(config: Config, directory: Path) -> Sound:
    """Real PyAudio on a virtual card in `directory`, for this process.

    Raises:
        VirtualCardUnavailable: it cannot be built here.
    """
    card = VirtualCard(directory)
    os.environ.update(card.environment)
    config = _with_device(config, "microphone", "alsa:microphone")
    config = _with_device(config, "speaker", "alsa:speaker")
    alsa = AlsaCard()
    return Sound(
        config,
        alsa,
        RecordingCard(alsa, ANSWER),
        lambda: card.say(question()),
        ANSWER,
    )


def _ears(microphone: str | None, alsa: AlsaCard) -> tuple[Card, Callable[[], None]]:
    """A microphone, and a function that asks the question into it."""
    if _is_card(microphone):
        return alsa, _nothing
    if microphone is not None:
        ambience = read_wav(Path(microphone), CAPTURE_RATE_HZ)
        return WavCard(ambience=ambience), _nothing
    said = WavCard()
    return said, lambda: said.say(question())


async def _mouth(
    speaker: str | None, alsa: AlsaCard, config: Config
) -> tuple[Card, Path | None]:
    """A speaker, and the file that it writes, if any."""
    if _is_card(speaker):
        return alsa, None
    if speaker is not None:
        return WavCard(heard=Path(speaker)), Path(speaker)
    if await _is_there(alsa, config):
        return RecordingCard(alsa, ANSWER), ANSWER
    return WavCard(heard=ANSWER), ANSWER


def _is_card(name: str | None) -> TypeGuard[str]:
    return name is not None and name.startswith(_ALSA)


def _with_device(config: Config, section: str, name: str) -> Config:
    device = getattr(config, section).changed(card="", device=name.removeprefix(_ALSA))
    return config.changed(**{section: device})


async def _is_there(card: AlsaCard, config: Config) -> bool:
    """Whether this machine has a speaker."""
    frames = config.speaker.period_frames
    try:
        stream = await card.open_playback(
            speaker_choice(config),
            PLAYBACK_RATE_HZ,
            frames,
            lambda _: bytes(frames * FRAME_BYTES),
        )
    except (DeviceUnknown, DeviceUnavailable):
        return False
    await stream.close()
    return True


def _nothing() -> None:
    """A real microphone hears the people in the room."""

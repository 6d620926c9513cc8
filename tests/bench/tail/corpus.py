# SPDX-License-Identifier: MIT
"""Things to say, synthesized and recorded, in quiet and in loud rooms."""

import subprocess
import wave
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from appliance.basics.pcm import CAPTURE_RATE_HZ, resample

Wave = NDArray[np.float64]

#: A voice of espeak-ng, words a minute, and what it says.
Sentence = tuple[str, int, str]

#: They end in vowels, stops and fricatives; some pause before the last word.
SENTENCES: tuple[Sentence, ...] = (
    ("en-us", 165, "What is the weather like today?"),
    ("en-us+f3", 130, "Please turn off the kitchen light"),
    ("en-gb", 220, "Remind me to call Max at six"),
    ("en-gb+m5", 165, "How long do I boil an egg, please?"),
    ("en-us+croak", 150, "Yes"),
    ("en-gb+whisper", 150, "Tell me about the first fish"),
    ("en-us", 260, "Set the alarm for half past eight"),
    ("de", 165, "Wie hoch ist die Zugspitze?"),
    ("de+f2", 130, "Spiel bitte etwas Musik, und zwar jetzt"),
    ("de+m3", 220, "Was koche ich heute aus Kohl und Speck"),
    ("fr", 165, "Quelle heure est-il à New York?"),
    ("fr+f4", 200, "Raconte-moi une histoire, s'il te plaît"),
    ("es", 165, "Cuéntame un chiste corto"),
    ("es+m2", 230, "Qué tiempo hace hoy en Madrid"),
    ("it", 165, "Accendi la luce in salotto"),
    ("pt", 150, "Qual é a capital da Austrália?"),
    ("nl", 180, "Hoe laat vertrekt de laatste trein naar Utrecht"),
    ("pl", 165, "Jaka będzie jutro pogoda w Krakowie?"),
    ("uk", 165, "Розкажи мені казку про рукавичку"),
    ("ja", 165, "おはようございます"),
)
#: What a Debian machine may have: alsa-utils, and pocketsphinx-testdata.
RECORDINGS = (
    "usr/share/sounds/alsa/*_*.wav",
    "usr/share/pocketsphinx/test/data/*/*.wav",
    "usr/share/pocketsphinx/test/data/*.raw",
)
_BLOCK_FRAMES = CAPTURE_RATE_HZ // 100
_HUM_HZ = (50, 100, 150)
_MUSIC_HZ = (262, 330, 392, 523, 392, 330)


@dataclass(frozen=True, slots=True)
class Clip:
    """One thing said, at 16 kHz between -1 and 1, from its first to its last sound."""

    name: str
    speech: Wave
    #: Of each hundredth of a second, whether it is to be heard.
    audible: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Room:
    """What else the microphone hears, and how loud all of it is."""

    name: str
    noise: str = "white"
    snr_db: float = 60.0
    #: Of the speech.
    peak_db: float = -12.0
    #: Of full scale.
    offset: float = 0.0


ROOMS = (
    Room("digital silence", "none"),
    *(Room(f"noise {snr_db} dB", "white", snr_db) for snr_db in (0, 5, 10, 15, 20, 30)),
    Room("pink noise 15 dB", "pink", 15),
    Room("fan and hum 10 dB", "fan", 10),
    Room("fan and hum 20 dB", "fan", 20),
    Room("radio 10 dB", "radio", 10),
    Room("radio 20 dB", "radio", 20),
    Room("offset of 3 %", "white", 40, offset=0.03),
    # 94 dB SPL is -26 dBFS, its own noise 33 dB(A): data sheet; speech 1 m away.
    Room("INMP441", "white", 28, peak_db=-45, offset=0.001),
)


def synthesized(sentences: Iterable[Sentence] = SENTENCES) -> Iterator[Clip]:
    """What espeak-ng says; it is needed here."""
    for voice, words_per_minute, text in sentences:
        yield _spoken(voice, words_per_minute, text)


def recorded(root: Path) -> Iterator[Clip]:
    """Whatever of RECORDINGS is below `root`."""
    for path in sorted(path for each in RECORDINGS for path in root.glob(each)):
        if path.suffix == ".raw":
            yield _clip(path.name, path.read_bytes(), CAPTURE_RATE_HZ)
            continue
        with wave.open(str(path)) as file:
            pcm = file.readframes(file.getnframes())
            yield _clip(path.name, pcm, file.getframerate())


def heard(clip: Clip, room: Room, dice: np.random.Generator, around: int) -> bytes:
    """The microphone's s16le PCM, with `around` frames before and after the clip."""
    speech = clip.speech * 10 ** (room.peak_db / 20)
    length = len(speech) + 2 * around
    everything = np.zeros(length)
    everything[around : around + len(speech)] = speech
    if room.noise != "none":
        loudness = _rms(speech[np.repeat(clip.audible, _BLOCK_FRAMES)])
        noise = _noise(room.noise, length, dice)
        everything += noise * loudness * 10 ** (-room.snr_db / 20)
    frames = np.rint((everything + room.offset) * 32767)
    return np.clip(frames, -32768, 32767).astype("<i2").tobytes()


def _spoken(voice: str, words_per_minute: int, text: str) -> Clip:
    options = f"-v {voice} -s {words_per_minute} -z --stdout".split()
    command = ["espeak-ng", *options, text]
    wav = subprocess.run(command, check=True, capture_output=True).stdout
    rate_hz = int.from_bytes(wav[24:28], "little")
    return _clip(f"{voice} {words_per_minute}: {text}", wav[44:], rate_hz)


def _clip(name: str, pcm: bytes, rate_hz: int) -> Clip:
    pcm = pcm[: len(pcm) // 2 * 2]
    speech = np.frombuffer(resample(pcm, rate_hz, CAPTURE_RATE_HZ), "<i2") / 32768
    blocks = speech[: len(speech) // _BLOCK_FRAMES * _BLOCK_FRAMES]
    blocks = blocks.reshape(-1, _BLOCK_FRAMES) / np.abs(speech).max()
    loudness = np.ptp(blocks, axis=1) / 2
    # 40 dB below the loudest, but no recording's own noise.
    loud = loudness > max(0.01, 2 * float(np.quantile(loudness, 0.05)))
    audible = _in_runs(loud, 3)
    first, last = np.flatnonzero(audible)[[0, -1]]
    kept = slice(first, last + 1)
    return Clip(name, blocks[kept].reshape(-1), audible[kept])


def _in_runs(blocks: NDArray[np.bool_], length: int) -> NDArray[np.bool_]:
    """Those with so many in a row: a single one is a click."""
    found = np.zeros_like(blocks)
    for n in range(len(blocks) - length + 1):
        if blocks[n : n + length].all():
            found[n : n + length] = True
    return found


def _noise(kind: str, length: int, dice: np.random.Generator) -> Wave:
    """With an RMS of 1."""
    white = dice.standard_normal(length)
    if kind == "white":
        return white
    if kind == "radio":
        return _radio(length, dice)
    hz = np.maximum(np.fft.rfftfreq(length, 1 / CAPTURE_RATE_HZ), 20)
    slope = 0.5 if kind == "pink" else 1.0
    noise = np.fft.irfft(np.fft.rfft(white) / hz**slope, length)
    noise /= _rms(noise)
    if kind == "fan":
        at = np.arange(length) / CAPTURE_RATE_HZ
        noise += sum(np.sin(2 * np.pi * hz * at + hz) * 50 / hz for hz in _HUM_HZ)
    return noise / _rms(noise)


def _radio(length: int, dice: np.random.Generator) -> Wave:
    """Somebody talks over music."""
    host = _host()
    talk = np.resize(np.roll(host, dice.integers(len(host))), length)
    at = np.arange(length) / CAPTURE_RATE_HZ
    note = CAPTURE_RATE_HZ // 4
    pitches = np.repeat(list(islice(cycle(_MUSIC_HZ), length // note + 1)), note)
    music = np.sin(2 * np.pi * np.cumsum(pitches[:length]) / CAPTURE_RATE_HZ)
    sound = talk / _rms(talk) + 0.5 * music * (1 - 0.8 * (4 * at % 1))
    return sound / _rms(sound)


@cache
def _host() -> Wave:
    return _spoken("de+m1", 190, "Es folgt die Übersicht mit dem Wetter").speech


def _rms(wave: Wave) -> float:
    return float(np.sqrt(np.mean(wave**2)))

# SPDX-License-Identifier: MIT
"""`make sentences LANGUAGE=de`: an audio file of each sentence, with its sound."""

import sys
import wave
from pathlib import Path

from appliance.basics.pcm import FRAME_BYTES, PLAYBACK_RATE_HZ
from appliance.core.sentences import NAMES
from appliance.service.announce import sound_of
from appliance.speech.language import LANGUAGES


def write(code: str, directory: Path) -> None:
    """NAME.wav of each. Raises SpeechUnavailable, OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        with wave.open(str(directory / f"{name}.wav"), "wb") as wav:
            wav.setnchannels(1)
            wav.setsampwidth(FRAME_BYTES)
            wav.setframerate(PLAYBACK_RATE_HZ)
            wav.writeframes(sound_of(name, code))


if __name__ == "__main__":
    code, directory = sys.argv[1:]
    if code not in LANGUAGES:
        sys.exit(f"LANGUAGE={code}: expected one of {', '.join(LANGUAGES)}")
    write(code, Path(directory))

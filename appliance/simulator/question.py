# SPDX-License-Identifier: MIT
"""The recorded question that a demo asks."""

from pathlib import Path

from appliance.basics.pcm import CAPTURE_RATE_HZ
from appliance.simulator.wav import read_wav

#: Made with espeak-ng and sox for this project.
_QUESTION = Path(__file__).with_name("question.wav")


def question() -> bytes:
    """s16le mono at 16 kHz."""
    return read_wav(_QUESTION, CAPTURE_RATE_HZ)

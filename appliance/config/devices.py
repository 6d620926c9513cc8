# SPDX-License-Identifier: MIT
"""Which microphone and which speaker the configuration means."""

from appliance.config.file import Config
from appliance.hardware.card import Choice

#: [microphone] gain_db for "what the card needs".
AUTOMATIC_GAIN_DB = -1.0


def microphone_choice(config: Config) -> Choice:
    """The microphone's device, channel and gain."""
    wanted = config.microphone
    automatic = wanted.gain_db == AUTOMATIC_GAIN_DB
    return Choice(
        pcm=wanted.device,
        card=wanted.card,
        channel=wanted.channel,
        gain_db=None if automatic else wanted.gain_db,
        rests=wanted.open == "while-held",
    )


def speaker_choice(config: Config) -> Choice:
    """The speaker's device."""
    return Choice(pcm=config.speaker.device, card=config.speaker.card)

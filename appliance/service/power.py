# SPDX-License-Identifier: MIT
"""Asks for a shutdown of the machine, which the service itself may not order."""

import logging
import os
from pathlib import Path

from appliance.core.signals import TABLE, Signal

#: voice-appliance-poweroff.path waits for it, in the service's RuntimeDirectory=.
REQUEST = "poweroff"

_UNIT = "/usr/share/voice-appliance/voice-appliance-poweroff.path"

log = logging.getLogger(__name__)


def power_off() -> None:
    """Leave the request; systemd, if it has been told to look for it, does the rest."""
    message_id = {"MESSAGE_ID": TABLE[Signal.SHUT_DOWN].message_id}
    directory = os.environ.get("RUNTIME_DIRECTORY")
    if not directory:
        log.warning("no shutdown: systemd has not started this", extra=message_id)
        return
    try:
        Path(directory, REQUEST).touch()
    except OSError as error:
        log.warning("no shutdown: %s: %s", directory, error.strerror, extra=message_id)
        return
    text = f"shutdown asked for; nothing comes of it unless {_UNIT} was enabled before"
    log.warning("%s", text, extra=message_id)

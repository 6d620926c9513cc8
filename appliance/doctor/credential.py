# SPDX-License-Identifier: MIT
"""Finds the API key where the service finds it, also as another user."""

from appliance.basics.secret import Secret
from appliance.config.endpoint import (
    CREDENTIALS,
    KEY_NAME,
    KeyMissing,
    key_from,
    read_key,
)
from appliance.doctor.context import UNIT
from appliance.doctor.machine import Machine

_SEALED = f"etc/credstore.encrypted/{KEY_NAME}"
#: The running service's own, then what systemd loads at its next start.
_PLACES = (
    *(f"run/credentials/{UNIT}.service/{name}" for name in CREDENTIALS),
    _SEALED,
    f"etc/credstore/{KEY_NAME}-plain",
)


class KeyHidden(Exception):
    """There may be a key, but only root can tell."""


def find_key(machine: Machine) -> Secret:
    """The API key of this environment, else of the service.

    Raises:
        ConfigError: no key (KeyMissing), or something that cannot be one.
        KeyHidden: it is not for this user.
    """
    try:
        return read_key()
    except KeyMissing:
        hidden = False
    for place in _PLACES:
        try:
            return key_from(_text_at(machine, place), f"/{place}")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            hidden = True
    if hidden:
        raise KeyHidden
    return key_from("", f"/{_SEALED}")


def _text_at(machine: Machine, place: str) -> str:
    """Raises OSError where it cannot be read, or not be opened by this user."""
    path = machine.root / place
    if place != _SEALED:
        return path.read_text(encoding="utf-8-sig", errors="replace")
    path.stat()
    ran = machine.run(
        ["systemd-creds", "decrypt", f"--name={KEY_NAME}", str(path), "-"]
    )
    if ran is None or ran.code:
        raise PermissionError
    return ran.text

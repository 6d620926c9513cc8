# SPDX-License-Identifier: MIT
"""Takes over the configuration and the key that somebody put on the boot partition.

A power cut at any instant leaves the old or the new, never half of it, and what was
not finished is done again at the next boot.
"""

import contextlib
import logging
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance.basics.secret import Secret
from appliance.basics.strict_toml import ConfigError
from appliance.basics.whole_file import sync_directory, write_whole
from appliance.config.endpoint import KEY_NAME, key_in
from appliance.config.file import DEFAULT_PATH, load
from appliance.core.message_ids import REJECTED_ID, TAKEN_ID

CONFIG_NAME = "voice-appliance.toml"
_MOST_BYTES = 65_536
#: It is done within a second; the unit allows two keys and some more.
ENCRYPT_LIMIT_S = 30.0
#: Where the unit's LoadCredentialEncrypted= looks (man systemd.exec).
CREDENTIAL_PATH = Path("/etc/credstore.encrypted", KEY_NAME)

log = logging.getLogger(__name__)


def encrypt(key: Secret) -> bytes:
    """`key` as a credential that only this machine can read. Raises OSError."""
    try:
        ended = subprocess.run(
            ["systemd-creds", "encrypt", f"--name={KEY_NAME}", "-", "-"],
            input=key.reveal().encode(),
            capture_output=True,
            timeout=ENCRYPT_LIMIT_S,
        )
    except subprocess.TimeoutExpired:
        limit = f"systemd-creds: not done within {ENCRYPT_LIMIT_S:g} s"
        raise TimeoutError(limit) from None
    if ended.returncode:
        raise OSError(f"systemd-creds: {ended.stderr.decode(errors='replace').strip()}")
    return ended.stdout


@dataclass(frozen=True, slots=True)
class Destinations:
    """Where things go, and what encrypts a key for its file."""

    config: Path = DEFAULT_PATH
    credential: Path = CREDENTIAL_PATH
    encrypt: Callable[[Secret], bytes] = encrypt


def provision(boot: Path, to: Destinations) -> bool:
    """Take what is there from the directory `boot`; False if something was rejected.

    What is rejected stays, with NAME.rejected.txt beside it that says why.
    """

    def install_config(path: Path) -> None:
        load(path)
        write_whole(to.config, path.read_bytes(), 0o644)

    def install_key(path: Path) -> None:
        write_whole(to.credential, to.encrypt(key_in(path)), 0o600)

    if not any(_found(boot, name) for name in (CONFIG_NAME, KEY_NAME)):
        log.warning("%s: neither %s nor %s is there", boot, CONFIG_NAME, KEY_NAME)
    taken = [
        *(_take(path, install_config, _remove) for path in _found(boot, CONFIG_NAME)),
        *(_take(path, install_key, wipe) for path in _found(boot, KEY_NAME)),
    ]
    return all(taken)


def _found(boot: Path, name: str) -> list[Path]:
    """Windows likes to add .txt, and not to show it."""
    paths = boot / name, boot / f"{name}.txt"
    return [path for path in paths if path.is_file()]


def _take(
    path: Path, install: Callable[[Path], None], discard: Callable[[Path], None]
) -> bool:
    verdict = path.with_name(f"{path.name}.rejected.txt")
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ConfigError(f"{path}: larger than {_MOST_BYTES} bytes")
        if not _is_wiped(path):
            install(path)
        discard(path)
        verdict.unlink(missing_ok=True)
    except ConfigError as error:
        return _reject(verdict, *error.lines)
    except OSError as error:
        return _reject(verdict, f"{path}: cannot be taken over: {error}")
    log.info("%s: taken over", path, extra={"MESSAGE_ID": TAKEN_ID})
    return True


def _reject(verdict: Path, *reasons: str) -> bool:
    for reason in reasons:
        log.error("%s", reason, extra={"MESSAGE_ID": REJECTED_ID})
    with contextlib.suppress(OSError):  # It is in the journal.
        write_whole(verdict, "".join(f"{r}\n" for r in reasons).encode(), 0o644)
    return False


def wipe(path: Path) -> None:
    """Overwrite, then remove."""
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    _remove(path)


def _is_wiped(path: Path) -> bool:
    """The power was cut in `wipe`: it has been taken over."""
    content = path.read_bytes()
    return bool(content) and not content.strip(b"\0")


def _remove(path: Path) -> None:
    path.unlink()
    sync_directory(path)

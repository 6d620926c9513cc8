# SPDX-License-Identifier: MIT
"""Installs the configuration and the key from the boot partition.

A power cut at any instant leaves the old or the new file, never half a file, and what
was not finished is done again at the next boot. The partition is not trusted: only
small regular files are read.
"""

import contextlib
import logging
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.basics.secret import Secret
from appliance.basics.strict_toml import ConfigError
from appliance.basics.whole_file import read_small, sync_directory, write_whole
from appliance.config import outcome
from appliance.config.endpoint import KEY_NAME, key_of
from appliance.config.file import DEFAULT_PATH, parse_config
from appliance.core.message_ids import REJECTED_ID, TAKEN_ID
from appliance.core.sentences import Sentence

CONFIG_NAME = "voice-appliance.toml"
MOST_BYTES = 16_384
#: It takes less than a second; the unit's time limit allows for two keys.
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
    """The files to install, and the function that encrypts a key."""

    config: Path = DEFAULT_PATH
    credential: Path = CREDENTIAL_PATH
    encrypt: Callable[[Secret], bytes] = encrypt
    #: Where the service finds what it has to say of this.
    outcome: Path | None = None


def provision(boot: Path, to: Destinations) -> bool:
    """Install what the directory `boot` has; False if something was rejected.

    A rejected file stays, and NAME.rejected.txt beside it says why. The key comes
    first: no wrong configuration may keep it out.
    """

    def install_key(content: bytes, source: str) -> None:
        write_whole(to.credential, to.encrypt(key_of(content, source)), 0o600)

    def install_config(content: bytes, source: str) -> None:
        parse_config(content, source)
        write_whole(to.config, content, 0o644)

    found = {name: bool(_found(boot / name)) for name in (KEY_NAME, CONFIG_NAME)}
    if not any(found.values()):
        log.warning("%s: neither %s nor %s is there", boot, CONFIG_NAME, KEY_NAME)
    key = _take_one(boot / KEY_NAME, install_key, wipe)
    config = _take_one(boot / CONFIG_NAME, install_config, _remove)
    if to.outcome:
        said = _to_say(key if found[KEY_NAME] else None, config)
        outcome.write(to.outcome, said)
    return key and config


def _to_say(key: bool | None, config: bool) -> Iterator[Sentence]:
    """What the box says of the key and the configuration: True, it was taken; None,
    there is none."""
    if key is not None:
        yield Sentence.KEY_TAKEN if key else Sentence.KEY_UNUSABLE
    if not config:
        yield Sentence.SETTINGS_UNUSABLE


def _found(path: Path) -> list[Path]:
    return [path for path in _names(path) if os.path.lexists(path)]


def _names(path: Path) -> tuple[Path, Path]:
    """Windows may add .txt, and hide it."""
    return path, path.with_name(f"{path.name}.txt")


def _take_one(
    path: Path,
    install: Callable[[bytes, str], None],
    discard: Callable[[Path], None],
) -> bool:
    found = _found(path)
    if len(found) > 1:
        why = f"{path}: {found[1].name} is there, too; delete one"
        return _reject(_verdict(path), why)
    taken = all(_take(one, install, discard) for one in found)
    if taken and found:
        for name in _names(path):
            with contextlib.suppress(OSError):  # An old verdict harms nobody.
                _verdict(name).unlink(missing_ok=True)
    return taken


def _take(
    path: Path,
    install: Callable[[bytes, str], None],
    discard: Callable[[Path], None],
) -> bool:
    verdict = _verdict(path)
    try:
        content = read_small(path, MOST_BYTES)
        if not _is_wiped(content):
            install(content, str(path))
        discard(path)
    except ConfigError as error:
        return _reject(verdict, *error.lines)
    except OSError as error:
        why = error.strerror or error
        return _reject(verdict, f"{path}: cannot be installed: {why}")
    log.info("%s: installed", path, extra={"MESSAGE_ID": TAKEN_ID})
    return True


def _verdict(path: Path) -> Path:
    return path.with_name(f"{path.name}.rejected.txt")


def _reject(verdict: Path, *reasons: str) -> bool:
    for reason in reasons:
        log.error("%s", reason, extra={"MESSAGE_ID": REJECTED_ID})
    with contextlib.suppress(OSError):  # It is in the journal.
        write_whole(verdict, "".join(f"{r}\n" for r in reasons).encode(), 0o644)
    return False


def wipe(path: Path) -> None:
    """Overwrite, then remove. Raises OSError, also if `path` has become a link."""
    flags = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    with open(path, "wb", opener=lambda name, _: os.open(name, flags)) as file:
        file.write(bytes(os.fstat(file.fileno()).st_size))
        file.flush()
        os.fsync(file.fileno())
    _remove(path)


def _is_wiped(content: bytes) -> bool:
    """The power was cut during `wipe`, after the key was installed."""
    return bool(content) and not content.strip(b"\0")


def _remove(path: Path) -> None:
    path.unlink()
    sync_directory(path)

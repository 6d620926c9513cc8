# SPDX-License-Identifier: MIT
"""Writes release, key and configuration to a card; the second time, nothing."""

import contextlib
import os
import tomllib
from collections.abc import Callable
from pathlib import Path

from appliance.basics.errors import ApplianceError, UsageError
from appliance.basics.record import Struct
from appliance.basics.strict_toml import ConfigError
from appliance.basics.whole_file import read_small, write_whole
from appliance.card.bootfs import (
    check_bootfs,
    lacking_login,
    lacking_wifi,
    misplaced,
)
from appliance.card.release import LOG, NEEDED, newest_zip, read_zip
from appliance.config.endpoint import KEY_NAME, key_of
from appliance.config.file import parse_config
from appliance.config.provisioning import CONFIG_NAME, MOST_BYTES


class CardError(ApplianceError):
    """The card could not be written; the text says why."""


class Wanted(Struct, frozen=True):
    """What the command line asks for."""

    release: Path | None = None
    key: Path | None = None
    config: Path | None = None
    kit: str | None = None
    wifi_check: bool = False


def prepare(directory: Path, wanted: Wanted, tell: Callable[[str], None]) -> None:
    """Have the release on the boot partition `directory`, with key and configuration.

    Nothing is written before everything is checked. Raises UsageError, ConfigError,
    CardError.
    """
    check_bootfs(directory)
    wifi = lacking_wifi(directory)
    if wanted.wifi_check and wifi:
        raise CardError(f"{directory}: {wifi[0]}")
    files = _release(directory, wanted.release) | _ours(directory, wanted)
    new = {name: text for name, text in files.items() if _is_new(directory, name, text)}
    _check_room(directory, new)
    for name, content in new.items():
        _write(directory / name, content)
        tell(f"{name}: written")
    if not new:
        tell(f"{directory}: everything is there already")
    if not any((directory / f"{KEY_NAME}{end}").exists() for end in ("", ".txt")):
        tell(f"note: no key: put {KEY_NAME} there, or use --key FILE")
    for line in (*misplaced(directory), *wifi, *lacking_login(directory)):
        tell(f"note: {line}")


def _release(directory: Path, path: Path | None) -> dict[str, bytes]:
    if found := path or newest_zip():
        return read_zip(found)
    if all((directory / name).exists() for name in NEEDED):
        return {}
    raise UsageError(
        "no voice-appliance-X-bootfs.zip here: download it, or build it with "
        "`make assets`; elsewhere: --release FILE"
    )


def _ours(directory: Path, wanted: Wanted) -> dict[str, bytes]:
    files = {}
    if wanted.key:
        key = key_of(_read(wanted.key), str(wanted.key))
        files[_name(directory, KEY_NAME)] = f"{key.reveal()}\n".encode()
    if wanted.config or wanted.kit:
        name = _name(directory, CONFIG_NAME)
        there = directory / name
        source = wanted.config or (there if there.exists() else None)
        content = _read(source) if source else b""
        files[name] = with_kit(content, wanted.kit, str(source or there))
    return files


def _name(directory: Path, name: str) -> str:
    """As it is on the card already. Raises UsageError: both are."""
    if not (directory / f"{name}.txt").exists():
        return name
    if (directory / name).exists():
        raise UsageError(f"{directory}: {name} and {name}.txt are there; delete one")
    return f"{name}.txt"


def with_kit(content: bytes, kit: str | None, source: str) -> bytes:
    """A configuration with `kit`, if it is not None. Raises ConfigError: not one, or
    one that names another kit."""
    parse_config(content, source)
    if kit is None:
        return content
    text = content.decode("utf-8-sig").replace("\r\n", "\n")
    named = tomllib.loads(text).get("kit")
    if named not in (None, kit):
        raise ConfigError(f"{source}: kit = '{named}', but --kit {kit}: which?")
    return content if named else f'kit = "{kit}"\n{text}'.encode()


def _read(path: Path) -> bytes:
    try:
        return read_small(path, MOST_BYTES)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def _is_new(directory: Path, name: str, content: bytes) -> bool:
    path = directory / name
    try:
        # The Pi writes into the log: what it says there stays.
        return path.read_bytes() != content and name != LOG
    except OSError:
        return True


def _check_room(directory: Path, files: dict[str, bytes]) -> None:
    """Raises CardError."""
    status = os.statvfs(directory)
    free = status.f_bavail * status.f_frsize
    # A cluster may be half empty, and a file is written beside its old self.
    needed = sum(len(content) + status.f_frsize for content in files.values())
    if needed > free:
        raise CardError(
            f"{directory}: {needed // 1000} kB are needed and {free // 1000} kB are "
            "free: delete something there"
        )


def _write(path: Path, content: bytes) -> None:
    try:
        write_whole(path, content, 0o644)
    except OSError as error:
        with contextlib.suppress(OSError):
            path.with_name(f".{path.name}.draft").unlink()
        raise CardError(f"{path}: {error.strerror}") from None

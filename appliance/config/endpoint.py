# SPDX-License-Identifier: MIT
"""The endpoint that the box talks to, and its API key: neither may leak."""

import ipaddress
import os
import re
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from appliance.basics.secret import Missing, Secret
from appliance.basics.strict_toml import ConfigError

KEY_NAME = "gemini-api-key"
#: The credentials that the unit loads; the second one is not encrypted on the disk.
CREDENTIALS = (KEY_NAME, f"{KEY_NAME}-plain")
LIVE_PATH = (
    "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
)

#: What a header can carry (RFC 7235, token68).
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
#: As a line of a shell script or of an environment file has it.
_ASSIGNED = re.compile(r"""(?:export\s+)?GEMINI_API_KEY\s*=\s*(["']?)(.*)\1""", re.S)


class KeyMissing(ConfigError):
    """There is no API key at all."""


def check_endpoint(url: str, place: str) -> str:
    """`url`, with the path of the Live API if it has none.

    Raises:
        ConfigError: not wss:// (ws:// on loopback), or something secret in it.
    """
    # The URL is not repeated: it may contain a key anywhere.
    allowed = "expected wss://HOST/..., or ws:// on loopback"
    wrong = ConfigError(f"{place}: not a URL of the Live API: {allowed}")
    if not url.isprintable() or " " in url:
        raise wrong
    try:
        parts = urlsplit(url)
        host = parts.hostname
        (host or "").encode("idna")  # as the resolver will
    except ValueError:
        raise wrong from None
    if parts.scheme not in ("ws", "wss") or not host:
        raise wrong
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ConfigError(
            f"{place}: no user, query or fragment is allowed; the key belongs in the "
            f"credential {KEY_NAME} or GEMINI_API_KEY"
        )
    if not _port_exists(parts):
        raise ConfigError(f"{place}: its port: expected a number from 1 to 65535")
    if parts.scheme == "ws" and not _is_loopback(host):
        raise ConfigError(
            f'{place}: ws:// is not encrypted and allowed on loopback only; use "wss:"'
        )
    return url if parts.path not in ("", "/") else url.rstrip("/") + LIVE_PATH


def check_proxy(url: str, place: str) -> None:
    """Raises ConfigError: not http://HOST:PORT or https://HOST:PORT."""
    # Not repeated: it may hold a password.
    wrong = ConfigError(f"{place}: expected http://HOST:PORT or https://HOST:PORT")
    try:
        parts = urlsplit(url)
        complete = parts.scheme in ("http", "https") and parts.hostname and parts.port
    except ValueError:
        raise wrong from None
    if "@" in parts.netloc:
        raise ConfigError(f"{place}: a proxy with a user and password is not supported")
    rest = (parts.path.strip("/"), parts.query, parts.fragment)
    if not complete or any(rest) or not url.isprintable() or " " in url:
        raise wrong


def _port_exists(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def read_key() -> Secret:
    """The API key: systemd's credential, else the environment.

    Raises:
        KeyMissing: there is none.
        ConfigError: there is one, and it cannot be one.
    """
    if directory := os.environ.get("CREDENTIALS_DIRECTORY"):
        for path in (Path(directory, name) for name in CREDENTIALS):
            if path.exists():
                return key_in(path)
    return key_from(os.environ.get("GEMINI_API_KEY", ""), "GEMINI_API_KEY")


def key_or_why_not() -> Secret:
    """As `read_key`, but a missing or wrong key fails only when it is used."""
    try:
        return read_key()
    except KeyMissing:
        return Missing("there is none")
    except ConfigError as error:
        return Missing(str(error))


def key_in(path: Path) -> Secret:
    """The API key in a file. Raises as read_key."""
    try:
        return key_of(path.read_bytes(), str(path))
    except OSError:
        raise ConfigError(f"{path}: cannot be read as a key") from None


def key_of(content: bytes, source: str) -> Secret:
    """The API key in the bytes of a file, without what editors add to one. Raises as
    read_key."""
    try:
        return key_from(content.decode("utf-8-sig"), source)
    except UnicodeDecodeError:
        raise ConfigError(f"{source}: cannot be read as a key") from None


def key_from(text: str, source: str) -> Secret:
    """The API key that is `text`, or that it assigns to GEMINI_API_KEY, found in
    `source`. Raises as read_key."""
    text = text.strip()
    if assigned := _ASSIGNED.fullmatch(text):
        text = assigned[2].strip()
    if not text:
        raise KeyMissing(
            f"{source}: no API key; put one in the systemd credential {KEY_NAME} "
            "(docs/configuration.md) or in the environment variable GEMINI_API_KEY"
        )
    if not _TOKEN.fullmatch(text):
        raise ConfigError(
            f"{source}: not a key: expected the key alone, of letters, digits, - and _"
        )
    return Secret(text)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

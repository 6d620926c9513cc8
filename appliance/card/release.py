# SPDX-License-Identifier: MIT
"""The files of a release's zip, read with suspicion."""

import re
import zipfile
from pathlib import Path

from appliance.basics.errors import UsageError
from appliance.card.bootfs import VENDOR_DATA

LOG = "voice-appliance.log.txt"
#: Those without which the card would not install anything; the last one starts it.
NEEDED = (
    "voice-appliance/voice-appliance.deb",
    "voice-appliance/setup.sh",
    LOG,
    VENDOR_DATA,
)
_NAME = re.compile(r"(voice-appliance/)?[\w-][\w.-]*")
_MOST_BYTES = 32 * 2**20
_PLACES = (Path(), Path("build", "release"))


def newest_zip() -> Path | None:
    """The release of the highest version in the current directory, or built in it."""
    found = [path for place in _PLACES for path in place.glob("voice-appliance-*.zip")]
    return max(found, key=_version, default=None)


def read_zip(path: Path) -> dict[str, bytes]:
    """Its files by name, in the order in which they are to be written.

    Raises UsageError: not a release.
    """
    wrong = UsageError(f"{path}: not a release: expected voice-appliance-X-bootfs.zip")
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            named = {e.filename: e for e in entries if not e.is_dir()}
            if not named.keys() >= set(NEEDED) or any(
                not _NAME.fullmatch(name) or entry.file_size > _MOST_BYTES
                for name, entry in named.items()
            ):
                raise wrong
            order = sorted(named, key=lambda name: (name in NEEDED, _position(name)))
            return {name: archive.read(name) for name in order}
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        raise wrong from None


def _position(name: str) -> int:
    return NEEDED.index(name) if name in NEEDED else 0


def _version(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", path.name)]

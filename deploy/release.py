#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make a release of this work tree: versions, changelogs, a commit and a tag.

    deploy/release.py 0.2.0

Nothing is pushed. Exits with 1 and one line if it cannot be done.
"""

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
INIT = Path("appliance/__init__.py")
DEBIAN = Path("deploy/debian/changelog")
CHANGELOG = Path("CHANGELOG.md")

_UNRELEASED = "## Unreleased\n"
_ENTRY = """\
voice-appliance ({version}) unstable; urgency=medium

  * See CHANGELOG.md.

 -- The voice-appliance authors <voice-appliance@users.noreply.github.com>  {date}

"""


class Refused(Exception):
    """There can be no release; the text says why."""


def released(root: Path, version: str, now: datetime) -> dict[Path, str]:
    """What the files of `root` are in the release. Raises Refused."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise Refused(f"VERSION={version}: expected three numbers, as in 0.2.0")
    init = (root / INIT).read_text()
    (current,) = re.findall(r'^__version__ = "(.*)"$', init, re.MULTILINE)
    if _numbers(version) <= _numbers(current):
        raise Refused(f"VERSION={version}: expected more than the current {current}")
    before, found, after = (root / CHANGELOG).read_text().partition(_UNRELEASED)
    changes = after.partition("\n## ")[0]
    if not found or not re.search(r"(?m)^- ", changes):
        raise Refused(f"{CHANGELOG}: nothing is listed under Unreleased")
    entry = _ENTRY.format(version=version, date=f"{now:%a, %d %b %Y %H:%M:%S %z}")
    return {
        INIT: init.replace(f'"{current}"', f'"{version}"'),
        DEBIAN: entry + (root / DEBIAN).read_text(),
        CHANGELOG: f"{before}{_UNRELEASED}\n## {version} - {now:%Y-%m-%d}\n{after}",
    }


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def release(root: Path, version: str) -> None:
    """Commit and tag it. Raises Refused, or CalledProcessError if git fails."""
    if _git(root, "status", "--porcelain"):
        raise Refused("the work tree has changes: commit them first")
    files = released(root, version, datetime.now(UTC))
    for path, text in files.items():
        (root / path).write_text(text)
    _git(root, "commit", "--all", "--message", f"release: {version}")
    _git(root, "tag", "--annotate", f"v{version}", "--message", f"Version {version}")


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=root, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


if __name__ == "__main__":
    try:
        (number,) = sys.argv[1:]
        release(ROOT, number)
    except ValueError:
        sys.exit("usage: make release VERSION=0.2.0")
    except (Refused, subprocess.CalledProcessError) as why:
        sys.exit(f"release: {why}")

# SPDX-License-Identifier: MIT
"""What a release attaches: the same bytes twice, and all that a card needs."""

import hashlib
import os
import subprocess
import sys
import zipfile

import pytest

from appliance import __version__
from docs.generate.documents import DEPLOY, ROOT

ZIP = f"voice-appliance-{__version__}-bootfs.zip"
DEB = f"voice-appliance_{__version__}_all.deb"


@pytest.fixture(scope="module")
def gathered(tmp_path_factory):
    def gather(package):
        directory = tmp_path_factory.mktemp("release")
        script = [sys.executable, DEPLOY / "assets.py", package, directory]
        subprocess.run(script, check=True)
        return {path.name: path.read_bytes() for path in directory.iterdir()}

    return gather


def test_it_is_the_package_the_zip_their_sums_and_what_is_new(package, gathered):
    files = gathered(package)
    assert set(files) == {ZIP, DEB, "SHA256SUMS", "notes.md"}
    for line in files["SHA256SUMS"].decode().splitlines():
        digest, name = line.split()
        assert digest == hashlib.sha256(files.pop(name)).hexdigest()
    assert set(files) == {"SHA256SUMS", "notes.md"}
    notes = files["notes.md"].decode()
    assert f"\n{notes}" in (ROOT / "CHANGELOG.md").read_text()
    assert not notes.startswith("## ")


def test_another_machine_makes_the_same_bytes(
    package, build_package, gathered, tmp_path
):
    before = os.umask(0o077)
    try:
        again = build_package(tmp_path, TZ="Asia/Tokyo", LC_ALL="C", HOME="/nowhere")
    finally:
        os.umask(before)
    os.utime(again, (0, 0))
    assert gathered(again) == gathered(package)


def test_unzipped_on_a_card_it_replaces_nothing_and_brings_all(
    package, gathered, tmp_path
):
    """A folder of that name would be replaced whole by some file managers."""
    (tmp_path / ZIP).write_bytes(gathered(package)[ZIP])
    with zipfile.ZipFile(tmp_path / ZIP) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "card")
    ours = {"README.txt", "vendor-data", "voice-appliance.log.txt", "voice-appliance"}
    assert {name.partition("/")[0] for name in names} == ours
    folder = tmp_path / "card" / "voice-appliance"
    assert (folder / "voice-appliance.deb").read_bytes() == package.read_bytes()
    assert {path.name for path in folder.iterdir()} == {
        "setup.sh",
        "example.toml",
        "voice-appliance.deb",
    }

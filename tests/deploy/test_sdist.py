# SPDX-License-Identifier: MIT
"""The source archive: package and tests can be made from it."""

import subprocess
import sys
import tarfile
from email import message_from_bytes
from pathlib import Path

import pytest

from docs.generate.documents import ROOT


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Built from what git knows, as on a machine that only has the commit."""
    if not (ROOT / ".git").exists():
        pytest.skip("this tree is no checkout: git cannot say what belongs to it")
    tree, target = (tmp_path_factory.mktemp(name) for name in ("tree", "sdist"))
    for name in tracked():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((ROOT / name).read_bytes())
    build = [sys.executable, "-m", "build", "--sdist", "--no-isolation"]
    done = subprocess.run(
        [*build, "--outdir", target, tree], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    (path,) = target.glob("voice_appliance-*.tar.gz")
    with tarfile.open(path) as archive:
        yield archive


def tracked() -> set[str]:
    listed = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True)
    return {name for name in listed.splitlines() if (ROOT / name).is_file()}


def test_it_has_every_file_of_the_project(archive):
    packed = {name.partition("/")[2] for name in archive.getnames()}
    assert tracked() - packed == set()


def test_its_metadata_tell_licence_and_where_the_project_lives(archive):
    (top,) = (
        m for m in archive.getmembers() if Path(m.name).parts[1:] == ("PKG-INFO",)
    )
    found = message_from_bytes(archive.extractfile(top).read())
    assert found["License-Expression"] == "MIT"
    assert {"Homepage", "Issues"} <= {
        url.partition(",")[0] for url in found.get_all("Project-URL")
    }

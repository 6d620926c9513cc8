# SPDX-License-Identifier: MIT
"""`make release`: one command sets every version, and refuses what is no release."""

import importlib.util
import shutil
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from appliance import __version__
from docs.generate.documents import DEPLOY, ROOT

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
CHANGES = (
    "# Changelog\n\n## Unreleased\n\n### Added\n- a thing\n\n## 0.1.0\n\n- first\n"
)


@pytest.fixture(scope="module")
def release():
    spec = importlib.util.spec_from_file_location("release", DEPLOY / "release.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path, release):
    for path in (release.INIT, release.DEBIAN, release.CHANGELOG):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    (tmp_path / release.CHANGELOG).write_text(CHANGES)
    return tmp_path


def test_every_version_is_set_and_the_changes_get_a_date(tree, release):
    files = release.released(tree, "9.0.0", NOW)
    for path, text in files.items():
        (tree / path).write_text(text)
    assert '__version__ = "9.0.0"' in files[release.INIT]
    dated = "## Unreleased\n\n## 9.0.0 - 2027-03-01\n\n### Added\n- a thing\n"
    assert dated in files[release.CHANGELOG]
    newest = subprocess.run(
        ["dpkg-parsechangelog", "-l", tree / release.DEBIAN],
        capture_output=True,
        text=True,
        check=True,
    )
    assert newest.stderr == ""
    assert "Version: 9.0.0\n" in newest.stdout
    assert "Date: Mon, 01 Mar 2027 12:00:00 +0000\n" in newest.stdout


@pytest.mark.parametrize(
    ("version", "changes", "why"),
    [
        ("next", CHANGES, "expected three numbers"),
        ("9.0", CHANGES, "expected three numbers"),
        (__version__, CHANGES, "expected more than the current"),
        ("0.0.9", CHANGES, "expected more than the current"),
        ("9.0.0", "## Unreleased\n\n## 0.1.0\n\n- first\n", "nothing is listed"),
        ("9.0.0", "## 0.1.0\n\n- first\n", "nothing is listed"),
    ],
)
def test_what_is_no_release_is_refused(tree, release, version, changes, why):
    (tree / release.CHANGELOG).write_text(changes)
    with pytest.raises(release.Refused, match=why):
        release.released(tree, version, NOW)


def test_it_commits_and_tags_a_clean_tree_only(tree, release, monkeypatch):
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "somebody")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "somebody@example.org")

    def git(*arguments):
        return subprocess.check_output(["git", *arguments], cwd=tree, text=True)

    git("init", "--quiet")
    with pytest.raises(release.Refused, match="commit them first"):
        release.release(tree, "9.0.0")
    git("add", "--all")
    git("commit", "--quiet", "--message", "all")
    release.release(tree, "9.0.0")
    assert git("tag") == "v9.0.0\n"
    assert git("log", "-1", "--format=%s") == "release: 9.0.0\n"
    assert git("status", "--porcelain") == ""


def test_without_a_version_it_says_how_it_is_called():
    ended = subprocess.run(
        [sys.executable, DEPLOY / "release.py"], capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert ended.stderr == "usage: make release VERSION=0.2.0\n"

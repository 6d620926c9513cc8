# SPDX-License-Identifier: MIT
"""Catalog, completion, man page, users: as the code has it, and as programs read it."""

import re
import shutil
import subprocess

import pytest

from appliance.core.signals import TABLE
from docs.generate.catalog import catalog
from docs.generate.completion import arguments
from docs.generate.documents import CATALOG, COMPLETION, DEPLOY


def test_the_catalog_explains_every_message_id_of_the_code():
    package = DEPLOY.parent / "appliance"
    texts = [path.read_text() for path in package.rglob("*.py")]
    used = {id_ for text in texts for id_ in re.findall(r'"([0-9a-f]{32})"', text)}
    assert len(used) > len(TABLE)
    assert set(re.findall("^-- (.*)$", catalog(), re.M)) == used


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """A file system with the catalog as journalctl compiles it."""
    root = tmp_path_factory.mktemp("root")
    (root / "usr/lib/systemd/catalog").mkdir(parents=True)
    shutil.copy(CATALOG, root / "usr/lib/systemd/catalog")
    subprocess.run(["journalctl", "--update-catalog", f"--root={root}"], check=True)
    return root


@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.situation)
def test_journalctl_finds_what_to_do_about_each_situation(compiled, row):
    entry = subprocess.check_output(
        ["journalctl", f"--root={compiled}", "--dump-catalog", row.message_id],
        text=True,
    )
    assert f"Subject: The voice appliance: {row.situation}\n" in entry
    assert row.advice in entry


def complete(*words: str) -> list[str]:
    """What bash offers for the last word."""
    ended = subprocess.run(
        [
            "bash",
            "-c",
            'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
            '_voice_appliance || true; printf "%s\\n" "${COMPREPLY[@]}"',
            COMPLETION,
            "voice-appliance",
            *words,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stderr == ""
    return ended.stdout.split()


def test_bash_offers_verbs_then_their_options_then_files():
    own, verbs = arguments()
    assert complete("") == [*verbs, *own]
    assert complete("si") == ["simulate"]
    assert complete("config", "--c") == ["--config", "--check"]
    assert complete("run", "--config", "") == []
    for verb, options in verbs.items():
        assert complete(verb, "--") == options


def test_the_man_page_has_every_verb_and_option():
    page = (DEPLOY / "man" / "voice-appliance.1").read_text().replace("\\-", "-")
    own, verbs = arguments()
    options = {option for verb in verbs.values() for option in verb}
    assert [name for name in {*own, *verbs, *options} if name not in page] == []


def test_systemd_makes_the_user_that_the_unit_runs_as(tmp_path):
    (tmp_path / "usr/lib/sysusers.d").mkdir(parents=True)
    conf = DEPLOY / "sysusers.d" / "voice-appliance.conf"
    shutil.copy(conf, tmp_path / "usr/lib/sysusers.d")
    ended = subprocess.run(
        ["systemd-sysusers", "--dry-run", f"--root={tmp_path}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Creating user 'voice-appliance'" in ended.stdout + ended.stderr
    assert "Creating group 'gpio'" in ended.stdout + ended.stderr

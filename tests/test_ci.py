# SPDX-License-Identifier: MIT
"""CI runs what the README says that it runs."""

import os
import subprocess

from docs.generate.documents import README, ROOT
from tests.rig.markdown import Document


def test_ci_runs_the_tests_that_the_readme_names(tmp_path):
    commands = Document(README).commands
    named = [" ".join(words) for words in commands if words[-1].endswith("test")]
    assert named
    make = tmp_path / "make"
    make.write_text('#!/bin/sh\necho "make $*"\n')
    make.chmod(0o755)
    assert ci(tmp_path).stdout.splitlines() == named


def test_ci_stops_at_the_first_that_fails(tmp_path):
    make = tmp_path / "make"
    make.write_text('#!/bin/sh\necho "make $*"\nexit 2\n')
    make.chmod(0o755)
    ended = ci(tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "make test\n")


def ci(programs):
    """CI, with another `make`."""
    path = f"{programs}:{os.environ['PATH']}"
    return subprocess.run(
        [ROOT / ".ci" / "run"],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

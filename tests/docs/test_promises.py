# SPDX-License-Identifier: MIT
"""What the pages promise names the test that holds it, and that test exists."""

import re

import pytest

from docs.generate.documents import ROOT
from tests.rig.markdown import documents

#: Pages of promises: each row of each table is one.
PAGES = ("SECURITY.md", "docs/privacy.md")
_NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def promises(text: str) -> list[str]:
    """The rows of every table with a column for the test."""
    rows: list[str] = []
    in_table = False
    for line in text.splitlines():
        if line.startswith("| promise"):
            in_table = True
        elif not line.startswith("|"):
            in_table = False
        elif in_table and not line.startswith("|---"):
            rows.append(line)
    return rows


def missing(file: str, test: str) -> str | None:
    """Why nobody can run it; None if it is there."""
    path = ROOT / file
    if not path.is_file():
        return f"{file}: there is no such file"
    if test and not re.search(rf"^(async )?def {test}\(", path.read_text(), re.M):
        return f"{file}: has no {test}"
    return None


@pytest.mark.parametrize("page", PAGES)
def test_each_promise_names_a_test(page):
    rows = promises((ROOT / page).read_text())
    assert rows
    assert [row for row in rows if not _NAMED.search(row)] == []


def test_each_test_that_a_page_names_exists():
    named = {pair for page in documents() for pair in _NAMED.findall(page.text)}
    assert len(named) > 20
    assert [why for pair in sorted(named) if (why := missing(*pair))] == []


def test_a_test_that_is_gone_is_noticed():
    assert (
        missing("tests/docs/test_promises.py", "test_each_promise_names_a_test") is None
    )
    assert missing("tests/docs/test_promises.py", "test_of_old")
    assert missing("tests/docs/test_nothing.py", "")

# SPDX-License-Identifier: MIT
"""All that is made from the code and committed: whole files, and parts of pages.

A part stands between two comments that name it; a page may have any of PARTS.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from appliance.config.text import shipped
from docs.generate import (
    language,
    pins,
    sentences,
    settings,
    signals,
    states,
    terminal,
    wiring,
)
from docs.generate.catalog import catalog
from docs.generate.completion import completion

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DEPLOY = ROOT / "deploy"
SHIPPED = DEPLOY / "config" / "config.toml"
CATALOG = DEPLOY / "catalog" / "voice-appliance.catalog"
COMPLETION = DEPLOY / "completions" / "voice-appliance"
#: What `make bench` measured, kept as it was printed.
BENCH = ROOT / "tests" / "bench" / "results.txt"


def comparison() -> str:
    """The table of the benchmark, and below it date and machine."""
    machine, table, *_ = BENCH.read_text().split("\n\n")
    return f"{table}\n\n{machine}"


FILES: dict[Path, Callable[[], str]] = {
    SHIPPED: shipped,
    CATALOG: catalog,
    COMPLETION: completion,
    ROOT / "hw" / "pictures" / "wiring.svg": wiring.picture,
    ROOT / "docs" / "pictures" / "language.svg": language.picture,
    ROOT / "docs" / "pictures" / "demo.svg": terminal.picture,
}
PARTS: dict[str, Callable[[], str]] = {
    "signals": signals.table,
    "sentences": sentences.table,
    "settings": settings.tables,
    "states": states.diagram,
    "pins": pins.markdown,
    "options": pins.markdown_of_options,
    "run": terminal.latencies,
    "bench": comparison,
}
_PART = re.compile(
    r"(<!-- (\w+): made by `make docs` -->\n).*?(<!-- end of \2 -->)", re.DOTALL
)


def pages() -> list[Path]:
    """The pages that may have parts."""
    return [README, *sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob("hw/*.md"))]


def updated(page: str) -> str:
    """The text of a page with its parts as the code has them. KeyError: no such."""
    return _PART.sub(lambda m: f"{m[1]}{PARTS[m[2]]()}\n{m[3]}", page)


def parts_of(page: str) -> set[str]:
    """The names of the parts that a page has."""
    return {match[2] for match in _PART.finditer(page)}


def generated() -> Iterator[tuple[Path, str]]:
    """Each file, and what must be in it."""
    for path, made in FILES.items():
        yield path, made()
    for path in pages():
        yield path, updated(path.read_text())

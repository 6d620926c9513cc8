# SPDX-License-Identifier: MIT
"""The layers: who may import whom, and where a third-party package may appear."""

import ast
import sys
from collections import defaultdict
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "appliance"
MODULES = sorted(PACKAGE.rglob("*.py"))

#: The rooms, lowest first: each may import those in the rows above its own.
FLOORS = (
    {"basics"},
    {"core"},
    {"live", "hardware", "simulator"},
    {"config"},
    {"journal", "tools"},
    {"speech"},
    {"service"},
    {"card", "demo", "doctor"},
    {"cli", "verbs"},
    {"__main__"},
)
#: What pure code has no business with.
IMPURE = {
    "asyncio",
    "logging",
    "os",
    "pathlib",
    "random",
    "socket",
    "subprocess",
    "threading",
    "time",
}
#: The simulator is an independent twin on purpose: it is counted by itself.
MOST_FILES_PER_PACKAGE = 2
#: The core's values, the configuration, and the wire.
MOST_FILES_OF_MSGSPEC = 3


def imports(path: Path) -> set[str]:
    """The absolute names that a module imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def layer(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_imports_only_from_the_layers_below(path):
    own = layer(path)
    if own == "__init__":
        return
    imported = {
        name.split(".")[1]
        for name in imports(path)
        if name.startswith("appliance.") and name != "appliance.__version__"
    }
    floor = next(n for n, rooms in enumerate(FLOORS) if own in rooms)
    assert imported <= {own}.union(*FLOORS[:floor])


@pytest.mark.parametrize("path", sorted((PACKAGE / "core").glob("*.py")))
def test_the_core_is_pure(path):
    assert not {name.partition(".")[0] for name in imports(path)} & IMPURE


def test_a_third_party_package_is_imported_in_at_most_two_files():
    users = defaultdict(set)
    for path in MODULES:
        for name in imports(path):
            package = name.partition(".")[0]
            if package not in sys.stdlib_module_names | {"appliance"}:
                where = "simulator" if layer(path) == "simulator" else "product"
                users[package, where].add(path.name)
    assert len(users.pop(("msgspec", "product"))) <= MOST_FILES_OF_MSGSPEC
    crowded = {k: v for k, v in users.items() if len(v) > MOST_FILES_PER_PACKAGE}
    assert not crowded


#: Cohesion decides how long a module is; past this nobody reads it in one sitting.
MOST_LINES = 500


def test_no_module_is_too_long_to_be_read_in_one_sitting():
    lengths = {p.name: len(p.read_text().splitlines()) for p in MODULES}
    assert not {name: n for name, n in lengths.items() if n > MOST_LINES}

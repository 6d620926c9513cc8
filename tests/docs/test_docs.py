# SPDX-License-Identifier: MIT
"""What the pages name exists: links, commands, options, settings, journal fields.

No sentence is pinned here, and no page: facts are looked for wherever they stand.
"""

import io
import re
from contextlib import redirect_stderr, redirect_stdout
from typing import get_args

import pytest

from appliance.basics.strict_toml import ConfigError, parse
from appliance.cli import parser
from appliance.config.file import Config
from appliance.config.sections import BUILT_IN_TOOLS, PricesSection
from appliance.core.message_ids import TURN_ID
from appliance.core.tokens import Spent, Tokens
from appliance.journal.turn_report import Outcome, Report, turn_fields
from docs.generate.catalog import catalog
from docs.generate.completion import arguments
from docs.generate.documents import (
    FILES,
    PARTS,
    README,
    ROOT,
    pages,
    parts_of,
    updated,
)
from tests.rig.markdown import Document, commands, documents

#: Others cover the code; with coverage this takes three times as long.
pytestmark = pytest.mark.no_cover

#: Programs of Raspberry Pi OS and Debian that the documents may call.
KNOWN = {
    "alsactl", "apt", "aplay", "arecord", "cat", "cd", "cp", "dmesg", "echo", "fuser",
    "grep", "install",
    "jq", "mkdir", "nmcli", "pinctrl", "poweroff", "reboot", "scp", "speaker-test",
    "ssh", "systemd-creds", "tee", "timedatectl", "vcgencmd", "vclog",
}  # fmt: skip
VERBS = {"run", "demo", "doctor", "simulate", "config", "sound", "card"}
#: What the box's own folder holds besides the code.
FOLDERS = ("appliance", "deploy", "docs", "hw", "tests")
DOCUMENTS = documents()
each_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda document: str(document.path.relative_to(ROOT))
)


def wrong_link(document: Document, target: str) -> str | None:
    if re.match(r"https://[\w.-]+\.\w+(/|$)", target):
        return None
    path, _, anchor = target.partition("#")
    file = document.path.parent / path if path else document.path
    if not file.exists():
        return f"{target}: there is no such file"
    if anchor and anchor not in Document(file).anchors:
        return f"{target}: there is no such heading"
    return None


def wrong_command(words: list[str]) -> str | None:
    """Why the command cannot be run; None if it can."""
    program, arguments = words[0], words[1:]
    if program.rpartition("/")[2] == "voice-appliance":
        return _wrong_verb(arguments)
    if program in VERBS:
        return _wrong_verb(words)
    if program == "make":
        return _wrong_target(arguments)
    if program == "systemctl":
        return _wrong_unit(arguments[-1]) if len(arguments) > 1 else None
    if program == "journalctl":
        return _wrong_journal(arguments)
    if program == "/usr/share/voice-appliance/sound-card":
        known = [path.stem for path in (ROOT / "hw" / "config.txt.d").iterdir()]
        return None if arguments[0] in known else f"{arguments[0]}: no such kit"
    if "/" in program:
        return None if (ROOT / program).exists() else f"{program} is not there"
    return None if program in KNOWN else f"{program}: what is that?"


def _wrong_verb(arguments: list[str]) -> str | None:
    said = io.StringIO()
    try:
        with redirect_stderr(said), redirect_stdout(io.StringIO()):
            parser().parse_args(arguments)
    except SystemExit as end:
        return said.getvalue().splitlines()[-1] if end.code else None
    return None


def _wrong_target(arguments: list[str]) -> str | None:
    makefile = (ROOT / "Makefile").read_text()
    for word in arguments:
        name, is_variable, _ = word.partition("=")
        pattern = rf"\$\({name}\)" if is_variable else rf"^{name}:"
        if not re.search(pattern, makefile, re.MULTILINE):
            return f"make {word}: the Makefile has none"
    return None


def _wrong_unit(unit: str) -> str | None:
    deploy = ROOT / "deploy"
    known = [path.stem for path in (deploy / "systemd").iterdir()]
    known += [f"/usr/share/voice-appliance/{p.name}" for p in deploy.glob("share/*")]
    return None if unit in known else f"{unit}: no such unit"


def _wrong_journal(arguments: list[str]) -> str | None:
    """Unit, field and message of what is looked for."""
    for word in arguments:
        field, is_match, value = word.partition("=")
        if is_match and field == "MESSAGE_ID" and f"-- {value}\n" not in catalog():
            return f"{word}: no such message"
        if is_match and field not in {"MESSAGE_ID", *_turn_fields()}:
            return f"{word}: no such field"
    unit = arguments[arguments.index("-u") + 1] if "-u" in arguments else ""
    return _wrong_unit(unit) if unit else None


def _turn_fields() -> set[str]:
    """Every field that the line of a turn may have."""
    measured = dict.fromkeys(Report.__struct_fields__, 1)
    tokens = Tokens(*[1] * len(Tokens.__struct_fields__))
    whole = Report(**{**measured, "tokens": tokens})
    return {*turn_fields(whole, Spent(), PricesSection(), transcripts=True)}


def wrong_setting(section: str, key: str, value: str) -> str | None:
    """`[section] key = value`, the last may be left out."""
    config = Config()
    if not hasattr(getattr(config, section, None), key):
        return f"[{section}] {key}: no such setting"
    if value and not value.startswith("..."):
        try:
            parse(f"[{section}]\n{key} = {value}", Config, "document")
        except ConfigError as error:
            return str(error)
    return None


@each_document
def test_each_link_leads_somewhere(document):
    assert document.text.count("```") % 2 == 0
    wrong = [wrong_link(document, target) for target in document.links]
    assert [why for why in wrong if why] == []


@each_document
def test_each_command_can_be_run(document):
    wrong = [wrong_command(words) for words in document.commands]
    assert [why for why in wrong if why] == []


@each_document
def test_each_setting_exists_and_may_have_its_value(document):
    settings = re.findall(
        r"\[([a-z]+)\]\s+([a-z_]+)(?: = ([\w.\"/:-]+))?", document.prose
    )
    wrong = [wrong_setting(*setting) for setting in settings]
    assert [why for why in wrong if why] == []


@each_document
def test_each_file_of_the_project_that_is_named_exists(document):
    names = [code for code in document.codes if code.split("/")[0] in FOLDERS]
    paths = [name.partition("::")[0] for name in names if "/" in name]
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_checks_find_something_to_check():
    called = {words[0] for document in DOCUMENTS for words in document.commands}
    assert {"make", "voice-appliance", "journalctl", "systemctl", "jq"} <= called
    assert len(DOCUMENTS) > 10


def test_each_page_can_be_reached_from_the_readme():
    reached, new = set(), {README}
    while new:
        reached |= new
        links = {(p, link) for p in new for link in Document(p).links}
        targets = {(p.parent / link.partition("#")[0]).resolve() for p, link in links}
        new = {path for path in targets if path.suffix == ".md"} - reached
    assert set(pages()) - reached == set()


def test_apt_installs_what_only_our_own_package_recommends():
    """Not what others recommend; ours recommends the voice for its faults."""
    for document in DOCUMENTS:
        for words in document.commands:
            *apt, last = words
            if apt[:2] == ["apt", "install"] and not last.endswith(".deb"):
                assert "--no-install-recommends" in words, document.path


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("make test", None),
        ("MINUTES=5 make soak SEED=1", None),
        ("make tset", "make tset: the Makefile has none"),
        ("make soak HOURS=1", "make HOURS=1: the Makefile has none"),
        ("sudo voice-appliance doctor --section key | tee x", None),
        ("voice-appliance doctor --section feet", "invalid choice: 'feet'"),
        (".venv/bin/voice-appliance dmo", "invalid choice: 'dmo'"),
        ("demo --mic a.wav --lvie", "unrecognized arguments: --lvie"),
        ("sudo systemctl reload voice-applianec", "voice-applianec: no such unit"),
        ("journalctl -u voice-appliance TRUN=1", "TRUN=1: no such field"),
        ("journalctl MESSAGE_ID=0", "MESSAGE_ID=0: no such message"),
        ("journalctl CURRENCY=USD ANSWERED=yes TOKENS_OUT_AUDIO=1", None),
        ("cat a > b && gerp c", "gerp: what is that?"),
        ("ssh -t me@box 'sudo apt update && atp install x'", "atp: what is that?"),
        ("sudo deploy/uninstall.sh", "deploy/uninstall.sh is not there"),
    ],
)
def test_a_command_that_does_not_exist_is_found(command, why):
    found = [wrong for words in commands(command) if (wrong := wrong_command(words))]
    assert len(found) == (why is not None)
    assert (why or "") in "".join(found)


@pytest.mark.parametrize(
    ("target", "is_wrong"),
    [
        ("hw/README.md#which-pi", False),
        ("#build-one", False),
        ("https://ai.google.dev/gemini-api/docs", False),
        ("hw/README.md#which-pie", True),
        ("hw/REDME.md", True),
        ("#nowhere", True),
        ("http://example.org/", True),
    ],
)
def test_a_link_that_leads_nowhere_is_found(target, is_wrong):
    assert bool(wrong_link(Document(README), target)) is is_wrong


@pytest.mark.parametrize(
    ("setting", "is_wrong"),
    [
        (("led", "gpio", ""), False),
        (("led", "gpio", "25"), False),
        (("log", "transcripts", "true"), False),
        (("led", "gipo", ""), True),
        (("lde", "gpio", ""), True),
        (("led", "gpio", "99"), True),
    ],
)
def test_a_setting_that_does_not_exist_is_found(setting, is_wrong):
    assert bool(wrong_setting(*setting)) is is_wrong


def name_of(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_that_is_made_from_the_code_is_up_to_date(path):
    """`make docs` writes it."""
    assert path.read_text() == FILES[path]()


@pytest.mark.parametrize("path", pages(), ids=name_of)
def test_the_parts_of_a_page_that_are_made_from_the_code_are_up_to_date(path):
    assert path.read_text() == updated(path.read_text())


def test_each_part_that_can_be_made_is_on_one_page():
    found = [name for page in pages() for name in parts_of(page.read_text())]
    assert sorted(found) == sorted(PARTS)


def codes() -> set[str]:
    """All that stands in `...` on any page."""
    return {code for document in DOCUMENTS for code in document.codes}


def test_every_field_and_every_outcome_of_a_turn_is_explained():
    assert _turn_fields() - codes() == set()
    assert set(get_args(Outcome)) - codes() == set()
    assert any(TURN_ID in document.text for document in DOCUMENTS)


def test_every_tool_that_is_built_in_is_on_a_page():
    assert set(BUILT_IN_TOOLS) - codes() == set()


def test_every_verb_and_every_option_of_the_demo_is_on_a_page():
    _, verbs = arguments()
    said = " ".join(word for d in DOCUMENTS for words in d.commands for word in words)
    assert [verb for verb in verbs if verb not in said] == []
    assert [o for o in verbs["demo"] if o not in said and o != "--help"] == []

# SPDX-License-Identifier: MIT
"""A tool of the user's own: a TOML file that declares a program as a function."""

import json
import logging
import math
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

from appliance.basics.excerpt import (
    LONGEST_TEXT,
    printable,
    quote,
    quote_path,
    suggestion,
)
from appliance.basics.strict_toml import IN_WORDS, ConfigError, Meta, Section, parse
from appliance.basics.whole_file import read_small
from appliance.config.sections import BUILT_IN_TOOLS, ToolsSection
from appliance.core.message_ids import TOOL_LEFT_OUT_ID
from appliance.live.tools import Function

#: The service waits in silence for a blocking tool, and so does the user.
_LONGEST_BLOCKING_S = 60.0
_TYPES = ("object", "array", "string", "number", "integer", "boolean")
#: Keyword of a schema -> what it takes. The service's subset of OpenAPI 3.0.
_KEYWORDS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "type": (str, "one of " + ", ".join(_TYPES)),
    "description": (str, "text"),
    "enum": (list, "list of texts"),
    "properties": (dict, "table"),
    "required": (list, "list of names from properties"),
    "items": (dict, "table"),
    "minimum": ((int, float), "number"),
    "maximum": ((int, float), "number"),
}
_MOST_LEVELS = 8
_LARGEST_FILE_BYTES = 64 * 1024
_SHIPPED = ToolsSection().directory
#: TOML 1.0 §Keys: what needs no quotes.
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,63}")
#: What the unit hides: ProtectHome=, PrivateTmp= and InaccessiblePaths=, man
#: systemd.exec.
UNSEEN = (
    "/home/",
    "/root/",
    "/run/user/",
    "/tmp/",
    "/var/tmp/",
    "/boot/",
    "/dev/shm/",
)
_WHY_UNSEEN = "hidden from the service by its sandbox; put it in /usr/local/bin"

log = logging.getLogger(__name__)


class Declaration(Section, frozen=True):
    """One file of tools.d."""

    name: Annotated[
        str,
        Meta(
            pattern=r"\A[A-Za-z_][A-Za-z0-9_]{0,62}\Z",
            extra={
                IN_WORDS: "letters (A-Z, a-z), digits and _, at most 63, "
                "not beginning with a digit"
            },
        ),
    ]
    description: Annotated[str, Meta(min_length=1, max_length=4096)]
    command: tuple[str, ...]
    parameters: dict[str, Any] = {}
    time_limit_s: Annotated[float, Meta(ge=0.1, le=86_400)] = 10.0
    blocking: bool = True

    def function(self) -> Function:
        """As it is declared to the service."""
        schema = _in_upper_case(self.parameters) if self.parameters else None
        parameters = json.dumps(schema).encode() if schema else b""
        return Function(self.name, self.description, parameters, self.blocking)


def read_all(directory: str) -> list[Declaration]:
    """The tools in `directory`, by file name. One that cannot be used is left out, and
    the journal says why."""
    declared: list[Declaration] = []
    try:
        files = tool_files(directory)
    except ConfigError as error:
        text = f"{error}; none of its tools is used"
        log.error("%s", text, extra={"MESSAGE_ID": TOOL_LEFT_OUT_ID})
        return []
    for tool in each(files):
        if isinstance(tool, ConfigError):
            text = f"{tool}; this tool is left out"
            log.error("%s", text, extra={"MESSAGE_ID": TOOL_LEFT_OUT_ID})
        else:
            declared.append(tool)
    return declared


def tool_files(directory: str) -> list[Path]:
    """The files *.toml in `directory`, by name. The shipped directory may be missing.

    Raises ConfigError: it cannot be listed."""
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        if directory == _SHIPPED:
            return []
        why = "there is no directory"
    except OSError as error:
        why = str(error.strerror)
    except ValueError as error:  # It contains a NUL.
        why = str(error)
    else:
        toml = sorted(name for name in names if name.endswith(".toml"))
        return [Path(directory, name) for name in toml]
    raise ConfigError(f"[tools] directory = {quote_path(directory)}: {why}")


def each(files: Iterable[Path]) -> Iterator[Declaration | ConfigError]:
    """The tool in each of `files`, or why it cannot be used."""
    taken: dict[str, str] = dict.fromkeys(BUILT_IN_TOOLS, "a tool that is built in")
    for path in files:
        try:
            tool = read(path)
        except ConfigError as error:
            yield error
            continue
        if tool.name in taken:
            what = f"name = {quote(tool.name)}: {taken[tool.name]} has that name"
            yield ConfigError(f"{_shown(path)}: {what}")
        else:
            taken[tool.name] = printable(path.name)
            yield tool


def unseen_by_the_service(tool: Declaration) -> str:
    """Why it cannot be run in the service's sandbox, though it can here; or ""."""
    program, *arguments = tool.command
    files = [shutil.which(program) or program, *filter(os.path.isabs, arguments)]
    for file in filter(os.path.exists, files):
        for place in (os.path.abspath(file), os.path.realpath(file)):
            if place.startswith(UNSEEN):
                return f"command: {place}: {_WHY_UNSEEN}"
    return ""


def read(path: Path) -> Declaration:
    """Raises ConfigError, one line."""
    name = _shown(path)
    try:
        # It may be a link to a file elsewhere. (Path.resolve raises for a loop.)
        raw = read_small(Path(os.path.realpath(path)), _LARGEST_FILE_BYTES)
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{name}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{name}: not UTF-8 text") from None
    tool = parse(text, Declaration, name)
    if wrong := _wrong(tool):
        raise ConfigError(f"{name}: {wrong}")
    return tool


def _shown(path: Path) -> str:
    """A file's name may have any byte in it but / and NUL."""
    return printable(str(path), LONGEST_TEXT)


def _wrong(tool: Declaration) -> str:
    """What the types cannot express; "" if nothing is wrong."""
    if not tool.command:
        return "command = []: expected a program and its arguments"
    program = tool.command[0]
    if any("\0" in word for word in tool.command) or not shutil.which(program):
        return f"command[0] = {quote_path(program)}: {_not_runnable(program)}"
    if tool.blocking and tool.time_limit_s > _LONGEST_BLOCKING_S:
        return (
            f"time_limit_s = {tool.time_limit_s:g}: at most {_LONGEST_BLOCKING_S:g} "
            "while the service waits; blocking = false lets it go on"
        )
    if tool.parameters and tool.parameters.get("type", "object") != "object":
        return '[parameters] type: expected "object"'
    return _wrong_schema(tool.parameters, "parameters") if tool.parameters else ""


def _not_runnable(program: str) -> str:
    # Not pathlib's: that raises where it may not look.
    if os.path.isfile(program):
        return "not executable; chmod +x it"
    return _WHY_UNSEEN if program.startswith(UNSEEN) else "there is no such program"


def _wrong_schema(schema: Any, where: str, levels: int = _MOST_LEVELS) -> str:
    if levels < 0:
        return f"[{where}]: nested too deeply"
    for keyword, value in schema.items():
        if keyword not in _KEYWORDS:
            near = suggestion(keyword, list(_KEYWORDS))
            known = ", ".join(_KEYWORDS)
            return f"[{where}] {quote(keyword)} is unknown{near} (known here: {known})"
        types, allowed = _KEYWORDS[keyword]
        if not isinstance(value, types) or not _fits(keyword, value, schema):
            return f"[{where}] {keyword} = {quote(value)}: expected {allowed}"
    if "type" not in schema and where != "parameters":
        return f"[{where}] type is missing: expected {_KEYWORDS['type'][1]}"
    if wrong := _unlike_its_type(schema, where):
        return wrong
    inner = [(f"{where}.items", schema["items"])] if "items" in schema else []
    for name, part in schema.get("properties", {}).items():
        if not isinstance(part, dict):
            return f"[{where}.properties] {quote(name)} = {quote(part)}: expected table"
        key = name if _BARE_KEY.fullmatch(name) else quote(name)
        inner.append((f"{where}.properties.{key}", part))
    found = (_wrong_schema(part, place, levels - 1) for place, part in inner)
    return next(filter(None, found), "")


def _unlike_its_type(schema: dict[str, Any], where: str) -> str:
    """What the service refuses at the setup, and with it the whole box."""
    type_ = schema.get("type", "object")
    if type_ == "array" and "items" not in schema:
        return f"[{where}] items is missing: expected the type of an array's items"
    if type_ == "object" and not schema.get("properties"):
        return f"[{where}] properties is missing: expected at least one for an object"
    if type_ != "object" and "properties" in schema:
        return f"[{where}] properties: only an object has some, this is {type_}"
    return ""


def _fits(keyword: str, value: Any, schema: dict[str, Any]) -> bool:
    match keyword:
        case "type":
            return value in _TYPES
        case "enum":
            return bool(value) and all(isinstance(v, str) for v in value)
        case "required":
            properties = schema.get("properties")
            return isinstance(properties, dict) and all(
                isinstance(name, str) and name in properties for name in value
            )
        case "minimum" | "maximum":
            return not isinstance(value, bool) and _is_a_double(value)
        case _:
            return True


def _is_a_double(value: float) -> bool:
    """JSON has no other number (RFC 8259 §6)."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _in_upper_case(schema: dict[str, Any]) -> dict[str, Any]:
    """The types in the service's spelling; `object` need not be written."""
    written = {**schema, "type": schema.get("type", "object").upper()}
    if "items" in schema:
        written["items"] = _in_upper_case(schema["items"])
    if "properties" in schema:
        parts = schema["properties"].items()
        written["properties"] = {name: _in_upper_case(part) for name, part in parts}
    return written

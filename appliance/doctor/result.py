# SPDX-License-Identifier: MIT
"""The result of a check: verdict, figure, and what fixes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from appliance.config.file import DEFAULT_PATH
from appliance.core.signals import Fault, Signal, signal_of


class Verdict(StrEnum):
    OK = "OK"
    FAIL = "FAIL"
    SKIP = "SKIP"  # could not be tested, or does not apply; the text says why


#: The types of JSON that a figure may have.
Figure = str | int | float | bool | None
Figures = dict[str, Figure]


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the report."""

    verdict: Verdict
    text: str
    #: The command, or what to do by hand; "" where nothing is to be done.
    mend: str = ""
    #: The signal with which the box shows this failure.
    signal: Signal | None = None
    figures: Mapping[str, Figure] = field(default_factory=dict)
    #: What stands below the line.
    lines: tuple[str, ...] = ()


def ok(text: str, /, **figures: Figure) -> Result:
    return Result(Verdict.OK, text, figures=figures)


def fail(
    text: str, mend: str, signal: Signal | None = None, /, **figures: Figure
) -> Result:
    return Result(Verdict.FAIL, text, mend, signal, figures)


def skip(text: str, mend: str = "", /, **figures: Figure) -> Result:
    return Result(Verdict.SKIP, text, mend, figures=figures)


def consequence(result: Result, cause: str) -> Result:
    """A failure that follows from the one that `cause` reports: one fix serves both."""
    text = f"as {cause} failed: {result.text}"
    return replace(result, verdict=Verdict.SKIP, text=text, mend="")


def setting(section: str, key: str, value: object) -> str:
    """The command that corrects a value in the configuration."""
    return (
        f"sudoedit {DEFAULT_PATH}: [{section}] {key} = {value}; "
        "then sudo systemctl restart voice-appliance"
    )


def link_failure(text: str, fault: Fault, /, **figures: Figure) -> Result:
    """A failure of the link to the service, with the fix for its kind."""
    return fail(text, LINK_MENDS[fault], signal_of(fault), **figures)


#: The fix for each fault of the link.
LINK_MENDS = {
    Fault.NETWORK: "nmcli device status; cat /etc/resolv.conf",
    Fault.KEY: "sudo mkdir -p /etc/credstore.encrypted && "
    "sudo systemd-creds encrypt --name=gemini-api-key - "
    "/etc/credstore.encrypted/gemini-api-key && "
    "sudo systemctl restart voice-appliance",
    Fault.QUOTA: "look at quota and billing of the key's project: "
    "https://aistudio.google.com",
    Fault.REFUSED: f"sudoedit {DEFAULT_PATH}: [live] model, voice and endpoint; "
    "then sudo systemctl restart voice-appliance",
    Fault.CLOCK: "sudo timedatectl set-ntp true; timedatectl timesync-status",
}

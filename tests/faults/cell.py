# SPDX-License-Identifier: MIT
"""One cell of the matrix: a fault in a phase, what came of it, and of the next turn."""

import asyncio
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from appliance.core.signals import Signal
from tests.faults import evidence, judge, phases
from tests.faults.promise import REFUSALS, Outcome, Phase, Senseless, promise
from tests.faults.record import record
from tests.faults.row import Row
from tests.faults.stage import HERE, Place, Stage, staged
from tests.faults.trial import Trial
from tests.rig.settings import Sections

_REST_LIMIT_S = 45.0
_PROBE_S = 0.8
#: What the card has taken is on its tape after that.
_TAPE_S = 0.5


@dataclass(frozen=True, slots=True)
class Cell:
    """What came of a fault in a phase."""

    row: Row
    phase: Phase
    outcome: Outcome | Senseless | None
    #: From the fault, or from its mending, until all was well.
    recovery_s: float = 0.0
    #: What is not as promised.
    complaints: tuple[str, ...] = ()
    #: What to look at then.
    record: str = ""
    #: The card ran dry or over though nobody had ordered it: the machine was too busy.
    disturbed: bool = False


async def run(
    row: Row,
    phase: Phase,
    directory: Path,
    plugin_cache: Path,
    place: Place = HERE,
) -> Cell:
    """Play it through; it takes some 15 s, nearly all of it waiting."""
    promised = promise(row.kind, phase)
    if isinstance(promised, Senseless):
        return Cell(row, phase, promised)
    try:
        async with staged(
            directory,
            plugin_cache,
            scenario=row.scenario,
            other=row.other,
            changes=_changes(row, phase),
            tls=row.tls,
            place=place,
            before=_before(row, phase),
        ) as stage:
            trial = Trial(stage, row, phase, promised)
            with suppress(TimeoutError, LookupError):
                await _play_through(trial)
            trial.complaints += judge.about_the_box(trial)
        trial.complaints += [f"the key is in the {leak}" for leak in stage.box.leaks]
        return _cell(trial)
    except TimeoutError:
        return Cell(row, phase, None, complaints=("the box was never ready",))
    finally:
        shutil.rmtree(directory, ignore_errors=True)


async def _play_through(trial: Trial) -> None:
    for step in (_reach, _strike, _mend, _come_to_rest, _look, _probe):
        try:
            await step(trial)
        except (TimeoutError, LookupError) as error:
            status = trial.stage.box.status
            what = str(error) or "waited in vain"
            trial.complaints.append(f"{step.__name__[1:]}: {what}, STATUS={status}")
            raise


async def _reach(trial: Trial) -> None:
    stage, row = trial.stage, trial.row
    if row.link_age_s:
        age_s = time.monotonic() - stage.network.asked[0]
        await asyncio.sleep(max(0.0, row.link_age_s - age_s))
    if row.talks_over:
        await stage.hold(2.0)
        await stage.until(lambda: stage.turns and stage.turns[-1].first_audio_at)
        await asyncio.sleep(0.3)
        trial.talked_over_from = len(stage.turns[-1].answer)
    await row.prepare(stage)
    trial.speaker_from = len(stage.card.heard())
    await phases.reach(stage, trial.phase, row.hold_s)


async def _strike(trial: Trial) -> None:
    stage, row = trial.stage, trial.row
    trial.speaker_from = max(trial.speaker_from, len(stage.card.heard()) - 48_000)
    trial.asked, trial.presses = len(stage.network.asked), stage.presses
    trial.lines = stage.box.journal_lines
    trial.struck_at = time.monotonic()
    if row.astray and trial.phase is Phase.ASLEEP:
        stage.lead_astray()
    await row.inject(stage)
    await phases.finish(stage, trial.phase, row.hold_s)
    trial.hold = stage.holds[-1]
    left_s = trial.struck_at + row.lasts_s - time.monotonic()
    await asyncio.sleep(max(0.0, left_s))


async def _mend(trial: Trial) -> None:
    stage, row = trial.stage, trial.row
    trial.asked_until_mended = len(stage.network.asked)
    trial.presses_until_mended = stage.presses
    if not row.lasts_s:
        return
    await row.mend(stage)
    trial.mended_at = time.monotonic()


async def _come_to_rest(trial: Trial) -> None:
    row = trial.row
    at_rest = [Signal.IDLE]
    if row.kind in REFUSALS and row.signal:
        at_rest.append(row.signal)  # it waits for a press
    trial.rested_at = await trial.stage.rest(*at_rest, for_s=0.6, limit_s=_REST_LIMIT_S)
    trial.asked_until_rest = len(trial.stage.network.asked)
    await asyncio.sleep(_TAPE_S)


async def _look(trial: Trial) -> None:
    assert trial.hold
    trial.findings = evidence.find(
        trial.stage,
        trial.row,
        trial.promised,
        trial.hold,
        trial.speaker_from,
        trial.struck_at,
    )
    trial.complaints += judge.about_the_fault(trial, trial.findings)


async def _probe(trial: Trial) -> None:
    """Whatever has happened: the next turn is as if nothing had."""
    stage, row = trial.stage, trial.row
    if not row.lasts_s:
        await row.mend(stage)
    speaker_from = len(stage.card.heard())
    hold = await stage.hold(_PROBE_S)
    await stage.rest(Signal.IDLE, for_s=0.6, limit_s=_REST_LIMIT_S)
    await asyncio.sleep(_TAPE_S)
    found = evidence.find(
        stage, row, trial.promised, hold, speaker_from, hold.pressed_at, speaker_from
    )
    if found.outcome is not Outcome.ANSWERED:
        trial.complaints.append(f"the next turn: {found.outcome.value}")
    elif row.kind in REFUSALS:
        # All was well when the press had opened a link.
        trial.mended_at = hold.pressed_at
        trial.rested_at = found.turns[-1].turn.opened_at


def _changes(row: Row, phase: Phase) -> Sections:
    if phase is not Phase.ASLEEP:
        return row.changes
    asleep = {"live": {"idle_disconnect_s": phases.ASLEEP_AFTER_S}}
    return {**row.changes, **asleep}


def _before(row: Row, phase: Phase) -> Callable[[Stage], None]:
    def lead_astray(stage: Stage) -> None:
        if row.astray and phase is not Phase.ASLEEP:
            stage.lead_astray()

    return lead_astray


def _cell(trial: Trial) -> Cell:
    found = trial.findings
    return Cell(
        trial.row,
        trial.phase,
        found.outcome if found else None,
        trial.rested_at - (trial.mended_at or trial.struck_at),
        tuple(trial.complaints),
        record(trial) if trial.complaints else "",
        evidence.disturbed(trial.stage, trial.row),
    )

"""Looks at a domain again and again: keeps each look, and says what a person is to be told. Prints nothing.

What is remembered between looks lies beside the history, in DOMAIN.alarm.json, and is replaced whole.
"""

from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mxprobe.errors import CouldNotLook, InputError, Place
from mxprobe.facts.alarm import ALARM_SCHEMA, Alarm, AlarmState, Manners
from mxprobe.facts.beside import Beside
from mxprobe.facts.codec import encode, masked
from mxprobe.facts.snapshot import Snapshot
from mxprobe.jobs.alone import alone, replace_whole
from mxprobe.jobs.history import MOST_OCTETS, History, keep, last_looks, make_folder, read_remembered
from mxprobe.jobs.look import Look
from mxprobe.jobs.saved import read_octets
from mxprobe.mx.alarm import JudgedLook, accept, advance, why_no_reference
from mxprobe.mx.drift import mx_unknown
from mxprobe.report.json import LookDocument
from mxprobe.report.verdict import could_not_look
from mxprobe.rules.domain.drift import COMPARING
from mxprobe.scenario.load_windows import AlarmConfig, load_windows
from mxprobe.scenario.small_file import MOST_OCTETS as MOST_YAML

_HINT = "Without this file alarms begin anew, with the last look that was kept as the reference."

_MOST_LOOKED_THROUGH = 16
"""So many looks that saw too little may stand behind the one that is the reference at first."""


class Watch(Struct, frozen=True, kw_only=True):
    """How a domain is watched. Without `manners` looks are kept, and nothing is told."""

    history: History
    manners: Manners | None = None

    @property
    def state_path(self) -> Path:
        """What is remembered between looks."""
        return self.history.folder / f"{self.history.domain}.alarm.json"


class Watched(Struct, frozen=True, kw_only=True):
    """What came of one look: what is to be told, and what a person should know of the files."""

    alarms: tuple[Alarm, ...] = ()
    notes: tuple[str, ...] = ()


def read_config(path: Path | None, domain: str) -> AlarmConfig:
    """When alarms keep quiet. Raises InputError."""
    if path is None:
        return AlarmConfig()
    return load_windows(read_octets(path, MOST_YAML), str(path), domain)


def holding_codes() -> tuple[str, ...]:
    """The rules that compare a look with an earlier one."""
    return tuple(module.RULE.code for module in COMPARING)


def beside_of(watch: Watch, beside: Beside | None) -> Beside:
    """What the next look is compared with: the looks that were kept, and, for alarms, the reference.

    Raises InputError for files that are none of ours.
    """
    make_folder(watch.history.folder)
    beside = replace(beside or Beside(), history=read_remembered(watch.history))
    if watch.manners is None:
        return beside
    state = _read_state(watch)
    return replace(beside, before=_first_reference(watch.history) if state is None else state.reference)


def keep_look(watch: Watch, look: Look, document: LookDocument, accepted: bool = False) -> Watched:
    """Keep a look, and say what is to be told; `accepted`: what it saw is as it should be.

    Raises InputError where it cannot be kept, and CouldNotLook where it saw too little to be accepted.
    """
    judged = JudgedLook(
        snapshot=masked(look.snapshot),
        judgements=masked(document.judgements),
        compared=look.judgements,
        blind=could_not_look(look.snapshot) or "",
    )
    if accepted and (reason := why_no_reference(judged)):
        raise CouldNotLook(f"too little was seen to be accepted: {reason}")
    notes = keep(watch.history, look.snapshot, document.exit_status, document.reason)
    if watch.manners is None:
        return Watched(notes=notes)
    try:
        with alone(watch.history.lock):
            state = _read_state(watch) or AlarmState(domain=look.snapshot.domain, reference=_compared_with(look))
            if accepted:
                state, alarms = accept(state, judged, watch.manners), tuple[Alarm, ...]()
            else:
                step = advance(state, judged, watch.manners)
                state, alarms = step.state, step.alarms
            replace_whole(watch.state_path, encode(state))
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", place=Place(str(watch.state_path))) from error
    return Watched(alarms=alarms, notes=notes)


def _compared_with(look: Look) -> Snapshot | None:
    """What a look was judged beside: at first the reference, which the looks that are kept do not tell any more."""
    return None if look.beside is None else look.beside.before


def _read_state(watch: Watch) -> AlarmState | None:
    """What is remembered; None at first. Raises InputError."""
    path, domain = watch.state_path, watch.history.domain
    place = Place(str(path))
    if not path.exists():
        return None
    try:
        with path.open("rb") as file:
            data = file.read(2 * MOST_OCTETS + 1)
        state = msgspec.json.decode(data, type=AlarmState)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=place) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InputError(f"this is not what alarms remember: {error}", place=place, hint=_HINT) from error
    if len(data) > 2 * MOST_OCTETS or state.kind != "alarm-state" or state.schema != ALARM_SCHEMA:
        raise InputError(f"this is not what alarms remember (schema {ALARM_SCHEMA})", place=place, hint=_HINT)
    if state.domain != domain:
        raise InputError(f"this is about {state.domain}, and {domain} is looked at", place=place, hint=_HINT)
    return state


def _first_reference(history: History) -> Snapshot | None:
    """The last look that knew the MX records, if it is not long ago."""
    known = [look for look in last_looks(history, _MOST_LOOKED_THROUGH) if look.complete and not mx_unknown(look)]
    return known[-1] if known else None

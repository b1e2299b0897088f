"""A way of failing in the words of a person, for a forecast: "reply 554 at banner", "refuses", "no answer at rcpt".

The grammar, where PHASE is one of a scenario's phases:

    refuses | does not answer | unreachable | tls fails
    reply CODE [TEXT] at PHASE
    no answer at PHASE | closes at PHASE
    FAULT [at PHASE]            a fault as in a scenario file: {reply: 554}, silence, disk-full

Which cell of the outcome table senders meet is said by `mx.reading`; of a scenario's fault, by the fault itself.
"""

import re

from mxprobe.errors import InputError
from mxprobe.facts.session import Failure, FailureKind, Turn
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.mx.cells import CELLS
from mxprobe.mx.outcome import Action, TlsPolicy
from mxprobe.mx.reading import classify, classify_reply
from mxprobe.mx.senders import MODELLED
from mxprobe.mx.whatif import Way
from mxprobe.scenario.faults.fault import About
from mxprobe.scenario.load_fault import read_fault

GRAMMAR = (
    "refuses, does not answer, unreachable, tls fails, reply CODE at PHASE, no answer at PHASE, closes at PHASE, "
    "or a fault as in a scenario: {reply: 554} at banner"
)
_PHASES = {phase.value: phase for phase in Phase if phase not in (Phase.HELO, Phase.RSET, Phase.QUIT)}
_SAYS_NOTHING = (Phase.CONNECT, Phase.TLS, Phase.BODY)
"""Phases in which a host has no reply to give."""

_AT = re.compile(r"(.*\S)\s+at\s+(\S+)", re.DOTALL)
_REPLY = re.compile(r"\{?\s*(?:reply:?)\s+(\d+)((?:\s[^}]*)?)\}?", re.DOTALL)
_CODE = range(200, 600)
_CONNECTING = {
    "refuses": (FailureKind.REFUSED, "refuses connections"),
    "refuses connections": (FailureKind.REFUSED, "refuses connections"),
    "no answer": (FailureKind.TIMEOUT, "does not answer"),
    "does not answer": (FailureKind.TIMEOUT, "does not answer"),
    "unreachable": (FailureKind.UNREACHABLE, "is unreachable"),
}
_LATER = {
    "no answer": (FailureKind.TIMEOUT, "does not answer"),
    "does not answer": (FailureKind.TIMEOUT, "does not answer"),
    "closes": (FailureKind.CLOSED, "ends the connection"),
}


def read_way(text: str) -> Way:
    """The cell that senders meet, and the words of a report. Raises InputError that names what would be right."""
    words = " ".join(text.split())
    match = _AT.fullmatch(words)
    what, named = (match[1], match[2].lower()) if match else (words, None)
    if named is not None and named not in _PHASES:
        raise _refusal(text, f"no phase is called {named}", f"Phases: {', '.join(_PHASES)}.")
    phase = _PHASES[named] if named else None
    way = _plain(text, what, phase) or _of_scenario(text, what, phase)
    goes_on = (Action.GO, Action.HELO, Action.SPLIT)
    ends_none = all(profile.ruling(way.cell, TlsPolicy.MAY).action in goes_on for profile in MODELLED)
    if CELLS[way.cell].action in goes_on and ends_none:
        raise _refusal(text, f"that ends no attempt to deliver: {CELLS[way.cell].event}", f"Right is: {GRAMMAR}.")
    return way


def _plain(text: str, what: str, phase: Phase | None) -> Way | None:
    """A way in plain words; None where they are not of the grammar."""
    lower = what.lower()
    if lower in _CONNECTING and phase in (None, Phase.CONNECT):
        kind, said = _CONNECTING[lower]
        return Way(cell=_fails(Phase.CONNECT, kind), words=said)
    if lower == "tls fails" and phase in (None, Phase.TLS):
        return Way(cell=_fails(Phase.TLS, FailureKind.TLS), words="fails the TLS handshake")
    if lower in _LATER:
        if phase is None or phase is Phase.CONNECT:
            raise _refusal(text, "add where: at banner, at rcpt, at dot", f"Right is: {GRAMMAR}.")
        kind, said = _LATER[lower]
        return Way(cell=_fails(phase, kind), words=f"{said} at {phase}")
    reply = _REPLY.fullmatch(what)
    return _replies(text, reply[1], reply[2], phase) if reply else None


def _replies(text: str, code: str, said: str, phase: Phase | None) -> Way:
    if phase is None:
        raise _refusal(text, "a reply has to be told where: reply 554 at banner", f"Phases: {', '.join(_PHASES)}.")
    if phase in _SAYS_NOTHING:
        raise _refusal(text, f"a host has no reply to give at {phase}", f"Right is: {GRAMMAR}.")
    if int(code) not in _CODE:
        raise _refusal(text, f"a reply's code is from 200 to 599, not {code}", "Right is: reply 554 at banner.")
    cell = classify_reply(phase, Reply(raw=b"", code=int(code), lines=(said.strip(),)))
    return Way(cell=cell, words=f"greets with {code}" if phase is Phase.BANNER else f"says {code} at {phase}")


def _fails(phase: Phase, kind: FailureKind) -> str:
    return classify(Turn(phase=phase, started=0.0, ended=0.0, failure=Failure(kind=kind, phase=phase)))


def _of_scenario(text: str, what: str, phase: Phase | None) -> Way:
    """A fault as a scenario file has it."""
    try:
        use = read_fault(what, phase.value if phase else None, lambda host: host)
    except InputError as error:
        guess = f": {error.label}" if error.label else ""
        raise _refusal(text, f"{error.message}{guess}", f"Right is: {GRAMMAR}.") from error
    cell = use.fault.cell(use.phase) if use.fault.ABOUT is About.HOSTS else None
    if cell is None:
        raise _refusal(text, f"no sender could tell `{use.name}` by what the host does", f"Right is: {GRAMMAR}.")
    return Way(cell=cell, words=f"has {use.name}" + (f" at {use.phase}" if use.phase else ""))


def _refusal(text: str, reason: str, hint: str) -> InputError:
    return InputError(f"--fault {text!r}: {reason}", hint=hint)

"""What each host said about each recipient, where more than the good one was asked about."""

from collections.abc import Sequence

from mxprobe.facts.matrix import Role
from mxprobe.facts.names import to_unicode
from mxprobe.facts.proof import Answer
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.matrix import Given, all_answers, asked_about
from mxprobe.report.words import wrap

_WIDTH = 11
_COLUMNS = (Role.GOOD, Role.POSTMASTER, Role.RANDOM, Role.FOREIGN)
_NULL = "null sender"
_LEAST_TELLING = (Answer.ACCEPTED, Answer.LATER, Answer.UNKNOWN, Answer.REFUSED)


def render_recipients(snapshot: Snapshot) -> list[str]:
    """A row for each address, a column for each role; nothing where only the good recipients were asked about."""
    asked = asked_about(snapshot)
    if not asked.is_matrix or not snapshot.sessions:
        return []
    until = f" until {asked.until}" if asked.until else ""
    sender = f"MAIL FROM:<{asked.sender}>" + ("" if asked.sender else ", as the EHLO name takes no mail")
    lines = wrap("RECIPIENTS ", f"{sender}; allowed by {asked.allowed_by}{until}; no message was sent")
    heads = [*(role.value for role in _COLUMNS), _NULL]
    lines.append(f" pref  {'host and address':<34} " + "  ".join(f"{head:<{_WIDTH}}" for head in heads).rstrip())
    givens = all_answers(snapshot)
    seen = ""
    for visit in snapshot.visits:
        if visit.endpoint.host != seen:
            seen = visit.endpoint.host
            lines.append(f" {visit.preference:>4}  {to_unicode(seen)}")
        own = [given for given in givens if given.endpoint == visit.endpoint]
        cells = [_cell(_of_role(own, role, asked.sender)) for role in _COLUMNS]
        cells.append(_cell([given for given in own if _is_null(given, asked.sender)]))
        row = "  ".join(f"{cell:<{_WIDTH}}" for cell in cells)
        lines.append(f"         {visit.endpoint.address:<32} {row}".rstrip())
        for note in dict.fromkeys(_note(given) for given in own):
            lines += wrap(" " * 13, note) if note else []
    for host, whose in asked.shared:
        lines += wrap(" ", f"{host} is shared by many ({whose}) and was asked about the good recipient alone.")
    return [*lines, ""]


def _of_role(givens: Sequence[Given], role: Role, sender: str) -> list[Given]:
    """The answers about a role: of a foreign recipient those under any sender, else those under the ordinary one."""
    return [
        given
        for given in givens
        if given.question.role is role and (role is Role.FOREIGN or given.question.sender == sender)
    ]


def _is_null(given: Given, sender: str) -> bool:
    return bool(sender) and given.question.role is Role.GOOD and given.question.sender == ""


def _cell(givens: Sequence[Given]) -> str:
    """The answer; of several that differ, all."""
    if not givens:
        return "not asked"
    found = {given.answer for given in givens}
    return "/".join(answer.value for answer in _LEAST_TELLING if answer in found)


def _note(given: Given) -> str:
    """What a four-valued answer leaves out: what it is about, and the host's words."""
    name = given.question.role.value if given.question.sender or given.question.role is Role.FOREIGN else _NULL
    if given.earlier is not None:
        return f'{name}: first "{given.earlier.said}", when asked again "{given.said}"'
    if given.answer in (Answer.LATER, Answer.UNKNOWN):
        return f"{name}: {given.why or given.answer}: {given.said}"
    return ""

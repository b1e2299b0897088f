"""What each host said about each recipient, where more than the good one was asked about."""

from collections.abc import Sequence

from mxprobe.facts.matrix import Role
from mxprobe.facts.names import to_unicode
from mxprobe.facts.proof import Answer
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.matrix import Given, Why, all_answers, asked_about, foreign_answers
from mxprobe.report.words import wrap

_WIDTH = 11
_COLUMNS = (Role.GOOD, Role.POSTMASTER, Role.RANDOM, Role.FOREIGN)
_NULL = "null sender"
_ADDRESS = 24
_DIFFERS = "differs"


def render_recipients(snapshot: Snapshot) -> list[str]:
    """A row for each address, a column for each role; nothing where only the good recipients were asked about."""
    asked = asked_about(snapshot)
    if not asked.is_matrix or not snapshot.sessions:
        return []
    until = f" until {asked.until}" if asked.until else ""
    sender = f"MAIL FROM:<{asked.sender}>" + ("" if asked.sender else ", as the EHLO name takes no mail")
    lines = wrap("RECIPIENTS ", f"{sender}; allowed by {asked.allowed_by}{until}; no message was sent")
    heads = [*(role.value for role in _COLUMNS), _NULL]
    lines.append(f" pref  {'host and address':<26} " + "  ".join(f"{head:<{_WIDTH}}" for head in heads).rstrip())
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
        start = f"         {visit.endpoint.address:<{_ADDRESS}} "
        if len(visit.endpoint.address) > _ADDRESS:
            lines.append(start.rstrip())
            start = " " * (_ADDRESS + 10)
        lines.append(f"{start}{row}".rstrip())
        mixed = _cell(_of_role(own, Role.FOREIGN, asked.sender)) == _DIFFERS
        told = [given for given in own if given.question.role is not Role.FOREIGN or given in foreign_answers(own)]
        for note in dict.fromkeys(_note(given, mixed) for given in told):
            lines += wrap(" " * 13, note) if note else []
    for host, whose in asked.shared:
        lines += wrap(" ", f"{host} is shared by many ({whose}) and was asked about the good recipient alone.")
    return [*lines, ""]


def _of_role(givens: Sequence[Given], role: Role, sender: str) -> list[Given]:
    """The answers about a role: of a foreign recipient those under any sender, else those under the ordinary one."""
    if role is Role.FOREIGN:
        return foreign_answers(givens)
    return [given for given in givens if given.question.role is role and given.question.sender == sender]


def _is_null(given: Given, sender: str) -> bool:
    return bool(sender) and given.question.role is Role.GOOD and given.question.sender == ""


def _cell(givens: Sequence[Given]) -> str:
    """The answer; where there are several that differ, that."""
    if not givens:
        return "not asked"
    found = {given.answer for given in givens}
    return found.pop().value if len(found) == 1 else _DIFFERS


def _note(given: Given, mixed: bool) -> str:
    """What a four-valued answer leaves out: what it is about, and the host's words; of foreign ones, the sender."""
    name = given.question.role.value if given.question.sender or given.question.role is Role.FOREIGN else _NULL
    if given.earlier is not None:
        return f'{name}: first "{given.earlier.said}", when asked again "{given.said}"'
    if mixed and given.question.role is Role.FOREIGN:
        form = f" as {given.question.form}" if given.question.form else ""
        return f"{name}{form} from <{given.question.sender}>: {given.words}: {given.said}"
    if given.answer in (Answer.LATER, Answer.UNKNOWN):
        about = "" if given.why in (Why.PLAIN, Why.NOT_ASKED) else f" ({given.why})"
        return f"{name}: {given.answer}{about}: {given.said}"
    return ""

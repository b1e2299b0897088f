"""What the rules about recipients ask of a saved probe: who said what of whom, and why something is not known."""

from collections.abc import Iterable, Mapping

from mxprobe.facts.matrix import Role
from mxprobe.facts.proof import Answer
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.matrix import Given, all_answers, asked_about
from mxprobe.mx.once import once
from mxprobe.rules.domain.reading import was_dialled

KNOWN = (Answer.ACCEPTED, Answer.REFUSED)


def answers_about(snapshot: Snapshot, role: Role) -> tuple[Given, ...]:
    """What every address said of a role, asked by the ordinary sender; a postmaster who was named is one too."""
    found = _by_role(snapshot)
    if role is Role.POSTMASTER and role not in found and asked_about(snapshot).is_matrix:
        # The one that was named is the postmaster, or the matrix would have asked about him.
        return tuple(given for given in found.get(Role.GOOD, ()) if _is_postmaster(given))
    return found.get(role, ())


@once
def _by_role(snapshot: Snapshot) -> Mapping[Role, tuple[Given, ...]]:
    """What every address said, asked by the ordinary sender, by the role of the question."""
    sender, found = asked_about(snapshot).sender, dict[Role, list[Given]]()
    for given in all_answers(snapshot):
        if given.question.sender == sender:
            found.setdefault(given.question.role, []).append(given)
    return {role: tuple(givens) for role, givens in found.items()}


def _is_postmaster(given: Given) -> bool:
    return given.question.recipient.lower().startswith(("postmaster@", "po***@"))


def answers_to_null(snapshot: Snapshot) -> tuple[Given, ...]:
    """What every address said of the good recipient under the null sender, where there was an ordinary one too."""
    if not asked_about(snapshot).sender:
        return ()
    return tuple(
        given for given in all_answers(snapshot) if given.question.role is Role.GOOD and given.question.sender == ""
    )


def not_asked(snapshot: Snapshot, role: Role) -> str | None:
    """Why nothing is known of a role; None where hosts were asked about it."""
    if not was_dialled(snapshot):
        return "no address was dialled"
    asked = asked_about(snapshot)
    if not asked.questions:
        return f"no recipient was asked for: --to you@{snapshot.domain}"
    if role is not Role.GOOD and not asked.is_matrix:
        return "nobody but the recipient was asked about; --matrix asks about more, with the domain's consent"
    return None


def is_known(given: Given) -> bool:
    """Whether it tells something of the recipient: a yes or a no."""
    return given.answer in KNOWN


def still_open(givens: Iterable[Given]) -> str:
    """Which addresses gave no answer that tells, and what they said."""
    return "; ".join(f"{given.endpoint.id}: {given.words}" for given in givens if not is_known(given))


def unasked_hosts(snapshot: Snapshot) -> str | None:
    """Why hosts of large providers were not asked; None where none was left out."""
    shared = asked_about(snapshot).shared
    if not shared:
        return None
    return f"{', '.join(host for host, _ in shared)} not asked, as shared by many: --force-shared"


def line_of(given: Given) -> str:
    """The evidence: where, about whom, in the host's words."""
    sender = "" if given.question.sender else ", sender <>"
    said = f'"{given.said}"' if given.said else given.words
    return f"{given.endpoint.id}: {given.question.recipient}{sender}: {said}"


def best_preference(snapshot: Snapshot) -> int:
    """The best preference of the addresses."""
    return min((visit.preference for visit in snapshot.visits), default=0)

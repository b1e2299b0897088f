"""Whether the domain of a host that does not exist can be registered by anybody.

No list of public suffixes is kept. The names above the host are asked for their NS records, from the top: the first one
that does not exist was never delegated, and where the zone that denies it is a registry's, the name is free. A
registry's zone is a top-level domain, or a name such as `co.uk` that a country's registry sells names under.

Standards: RFC 8020 (below a name that does not exist there is nothing); RFC 1034 §4.2 (cuts).
"""

from enum import StrEnum

from msgspec import Struct

from mxprobe.facts.dns import Answers, AnswerStatus, Question, RecordType
from mxprobe.mx.authorities import names_in
from mxprobe.mx.plan import HostProblem, Plan, plan_mx

MOST_LEVELS = 5
"""So many names are asked, from the top."""

_COUNTRY = 2
_SOLD_UNDER = frozenset({"ac", "co", "com", "edu", "gob", "gov", "gv", "ne", "net", "or", "org"})
"""Second labels that many countries' registries sell names under."""


def is_sold_under(name: str) -> bool:
    """Whether registries sell names under this one: a top-level domain, or one such as `co.uk`."""
    labels = name.split(".")
    return len(labels) == 1 or (len(labels) == _COUNTRY and len(labels[1]) == _COUNTRY and labels[0] in _SOLD_UNDER)


def registered_part(name: str) -> str:
    """The part of a name that was registered, as far as its labels tell: two of them, or three below `co.uk`."""
    labels = name.lower().rstrip(".").split(".")
    deep = len(labels) > _COUNTRY and is_sold_under(".".join(labels[-2:]))
    return ".".join(labels[-3 if deep else -2 :])


class Registered(StrEnum):
    """What is known of a host's domain. NO_SUCH_TOP: nobody sells names under its last label."""

    FREE = "free"
    TAKEN = "taken"
    NO_SUCH_TOP = "no such top-level domain"
    UNKNOWN = "unknown"


class Registration(Struct, frozen=True, kw_only=True):
    """The verdict about a host, the name that does not exist, the zone that denies it, or why it is not known."""

    verdict: Registered
    name: str = ""
    zone: str = ""
    reason: str = ""


def lost_hosts(plan: Plan) -> tuple[tuple[str, str], ...]:
    """The MX hosts outside the domain that do not exist, each with the name that is missing: its own, or its alias's
    end."""
    missing = (
        (host.name, host.aliases[-1].points_to if host.aliases else host.name)
        for host in plan.excluded
        if host.problem is HostProblem.NXDOMAIN
    )
    return tuple((host, end) for host, end in missing if not f".{end}".endswith(f".{plan.domain}"))


def registration_questions(domain: str, answers: Answers) -> tuple[Question, ...]:
    """What is asked about the domains of hosts that do not exist: all at once, as nobody waits for the answer."""
    names = dict.fromkeys(name for _, end in lost_hosts(plan_mx(domain, answers)) for name in _from_the_top(end))
    return tuple(Question(name=name, rrtype=RecordType.NS) for name in names)


def _from_the_top(host: str) -> tuple[str, ...]:
    labels = host.split(".")
    return tuple(".".join(labels[-depth:]) for depth in range(1, min(len(labels), MOST_LEVELS) + 1))


def registration_of(host: str, answers: Answers) -> Registration:
    """What the names above a host that does not exist say of its domain."""
    holder = ""
    for name in _from_the_top(host):
        answer = answers.get(Question(name=name, rrtype=RecordType.NS))
        if answer is None or answer.status.is_temporary:
            reason = "was not asked for" if answer is None else f"could not be looked up ({answer.status})"
            return Registration(verdict=Registered.UNKNOWN, reason=f"{name} NS {reason}")
        if answer.status is AnswerStatus.NXDOMAIN:
            return _denied(name, holder, answers)
        if answer.status is AnswerStatus.FOUND and not answer.aliases:
            holder = name
    return Registration(verdict=Registered.TAKEN)


def _denied(name: str, holder: str, answers: Answers) -> Registration:
    """What it means that `holder`, the nearest zone above, says that there is no `name`."""
    if "." not in name:
        return Registration(verdict=Registered.NO_SUCH_TOP, name=name)
    if holder and is_sold_under(holder):
        return Registration(verdict=Registered.FREE, name=name, zone=holder)
    if not holder or _servers(holder, answers) & _servers(name.rpartition(".")[2], answers):
        reason = f"whether anybody can register names under {holder or name.partition('.')[2]} is not known"
        return Registration(verdict=Registered.UNKNOWN, reason=reason)
    return Registration(verdict=Registered.TAKEN, name=name, zone=holder)


def _servers(name: str, answers: Answers) -> set[str]:
    answer = answers.get(Question(name=name, rrtype=RecordType.NS))
    return set(names_in(answer)) if answer is not None else set()

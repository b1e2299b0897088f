"""Mail goes round in a circle: a backup hands it on to itself, an equal or a worse host, or hosts forward it back.

What it sees. An attempt by a host of the chain at a host whose preference is no better than its own; or hosts, in the
chain or not, of which each took the same copy from another of them. In a proof: a message that was given back with
5.4.6, or in words for that ("too many hops", "mail loop", "loops back to myself").
Why it matters. Mail goes round in a circle until its hops are counted out, or two hosts keep each other busy.
Example. The backup takes itself for the next host:
    chain 10 mx1, 20 mx2
    0s sender tries mx2
    0s mx2 accepts
    1s mx2 tries mx2
What to do. A relay drops itself and everything worse from the MX records before it hands on. Of two domains that
forward to each other one has to keep the mail.
Standards. RFC 5321 §5.1, §6.3.
"""

from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.proof import Proof
from mxprobe.facts.run import EventKind, Fate, Run
from mxprobe.rules.proof.reading import NOTHING_SENT, was_sent
from mxprobe.rules.proof.returned import Cause, given_back, told_by
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive
from mxprobe.rules.sender.health import NO_MAIL, SENDER, events_of, preference_of

RULE = Rule(
    code="MX967",
    name="relay-loop",
    severity=Severity.ERROR,
    references=("RFC 5321 §5.1", "RFC 5321 §6.3"),
    by_chain=True,
)


def find(run: Run) -> Judgement:
    """A finding for each pair of hosts between which mail went the wrong way."""
    if not run.fates:
        return inconclusive(RULE, NO_MAIL)
    found: dict[tuple[str, str], Finding] = {}
    for event in run.events:
        if event.kind is not EventKind.TRIED or event.who == SENDER or event.host is None:
            continue
        own, other = preference_of(run, event.who), preference_of(run, event.host)
        if own is None or other is None or other < own:
            continue
        words = Words(
            says=f"{event.who} hands mail on to {event.host}, which is no better",
            seen=(f"{event.message} at {event.at:.0f} s",),
            means="Mail goes round in a circle.",
            do=f"Let {event.who} drop itself and everything worse from the MX records.",
        )
        found.setdefault((event.who, event.host), finding(RULE, event.who, words))
    for fate in run.fates if not found else ():
        circle = _circle(_hand_overs(run, fate))
        if circle:
            words = Words(
                says=f"{' and '.join(circle)} hand mail on to each other",
                seen=(f"{fate.message} to {fate.recipient}",),
                means="Mail goes round in a circle until its hops are counted out.",
                do="Let one of them keep the mail.",
            )
            found.setdefault((circle[0], circle[-1]), finding(RULE, circle[0], words))
    return conclude(RULE, list(found.values()))


def _hand_overs(run: Run, fate: Fate) -> dict[str, set[str]]:
    """For each host that handed the copy on, the hosts that took it."""
    taken: dict[str, set[str]] = {}
    for event in events_of(run, fate, EventKind.ACCEPTED):
        if event.who != SENDER and event.host is not None:
            taken.setdefault(event.who, set()).add(event.host)
    return taken


def _circle(taken: dict[str, set[str]]) -> tuple[str, ...]:
    """The hosts from which the copy came back to themselves, by name; empty where it always went on."""

    def reached(host: str) -> set[str]:
        seen: set[str] = set()
        rest = set(taken.get(host, ()))
        while rest:
            seen |= rest
            rest = {further for one in rest for further in taken.get(one, ())} - seen
        return seen

    return tuple(sorted(host for host in taken if host in reached(host)))


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each host over which the message went round until its hops were counted out."""
    if not was_sent(proof):
        return inconclusive(RULE, NOTHING_SENT)
    loops: dict[str, Finding] = {}
    for route in proof.routes:
        if told := told_by(route, proof, Cause.ROUND):
            reporter = given_back(route)[0].reporter
            words = Words(
                says=f"mail over {route.via} goes round in a circle, until {reporter} gives it back",
                seen=told,
                means="No mail that goes there arrives.",
                do=f"Let {route.via} drop itself and everything worse from the MX records before it hands on.",
            )
            loops.setdefault(route.via, finding(RULE, route.via, words))
    return conclude(RULE, list(loops.values()))

"""A backup sends senders to the primary.

What it sees. A host of a worse preference answers by 4yz, at its greeting or to RCPT, in words that send the client
to the primary, or it is one that is documented to do so; and the primary answers. Said while no primary does, it is no
sign of that.
Why it matters. That is meant: such a backup accepts mail only while the primary is down. Whether it then does, only
an outage shows.
Example. mx2 takes mail in an outage alone:
    example.test MX 10 mx1.example.test
    example.test MX 20 mx2.example.test
    mx1.example.test A 192.0.2.1
    mx2.example.test A 192.0.2.2
    192.0.2.1 "220 mx1.example.test ESMTP" "250 mx1.example.test"
    192.0.2.2 "220 mx2.example.test ESMTP" "250 mx2.example.test"
    192.0.2.1 good "250 2.1.5 ok"
    192.0.2.2 good "450 4.3.2 the primary server is up, deliver directly"
What to do. Nothing; prove the backup in an outage, or in the lab.
Standards. RFC 5321 §4.2.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.matrix import Role
from mxprobe.facts.proof import Answer, Proof
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.facts.snapshot import Snapshot, Visit
from mxprobe.mx.matrix import Why, sends_elsewhere
from mxprobe.mx.providers import defers_on_purpose
from mxprobe.mx.proving import why_of
from mxprobe.rules.domain.asked import answers_about, best_preference, is_known, not_asked, still_open
from mxprobe.rules.domain.reading import Reach, reach_of, unique, was_dialled
from mxprobe.rules.proof.reading import NOTHING_SENT, is_outage, name_primaries, over_backups, quote, was_sent
from mxprobe.rules.rule import Rule, Words, conclude, decide, finding, inconclusive

RULE = Rule(
    code="MX315",
    name="backup-defers-while-primary-up",
    severity=Severity.INFO,
    references=("RFC 5321 §4.2.1",),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each such backup; what it says while the primary is down is another matter."""
    if not was_dialled(snapshot):
        return inconclusive(RULE, "no address was dialled")
    best = best_preference(snapshot)
    backups = [visit for visit in snapshot.visits if visit.preference != best]
    if not backups:
        return conclude(RULE, [])
    if reach_of(snapshot, best) is not Reach.UP:
        return inconclusive(RULE, "the primary does not answer, or is not known to")
    found = []
    for visit in backups:
        reply = _deferral(visit)
        if reply is None:
            continue
        words = Words(
            says=f"{visit.endpoint.host} sends senders to the primary while that is up",
            seen=(f'{visit.endpoint.id}: "{reply.text}"',),
            means="It accepts mail only while the primary is down. Whether it then does, only an outage shows.",
            do="Prove the backup in an outage, or in the lab.",
        )
        found.append(finding(RULE, visit.endpoint.host, words))
    if found:
        return conclude(RULE, unique(found))
    reason = not_asked(snapshot, Role.GOOD)
    if reason:
        return inconclusive(RULE, reason)
    silent = [given for given in answers_about(snapshot, Role.GOOD) if given.preference != best and not is_known(given)]
    return inconclusive(RULE, still_open(silent)) if silent else conclude(RULE, [])


def _deferral(visit: Visit) -> Reply | None:
    """The 4yz that sends us to the primary, or any 4yz of a host that is known to mean that."""
    known = defers_on_purpose(visit.endpoint.host)
    for turn in visit.sessions[-1].turns if visit.sessions else ():
        if turn.phase not in (Phase.BANNER, Phase.EHLO, Phase.MAIL, Phase.RCPT) or turn.reply is None:
            continue
        if sends_elsewhere(turn.reply) or (known and turn.reply.severity == 4):
            return turn.reply
    return None


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each backup that still says later, in words that send the client to the primary, which is up."""
    if not was_sent(proof):
        return inconclusive(RULE, NOTHING_SENT)
    found, unknown = [], []
    for route in over_backups(proof):
        if route.last is None or why_of(route.last) != (Answer.LATER, Why.ELSEWHERE):
            continue
        if is_outage(route, proof):
            down = f"{name_primaries(proof)}, which took no connection from here"
            unknown.append(f"{route.via} sends senders to {down}: {quote(route)}")
            continue
        words = Words(
            says=f"{route.via} takes no mail while a better host is up",
            seen=(quote(route),),
            means="Whether it does in an outage is not known.",
            do="Prove it in an outage: mxprobe prove --when-down, or in the lab.",
        )
        found.append(finding(RULE, route.via, words))
    return decide(RULE, found, unknown)

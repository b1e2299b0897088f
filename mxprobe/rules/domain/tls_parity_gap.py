"""An MX host has weaker TLS than another.

What it sees. STARTTLS, a completed handshake, TLS 1.2 or newer, or a certificate that is valid or matches a secure TLSA
record, at one host of the chain and not at another. Where MTA-STS is enforced, or a host has secure TLSA records, it is
an error.
Why it matters. Whoever blocks the stronger host steers the mail to the weaker one.
Example. mx1 offers STARTTLS, mx2 does not:
    example.test MX 10 mx1.example.test
    example.test MX 20 mx2.example.test
    mx1.example.test A 192.0.2.1
    mx2.example.test A 192.0.2.2
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
    192.0.2.1 certificate valid
    192.0.2.2 "220 mx2.example.test ESMTP" "250-mx2.example.test" "250 SIZE"
What to do. Raise the weaker host.
Standards. RFC 8461 §2; RFC 3207 §6.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.session import Session
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.mtasts import Mode
from mxprobe.mx.once import once
from mxprobe.mx.policyseen import policy_of
from mxprobe.rules.domain.dane.reading import is_covered, promises_of
from mxprobe.rules.domain.reading import answering, chain_of, offers_starttls, unique, was_dialled
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX715",
    name="tls-parity-gap",
    severity=Severity.WARNING,
    covers=("MX701",),
    references=("RFC 8461 §2", "RFC 3207 §6"),
)


_MODERN = frozenset({"TLSv1.2", "TLSv1.3"})
_LACKS = ("no STARTTLS", "no handshake is completed", "TLS older than 1.2", "its certificate is not valid")


@once
def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host of which an address is weaker than the strongest of the chain."""
    plan = chain_of(snapshot)
    if not plan.tiers or not was_dialled(snapshot):
        return inconclusive(RULE, "no address was dialled")
    sessions = answering(snapshot)
    if not sessions:
        return inconclusive(RULE, "no host answered EHLO")
    strengths = [_strength(session, snapshot) for session in sessions]
    best = max(strengths)
    strongest = sessions[strengths.index(best)]
    severity = Severity.ERROR if _is_protected(snapshot) else RULE.severity
    found = []
    for session, strength in zip(sessions, strengths, strict=True):
        gap = _gap(best, strength)
        if gap is None:
            continue
        words = Words(
            says=f"{session.endpoint.host} has weaker TLS than {strongest.endpoint.host}: {gap}",
            seen=tuple(f"{one.endpoint.id}: {_describe(one)}" for one in (strongest, session)),
            means="Whoever blocks the stronger host steers the mail to the weaker one.",
            do=f"Raise {session.endpoint.host}.",
        )
        found.append(finding(RULE, session.endpoint.host, words, severity))
    unseen = {host.name for host in plan.hosts} - {session.endpoint.host for session in sessions}
    if unseen and not found:
        return inconclusive(RULE, f"no EHLO was answered by {', '.join(sorted(unseen))}")
    return conclude(RULE, unique(found))


_Strength = tuple[bool, bool, bool, bool]


def _strength(session: Session, snapshot: Snapshot) -> _Strength:
    """STARTTLS offered, handshake completed, TLS 1.2 or newer, host proved by its certificate: more is stronger."""
    tls = session.tls
    modern = tls is not None and tls.version in _MODERN
    valid = tls is not None and (tls.verdict.is_valid is True or is_covered(snapshot, session) is not None)
    return offers_starttls(session), tls is not None, modern, valid


def _gap(strongest: _Strength, own: _Strength) -> str | None:
    """The first thing in which a session is weaker; None where in nothing."""
    pairs = zip(strongest, own, _LACKS, strict=True)
    return next((lacks for best, has, lacks in pairs if best and not has), None)


def _is_protected(snapshot: Snapshot) -> bool:
    """Whether the domain asks senders for more than TLS that anybody can strip."""
    policy = policy_of(snapshot).in_force
    enforced = policy is not None and policy.mode is Mode.ENFORCE
    return enforced or any(promise.kind.owes_tls for promise in promises_of(snapshot).values())


def _describe(session: Session) -> str:
    """TLS in a few words."""
    if not offers_starttls(session):
        return "no STARTTLS"
    if session.tls is None:
        return "STARTTLS, and no handshake was completed"
    valid = {True: "valid certificate", False: "certificate not valid", None: "certificate not judged"}
    return f"{session.tls.version}, {valid[session.tls.verdict.is_valid]}"

"""An MX host shows another key of another issuer, from another network.

What it sees. Since the earlier probe (--baseline) the host's certificates have new public keys and new issuers, and its
addresses lie in other networks: all three. A renewal changes the key at most; a change of the authority alone, or of
the address alone, is no new identity, and neither is a key that a TLSA record of the earlier probe promised. The
network is told by the block of the address (the first 16 bits, 32 for IPv6), since nobody is asked whose it is; within
one block the question stays open. It is an error for a host in the domain's own zone, whose name leads wherever the
holder of the zone likes, and where the new certificate does not hold; another operator's host that moved and has a
valid certificate is a warning, and one of a large provider is none.
Why it matters. It may be another machine under the same name: a move, or somebody in between.
Example. Everything about mx1 is new but its name:
    example.test MX 10 mx1.example.test
    before mx1.example.test A 192.0.2.1
    before 192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
    before 192.0.2.1 certificate valid key 1 by CN=An authority
    mx1.example.test A 203.0.113.9
    203.0.113.9 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
    203.0.113.9 certificate valid key 2 by CN=Another authority
What to do. Ask whoever runs the host whether it moved.
Standards. RFC 5280 §4.1.2.7.
"""

from mxprobe.facts.beside import Beside
from mxprobe.facts.change import Weight
from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.drift import mx_unknown, published_mx
from mxprobe.mx.migration import is_in_window
from mxprobe.mx.moved import is_other_identity, keys_known, looks_of, weigh_addresses
from mxprobe.mx.tlsidentity import Identity, has_moved_network, identity_of
from mxprobe.rules.domain.drift.reading import NO_BASELINE, SEVERITY, said_before
from mxprobe.rules.rule import Rule, Words, decide, finding, inconclusive

RULE = Rule(
    code="MX529",
    name="tls-identity-changed",
    severity=Severity.WARNING,
    covers=("MX520",),
    references=("RFC 5280 §4.1.2.7",),
)


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """A finding for each host of both looks that is another in all three ways."""
    before = beside.before
    if before is None:
        return inconclusive(RULE, NO_BASELINE)
    reason = mx_unknown(snapshot)
    if reason:
        return inconclusive(RULE, reason)
    looks = looks_of(before, snapshot)
    found, unknown = list[Finding](), list[str]()
    for host in _hosts(snapshot, beside):
        was, now = identity_of(before, host), identity_of(snapshot, host)
        if was is None or now is None:
            unknown.append(f"no handshake with {host} was seen{' in the earlier probe' if now else ''}")
        elif is_other_identity(was, now, keys_known(host, looks)):
            moved = has_moved_network(looks.then, looks.today, host)
            weight = weigh_addresses(host, looks).weight
            if moved and weight is not Weight.RENEWAL:
                found.append(finding(RULE, host, _words(host, was, now, said_before(before)), SEVERITY[weight]))
            elif moved is None:
                unknown.append(f"{host} has another key, issuer and address; whose networks those are was not asked")
    return decide(RULE, found, unknown)


def _hosts(snapshot: Snapshot, beside: Beside) -> tuple[str, ...]:
    """The MX hosts; around a cut-over those of the plan change as planned."""
    plan = beside.migration
    planned = set[str]()
    if plan is not None and is_in_window(beside, snapshot):
        planned = {record.host for record in (*plan.old, *plan.new)}
    known = {record.host for published in published_mx(beside.before or snapshot)[:1] for record in published.records}
    today = dict.fromkeys(record.host for published in published_mx(snapshot)[:1] for record in published.records)
    return tuple(host for host in today if host in known and host not in planned and host != ".")


def _words(host: str, was: Identity, now: Identity, against: str) -> Words:
    return Words(
        says=f"{host} has another key of another issuer in another network than in {against}",
        seen=(*(f"then: {line}" for line in was.seen[:4]), *(f"now: {line}" for line in now.seen[:4])),
        means="Another machine answers under its name.",
        do=f"Ask whoever runs {host} whether it moved; if not, take it for an interception.",
    )

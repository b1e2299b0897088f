"""A sender that must authenticate the host gave it a message without.

What it sees. Content that a sender under the policy mta-sts or dane handed to a protected host in clear, or over TLS
without authentication. A host is protected by an enforced MTA-STS policy of its domain, or by usable TLSA records.
Why it matters. The domain said that its mail must not go that way. Whoever stands between can read and keep it.
Example. A sender that takes an unlisted host all the same:
    chain 10 mx1, 20 mx2
    sender rfc5321+mta-sts
    protected mx1, mx2
    0s sender tries mx1
    0s mx1 refuses 421 4.3.2 busy
    1s sender tries mx2
    1s mx2 accepts unverified
What to do. Refuse such a host, try the next, and in the end wait.
Standards. RFC 8461 §5; RFC 7672 §2.2; RFC 8689 §5.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.run import EventKind, Run, TlsUse
from mxprobe.mx.outcome import TlsPolicy
from mxprobe.mx.senders import NoSuchSender, parse_sender
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive
from mxprobe.rules.sender.health import NO_MAIL, SENDER, events_of

RULE = Rule(
    code="MX961",
    name="security-downgrade",
    severity=Severity.ERROR,
    references=("RFC 8461 §5", "RFC 7672 §2.2", "RFC 8689 §5"),
)

_AUTHENTICATE = (TlsPolicy.MTA_STS, TlsPolicy.DANE)
_HOW = {TlsUse.NONE: "in clear", TlsUse.UNVERIFIED: "over TLS without authentication"}


def find(run: Run) -> Judgement:
    """A finding for each copy whose content went to a protected host otherwise than authenticated."""
    if not run.fates:
        return inconclusive(RULE, NO_MAIL)
    if not run.protected:
        return conclude(RULE, [])
    try:
        _, policy = parse_sender(run.sender)
    except NoSuchSender:
        return inconclusive(RULE, f"what {run.sender} asks of TLS is not known")
    if policy not in _AUTHENTICATE:
        return conclude(RULE, [])
    found, unknown = [], ""
    for fate in run.fates:
        events = events_of(run, fate, EventKind.ACCEPTED, EventKind.REFUSED)
        mine = [event for event in events if event.who == SENDER and event.host in run.protected]
        open_ones = (None, TlsUse.UNVERIFIED) if run.slack else (None,)  # hosts see TLS, not whom the sender believed
        if any(event.kind is EventKind.ACCEPTED and event.tls in open_ones for event in mine):
            unknown = f"how {fate.message} to {fate.recipient} travelled is not known"
        bad = [event for event in mine if event.tls in _HOW and event.tls not in open_ones]
        if not bad:
            continue
        words = Words(
            says=f"{fate.message} to {fate.recipient} went to {bad[0].host} {_HOW[bad[0].tls or TlsUse.NONE]}",
            seen=tuple(f"{event.host} at {event.at:.0f} s: TLS {event.tls}" for event in bad[:3]),
            means=f"{run.sender} has to authenticate {bad[0].host} before it hands anything over.",
            do="Refuse such a host, try the next, and in the end wait.",
        )
        found.append(finding(RULE, f"{fate.message}/{fate.recipient}", words))
    return inconclusive(RULE, unknown) if unknown and not found else conclude(RULE, found)

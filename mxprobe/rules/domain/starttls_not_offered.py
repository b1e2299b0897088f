"""A host offers no STARTTLS.

What it sees. No STARTTLS among the extensions of a host's EHLO reply.
Why it matters. Mail comes in clear; senders that insist on TLS do not come at all.
Example. A host whose certificate was never set up:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 SIZE"
What to do. Enable STARTTLS.
Standards. RFC 3207 §4; RFC 7435 §3.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.reading import answering, offers_starttls, unique
from mxprobe.rules.pasting import setting
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX701", name="starttls-not-offered", severity=Severity.WARNING, references=("RFC 3207 §4", "RFC 7435 §3")
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host that greeted and offers none."""
    sessions = answering(snapshot)
    if not sessions:
        return inconclusive(RULE, "no host answered EHLO")
    found = []
    for session in sessions:
        if offers_starttls(session):
            continue
        words = Words(
            says=f"{session.endpoint.host} offers no STARTTLS",
            seen=(f"{session.endpoint.id} offers: {', '.join(session.extensions) or 'nothing'}",),
            means="Mail comes to it in clear.",
            do="Enable STARTTLS.",
            paste=starttls_settings(snapshot, session.endpoint.host),
        )
        found.append(finding(RULE, session.endpoint.host, words))
    return conclude(RULE, unique(found))


def starttls_settings(snapshot: Snapshot, host: str) -> tuple[str, ...]:
    """What switches STARTTLS on; where key and certificate lie, the operator knows."""
    files = f"/etc/ssl/private/{host}"
    postfix = ("smtpd_tls_security_level = may", f"smtpd_tls_chain_files = {files}.key, {files}.pem")
    exim = ("tls_advertise_hosts = *", f"tls_certificate = {files}.pem", f"tls_privatekey = {files}.key")
    return setting(snapshot, host, postfix, exim)

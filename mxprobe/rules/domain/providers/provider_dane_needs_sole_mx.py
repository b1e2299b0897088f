"""A move to signed MX names at Microsoft 365 was not finished.

What it sees. A name below mx.microsoft beside an older name of Microsoft 365. While a migration of --expect or
--migration names the hosts and goes on, it is nothing. Hosts of others beside it are told by MX904.
Why it matters. DANE for inbound mail is meant for a record that stands alone: senders that fall back to the older name
have no TLSA record to hold it to.
Example. The older record was kept:
    example.test MX 0 example-test.a-v1.mx.microsoft
    example.test MX 30 example-test.mail.protection.outlook.com
    example-test.a-v1.mx.microsoft A 192.0.2.1
    example-test.mail.protection.outlook.com A 192.0.2.2
What to do. Give the new name preference 0, delete the older record, then raise the TTL to 3600.
Standards. RFC 7672 §2.2.
"""

from mxprobe.facts.beside import Beside
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.chain.reading import NO_ANSWER
from mxprobe.rules.domain.providers.reading import is_on_plan, line_of, names_of, published
from mxprobe.rules.pasting import mx_records
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX907",
    name="provider-dane-needs-sole-mx",
    severity=Severity.INFO,
    covers=("MX900",),
    references=("RFC 7672 §2.2",),
)

_SIGNED, _CLASSIC = "microsoft-365-dnssec", "microsoft-365"
_TTL = 3600


def find_beside(snapshot: Snapshot, beside: Beside) -> Judgement:
    """One finding for the set."""
    parties = published(snapshot)
    if parties is None:
        return inconclusive(RULE, NO_ANSWER)
    rows = {party.host: party.known.provider.id for party in parties if party.known is not None}
    new = tuple(party for party in parties if rows.get(party.host) == _SIGNED)
    old = tuple(party for party in parties if rows.get(party.host) == _CLASSIC)
    if not new or not old or is_on_plan((party.host for party in (*new, *old)), snapshot, beside):
        return conclude(RULE, [])
    words = Words(
        says=f"{names_of(old)} stands beside {names_of(new)}, whose signed name is meant to stand alone",
        about=tuple(party.host for party in old),
        seen=tuple(map(line_of, (*new, *old))),
        means="Senders that use the older name have no TLSA record to hold it to.",
        do="Keep the new record alone, at preference 0; raise the TTL to 3600 when that works.",
        paste=mx_records(snapshot, ((0, party.host) for party in new[:1]), _TTL),
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])

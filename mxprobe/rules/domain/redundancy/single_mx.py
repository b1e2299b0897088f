"""The domain has one MX host.

What it sees. MX records that name one host, which has several addresses; not a name behind which a provider has many
machines, and tells its customers to publish alone.
Why it matters. It is no fault: senders keep mail for days. In an outage of the host all mail waits.
Example. One host with two addresses:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    mx1.example.test A 192.0.2.2
What to do. Nothing. A second host helps only where it is run as well as the first.
Standards. RFC 5321 §5.1, §4.5.4.1.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.providers import provider_of
from mxprobe.rules.domain.chain.reading import NO_ANSWER, line_of, named_hosts, records_of
from mxprobe.rules.domain.reading import chain_of
from mxprobe.rules.domain.redundancy.hosts import lacks_a_host
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX301",
    name="single-mx",
    severity=Severity.INFO,
    references=("RFC 5321 §5.1", "RFC 5321 §4.5.4.1"),
)


def find(snapshot: Snapshot) -> Judgement:
    """One finding for a chain of one host; what is wrong with a record is told by other rules."""
    records = records_of(snapshot)
    if records is None:
        return inconclusive(RULE, NO_ANSWER)
    hosts = named_hosts(records)
    if len(hosts) != 1:
        return conclude(RULE, [])
    (name,) = hosts
    if lacks_a_host(chain_of(snapshot)):
        return conclude(RULE, [])
    if provider_of(name) is not None:
        return conclude(RULE, [])
    words = Words(
        says=f"{snapshot.domain} has one MX host, {name}",
        seen=(line_of(hosts[name]),),
        means="When it is down, mail waits at the senders, for days if need be.",
        do="Nothing has to be done; a second host helps only where it is run as well as the first.",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])

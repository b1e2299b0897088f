"""An MX record names a host without its domain, or with its domain twice.

What it sees. One label alone (`mail`), or a name that ends with the domain twice, and at which nothing takes mail.
Why it matters. A final dot is missing in the zone file, or one too many was typed into a form: the host that was meant
is not the one that is named, and senders do not find it.
Example. The dot behind the host is missing in the zone file:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    example.test MX 20 mail.example.test.example.test
    mail.example.test.example.test NXDOMAIN
    mail.example.test A 192.0.2.2
What to do. Write the host's whole name with a final dot in the zone file; in a web form, leave the domain out.
Standards. RFC 1035 §5.1; RFC 5321 §2.3.5.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.intended import addresses_of_intended, intended_name
from mxprobe.mx.once import known_answers
from mxprobe.mx.standing import Standing, judge_visit
from mxprobe.rules.domain.chain.reading import NO_ANSWER, line_of, named_hosts, records_of
from mxprobe.rules.domain.reading import chain_of
from mxprobe.rules.pasting import mx_with
from mxprobe.rules.rule import Rule, Words, decide, finding, inconclusive

RULE = Rule(
    code="MX112",
    name="mx-target-not-absolute",
    severity=Severity.ERROR,
    covers=("MX201", "MX202", "MX203"),
    references=("RFC 1035 §5.1", "RFC 5321 §2.3.5"),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each such name. A doubled name that has an address is open until its port 25 was seen."""
    records = records_of(snapshot)
    if records is None:
        return inconclusive(RULE, NO_ANSWER)
    answers, reached = known_answers(snapshot), {host.name for host in chain_of(snapshot).hosts}
    found, unknown = [], []
    for name, record in named_hosts(records).items():
        intended = intended_name(name, snapshot.domain)
        if intended is None:
            continue
        if "." in name and name in reached:
            states = [judge_visit(visit, snapshot) for visit in snapshot.visits if visit.endpoint.host == name]
            if Standing.ANSWERS in states:
                continue
            if not states or not all(state.is_down for state in states):
                unknown.append(f"{name} has an address; whether its port 25 answers was not seen")
                continue
        meant = addresses_of_intended(intended, answers)
        words = Words(
            says=f"the MX host {name} has its domain twice" if "." in name else f"the MX host {name} has no domain",
            seen=(line_of(record), f"{intended}: {', '.join(meant) if meant else 'no address known'}"),
            means=f"Senders look for {name}, not for {intended}.",
            do=f"Write the whole name with a final dot: {intended}.",
            paste=mx_with(snapshot, name, intended),
        )
        found.append(finding(RULE, name, words))
    return decide(RULE, found, unknown)

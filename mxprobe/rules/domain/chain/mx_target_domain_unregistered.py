"""An MX names a host in a domain that nobody has registered.

What it sees. The host does not exist, and neither does the domain it is in: the registry's zone says that there is no
such name. Which zone is a registry's is told from the names above the host, each asked for its NS records: a top-level
domain, or one like `co.uk` under which a country's registry sells names. No list of suffixes is kept, so that a domain
under a suffix that is none of these is left open.
Why it matters. Whoever registers the domain gets the mail, all that fails over to it at the least, with a certificate
that is right.
Example. The provider has given up its domain, the record stayed:
    example.test MX 10 mx1.example.test
    example.test MX 20 mx.old-provider.test
    mx1.example.test A 192.0.2.1
    mx.old-provider.test NXDOMAIN
    mx.old-provider.test NS NXDOMAIN
    old-provider.test NS NXDOMAIN
    test NS a.nic.test
What to do. Remove the record at once, or register the domain.
Standards. RFC 5321 §5.1; RFC 8020 §2.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.once import known_answers
from mxprobe.mx.registered import Registered, lost_hosts, registration_of
from mxprobe.rules.domain.reading import chain_of, not_resolved
from mxprobe.rules.pasting import mx_without
from mxprobe.rules.rule import Rule, Words, decide, finding

RULE = Rule(
    code="MX522",
    name="mx-target-domain-unregistered",
    severity=Severity.ERROR,
    covers=("MX201", "MX524"),
    references=("RFC 5321 §5.1", "RFC 8020 §2"),
)


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each host in such a domain."""
    plan, answers = chain_of(snapshot), known_answers(snapshot)
    doubt = not_resolved(plan)
    found, unknown = [], [doubt] if doubt else []
    for host, missing in lost_hosts(plan):
        seen = registration_of(missing, answers)
        if seen.verdict is Registered.UNKNOWN:
            unknown.append(seen.reason)
        if seen.verdict is not Registered.FREE:
            continue
        leads = f" leads to {missing}, which" if missing != host else ""
        words = Words(
            says=f"the MX host {host}{leads} is in {seen.name}, which is not delegated",
            seen=(f"{seen.name} NS: no such name, says the zone {seen.zone}",),
            means=f"Whoever registers {seen.name} gets mail for {snapshot.domain}, if it is not on hold.",
            do=f"Remove the MX record at once, or register {seen.name}.",
            paste=mx_without(snapshot, host),
        )
        found.append(finding(RULE, host, words))
    return decide(RULE, found, unknown)

"""DMARC reports are wanted at a domain that cannot take them, or does not say that it will.

What it sees. The domain of an address for reports (rua, ruf) has a null MX, no MX record and no address, or MX hosts
none of which can be used; or it is one of another organisation, and has no record that allows reports about this
domain.
Why it matters. The reports are lost, and nobody notices that none come: the domain is watched in name only.
Example. A service for reports that was never told about the domain:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    _dmarc.example.test TXT v=DMARC1; p=none; rua=mailto:example@reports.example
    _dmarc.test NXDOMAIN
    reports.example MX 10 mx.reports.example
    mx.reports.example A 192.0.2.9
    mx.reports.example AAAA NODATA
    example.test._report._dmarc.reports.example NXDOMAIN
What to do. Mend the MX records of that domain, have it publish the record, or let reports go elsewhere.
Standards. RFC 9990 §4; RFC 9989 §4.7; RFC 7505 §3.
"""

from mxprobe.facts.dns import Answers
from mxprobe.facts.finding import Finding, Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.dmarc import MOST_DESTINATIONS, Discovery, discover, dmarc_texts, permission_question
from mxprobe.mx.once import known_answers
from mxprobe.mx.plan import Basis, plan_mx, special_use
from mxprobe.rules.domain.reading import not_resolved
from mxprobe.rules.pasting import text_record, under
from mxprobe.rules.rule import Behind, Rule, Words, decide, finding, inconclusive

RULE = Rule(
    code="MX858",
    name="dmarc-report-domain-cannot-receive",
    severity=Severity.WARNING,
    references=("RFC 9990 §4", "RFC 9989 §4.7", "RFC 7505 §3"),
    behind=(Behind.DMARC, Behind.MX),
)

_NOT_ALLOWED = "that allows them"
_UNREACHABLE = ("private", "loopback", "link-local", "multicast")


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each domain that reports go to in vain."""
    answers = known_answers(snapshot)
    seen = discover(snapshot.domain, answers)
    if seen.unknown:
        return inconclusive(RULE, seen.unknown)
    if seen.record is None:
        return decide(RULE, [], [])
    found, unknown = list[Finding](), list[str]()
    destinations = seen.record.destinations
    if len(destinations) > MOST_DESTINATIONS:
        unknown.append(f"reports go to {len(destinations)} domains, and {MOST_DESTINATIONS} were looked at")
    for destination in destinations[:MOST_DESTINATIONS]:
        why, doubt = _why_not(destination, seen, snapshot, answers)
        if why:
            words = Words(
                says=f"DMARC reports about {snapshot.domain} cannot arrive at {destination}: {why}",
                seen=(f"_dmarc.{seen.domain}: {seen.record.uri_to(destination)[:120]}",),
                means="The reports are lost, and nobody sees what fails.",
                do=f"Mend {destination}, or let reports go elsewhere.",
                paste=_allowed(destination, seen) if why.endswith(_NOT_ALLOWED) else (),
            )
            found.append(finding(RULE, destination, words))
        unknown += [doubt] if doubt else []
    return decide(RULE, found, unknown)


def _why_not(destination: str, seen: Discovery, snapshot: Snapshot, answers: Answers) -> tuple[str, str]:
    """Why reports do not arrive at a domain, and what is not known of it; both empty where all is well."""
    why, doubt = _cannot_receive(destination, snapshot, answers)
    if why:
        return why, ""
    external = seen.is_external(destination)
    if not external:
        return "", doubt or (
            "" if external is False else f"whether {destination} is of the same organisation is not known"
        )
    question = permission_question(seen.domain, destination)
    if question is None:
        return "the name of the record that would allow them is too long", ""
    answer = answers.get(question)
    if answer is None or answer.status.is_temporary:
        told = "was not asked for" if answer is None else f"could not be looked up: {answer.status}"
        return "", f"{question.name} {told}"
    return ("", doubt) if dmarc_texts(answer) else (f"there is no record {question.name} {_NOT_ALLOWED}", "")


def _cannot_receive(destination: str, snapshot: Snapshot, answers: Answers) -> tuple[str, str]:
    """Why a domain takes no mail, and what is not known of that. The looked-at domain's own faults other rules tell."""
    plan = plan_mx(destination, answers)
    if plan.basis is Basis.NULL:
        return "it takes no mail (null MX)", ""
    if destination == snapshot.domain:
        return "", ""
    if plan.tiers:
        blocks = {special_use(address) for host in plan.hosts for address in host.addresses}
        return ("none of its MX hosts has a public address", "") if blocks <= set(_UNREACHABLE) else ("", "")
    doubt = not_resolved(plan)
    if doubt:
        return "", f"{destination}: {doubt}"
    return "it has neither an MX host nor an address that can be used", ""


def _allowed(destination: str, seen: Discovery) -> tuple[str, ...]:
    """The record by which the destination says that it takes the reports."""
    question = permission_question(seen.domain, destination)
    lines = text_record(question.name, "v=DMARC1") if question is not None else ()
    return under(f"in the zone of {destination}", lines)

"""The resolver does not validate DNSSEC.

What it sees. An answer about the root, which is signed, without the AD bit; or an answer about a name whose signatures
do not hold. The probe asks for both.
Why it matters. What is signed cannot be told from what is forged here, and a mailer that asks this resolver cannot do
DANE.
Example. A resolver that hands on what it hears:
    bogus-name dnssec-failed.test
    . SOA a.root-servers.net. nobody.invalid. 1 3600 900 604800 60
    dnssec-failed.test A 192.0.2.99
What to do. Ask a resolver that validates, on this machine, or let the probe validate itself with --dnssec.
Standards. RFC 4035 §3.2.3, §4.9.3; RFC 7672 §2.1.3.
"""

from mxprobe.facts.dns import Answer, AnswerStatus, Question, RecordType
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.once import known_answers
from mxprobe.mx.validation import ROOT
from mxprobe.rules.domain.dnssec.reading import NOT_IN_A_FILE, validates_itself
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX004",
    name="resolver-not-validating",
    severity=Severity.INFO,
    references=("RFC 4035 §3.2.3", "RFC 4035 §4.9.3", "RFC 7672 §2.1.3"),
)


def find(snapshot: Snapshot) -> Judgement:
    """One finding about the probe's own resolver; nothing where nobody believes it."""
    if validates_itself(snapshot):
        return conclude(RULE, [])
    if snapshot.zone is not None:
        return inconclusive(RULE, NOT_IN_A_FILE)
    answers, bogus_name = known_answers(snapshot), snapshot.vantage.bogus_name
    root = answers.get(ROOT)
    if root is None or root.status is AnswerStatus.NOT_ASKED:
        return inconclusive(RULE, "the resolver was not asked about the root, which is signed")
    if root.status is not AnswerStatus.FOUND:
        return inconclusive(RULE, f"{root.server} gives no answer about the root ({root.status})")
    bogus = answers.get(Question(name=bogus_name, rrtype=RecordType.A)) if bogus_name else None
    passes_on = bogus is not None and not bogus.status.is_temporary
    if not root.authenticated or passes_on:
        words = Words(
            says=f"the resolver {root.server} does not validate DNSSEC",
            seen=tuple(_tell(answer) for answer in (root, bogus) if answer is not None),
            means="What is signed cannot be told from what is forged, nor DANE judged.",
            do="Ask a resolver on this machine that validates, or use --dnssec.",
        )
        return conclude(RULE, [finding(RULE, snapshot.domain, words)])
    if bogus is not None and bogus.status is not AnswerStatus.SERVFAIL:
        return inconclusive(RULE, f"{bogus.server} says neither yes nor no of {bogus_name} ({bogus.status})")
    return conclude(RULE, [])


def _tell(answer: Answer) -> str:
    bit = "with AD" if answer.authenticated else "without AD"
    return f"{answer.question.rrtype} {answer.question.name}: {answer.status} {bit}"

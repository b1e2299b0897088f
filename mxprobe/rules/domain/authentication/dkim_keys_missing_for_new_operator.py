"""The DKIM key that the operator signs with is not published.

What it sees. A selector that you named (--dkim-selector) has no key under the domain, or one that was withdrawn.
Why it matters. A new operator signs from the first message on. Without its keys every signature fails, and what goes
over a backup or is forwarded, where SPF fails as well, has nothing left to pass by.
Example. The second of two selectors was forgotten:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    selector s2
    s2._domainkey.example.test NXDOMAIN
What to do. Publish the keys, or the aliases that the operator gives you, before mail leaves from there.
Standards. RFC 6376 §3.6.1, §3.6.2.1.
"""

from mxprobe.facts.dns import Answer
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.dkimkeys import Key, key_of, key_question
from mxprobe.mx.once import known_answers
from mxprobe.rules.rule import Behind, Rule, Words, decide, finding, inconclusive

RULE = Rule(
    code="MX860",
    name="dkim-keys-missing-for-new-operator",
    severity=Severity.WARNING,
    references=("RFC 6376 §3.6.1", "RFC 6376 §3.6.2.1"),
    behind=(Behind.KEY,),
)

_SAYS = {Key.MISSING: "has no key", Key.WITHDRAWN: "has a key that was withdrawn"}


def find(snapshot: Snapshot) -> Judgement:
    """A finding for each named selector without a key."""
    selectors = snapshot.vantage.dkim_selectors
    if not selectors:
        return inconclusive(RULE, "no DKIM selector was named; --dkim-selector NAME would tell")
    answers, found, unknown = known_answers(snapshot), [], []
    for selector in selectors:
        question = key_question(selector, snapshot.domain)
        answer = answers.get(question)
        key = key_of(answer)
        if key is Key.UNKNOWN:
            unknown.append(f"{question.name} {'was not asked for' if answer is None else answer.status}")
        elif key is not Key.THERE:
            words = Words(
                says=f"the DKIM selector {selector} {_SAYS[key]} at {snapshot.domain}",
                seen=(f"{question.name} TXT: {_told(answer)}",),
                means=f"Signatures with {selector} fail.",
                do=f"Publish the key of {selector} before mail leaves with it.",
            )
            found.append(finding(RULE, question.name, words))
    return decide(RULE, found, unknown)


def _told(answer: Answer | None) -> str:
    if answer is None or not answer.records:
        return "none" if answer is None else answer.status.value
    return f"{len(answer.records)} without a key" if len(answer.records) > 1 else "one without a key"

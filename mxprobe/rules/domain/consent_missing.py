"""Rules that ask for a recipient were not judged.

What it sees. No recipient was named, so no host was asked whether it takes mail for one.
Why it matters. Answering is not accepting: a host that greets may refuse every recipient.
Example. mxprobe probe example.test, without --to:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    192.0.2.1 "220 mx1.example.test ESMTP" "250-mx1.example.test" "250 STARTTLS"
What to do. Name a recipient of your own domain with --to; no mail is sent.
Standards. No clause: mxprobe asks nobody about a recipient unbidden.
"""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.rules.domain.reading import was_dialled
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(code="MX007", name="consent-missing", severity=Severity.INFO, references=())


def find(snapshot: Snapshot) -> Judgement:
    """One finding where hosts were visited and none was asked."""
    if not was_dialled(snapshot):
        return inconclusive(RULE, "no address was dialled")
    if snapshot.recipients:
        return conclude(RULE, [])
    refused = snapshot.asked_about.refused if snapshot.asked_about is not None else ""
    words = Words(
        says="nobody was asked about, since the domain does not allow it" if refused else "no recipient was asked for",
        seen=(refused,) if refused else (),
        means="Whether the hosts take mail for anybody is not known.",
        do=f"mxprobe probe --to you@{snapshot.domain}",
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])

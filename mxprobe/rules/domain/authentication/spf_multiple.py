"""The domain has more than one SPF record.

What it sees. Two or more TXT records of the domain begin with v=spf1.
Why it matters. Which one holds is not for receivers to guess: SPF ends in an error for all mail of the domain, be it
sent by its own hosts or given back by a backup.
Example. The operator's record beside the old one:
    example.test MX 10 mx1.example.test
    mx1.example.test A 192.0.2.1
    example.test TXT v=spf1 ip4:192.0.2.1 -all
    example.test TXT v=spf1 include:operator.example -all
What to do. Merge them into one.
Standards. RFC 7208 §3.2, §4.5.
"""

from mxprobe.facts.dns import RecordType
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.spfrecord import BadRecord, read_spf
from mxprobe.rules.domain.authentication.records import published
from mxprobe.rules.pasting import text_record, ttl_of, under
from mxprobe.rules.rule import Behind, Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX855",
    name="spf-multiple",
    severity=Severity.ERROR,
    references=("RFC 7208 §3.2", "RFC 7208 §4.5"),
    behind=(Behind.SPF,),
)


def find(snapshot: Snapshot) -> Judgement:
    """One finding where there are several records."""
    seen = published(snapshot)
    if seen.unknown:
        return inconclusive(RULE, seen.unknown)
    if len(seen.texts) < 2:
        return conclude(RULE, [])
    words = Words(
        says=f"{snapshot.domain} has {len(seen.texts)} SPF records",
        seen=seen.shown,
        means=f"SPF ends in a permanent error for all mail of {snapshot.domain}.",
        do="Merge them into one record.",
        paste=_merged(snapshot, seen.texts),
    )
    return conclude(RULE, [finding(RULE, snapshot.domain, words)])


def _merged(snapshot: Snapshot, texts: tuple[str, ...]) -> tuple[str, ...]:
    """One record that lets in whom any of them lets in; nothing where a term leads elsewhere or one cannot be read."""
    records = [read_spf(text) for text in texts]
    if any(isinstance(one, BadRecord) or one.redirect for one in records):
        return ()
    terms = list(dict.fromkeys(term for text in texts for term in text.split()[1:]))
    ends = [term for term in terms if term.lstrip("+-~?").lower() == "all"]
    if any("=" in term for term in terms) or any(end[0] not in "-~" for end in ends):
        return ()
    end = "~all" if "~all" in ends or len(ends) == 0 else "-all"
    merged = " ".join(["v=spf1", *(term for term in terms if term not in ends), end])
    lines = text_record(snapshot.domain, merged, ttl_of(snapshot, snapshot.domain, RecordType.TXT))
    return under(f"in place of all SPF records of {snapshot.domain}", lines)

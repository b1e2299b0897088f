"""The primary judges what its own backup hands on as if a stranger had sent it.

What it sees. The copy over the backup bears a failed SPF check of its original sender, or the primary refused it with a
reason of policy, so that the backup gave it back.
Why it matters. Mail of strict domains is refused when it comes over the backup: in an outage that is all mail.
Example. The primary refuses the backup by policy:
    hosts: {mx2: {site: elsewhere}}
    steps:
      - {at: 0m, break: mx1, with: {reply: 550 5.7.1 SPF check failed}, phase: rcpt, only: after 1}
      - {at: 1m, prove: drill, to: alice}
What to do. Exempt the backup's addresses from SPF, block lists, greylisting and rate limits at the primary.
Standards. RFC 7208 §D.3; RFC 8601 §4."""

from mxprobe.facts.dsn import Bounce
from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.proof import Proof
from mxprobe.mx.proving import names_of
from mxprobe.rules.proof.reading import NOTHING_SENT, failures, over_backups, was_sent
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX856",
    name="primary-distrusts-backup",
    severity=Severity.WARNING,
    references=("RFC 7208 §D.3", "RFC 8601 §4"),
)

_BAD = ("spf=fail", "spf=softfail", "fail (", "softfail (")


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each backup whose mail the primary distrusts."""
    if not was_sent(proof):
        return inconclusive(RULE, NOTHING_SENT)
    if not proof.mailbox and not proof.returns:
        return inconclusive(RULE, "nobody looked for copies or notifications")
    found = []
    for route in over_backups(proof):
        notes = [
            note for copy in route.copies for note in copy.notes if note.lower().startswith(_BAD) or "spf=" in note
        ]
        bad = [note for note in notes if any(word in note.lower() for word in _BAD)]
        refused = [bounce for bounce in failures(route) if _is_by_policy(bounce) and _is_of_primary(bounce, proof)]
        if not bad and not refused:
            continue
        seen = (*bad[:2], *(f'{bounce.reporter}: {bounce.status} "{bounce.diagnostic}"' for bounce in refused[:2]))
        words = Words(
            says=f"the primary judges mail from {route.via} by its original sender"
            if not refused
            else f"the primary refuses what {route.via} hands on, by policy",
            seen=seen,
            means=f"Mail of strict domains is refused when it comes over {route.via}.",
            do=f"Exempt {route.via} from SPF, block lists, greylisting and rate limits at the primary.",
        )
        found.append(finding(RULE, route.via, words, Severity.ERROR if refused else None))
    return conclude(RULE, found)


def _is_by_policy(bounce: Bounce) -> bool:
    return (bounce.status or "").startswith("5.7.")


def _is_of_primary(bounce: Bounce, proof: Proof) -> bool:
    """Whether a primary said so, and not the backup itself."""
    primaries = (host for host in dict(proof.addresses) if proof.is_primary(host))
    said = f"{bounce.remote} {bounce.diagnostic}".lower()
    return any(name in said for host in primaries for name in names_of(proof, host))

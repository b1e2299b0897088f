"""The primary judges what its own backup hands on as if a stranger had sent it.

What it sees. In the copy over the backup a host behind it noted that SPF fails for the original sender, and in the copy
that went straight to the primary the same host noted that it passes. Or the primary refused what the backup handed on,
with a reason of policy, so that the backup gave it back. What the backup itself noted is its own check, and SPF that
fails on both ways is the sender's own fault.
Why it matters. Mail of strict domains is refused when it comes over the backup: in an outage that is all mail.
Example. The primary refuses the backup by policy:
    hosts: {mx2: {site: elsewhere}}
    steps:
      - {at: 0m, break: mx1, with: {reply: 550 5.7.1 SPF check failed}, phase: rcpt, only: after 1}
      - {at: 1m, prove: drill, to: alice}
What to do. Exempt the backup's addresses from SPF, block lists, greylisting and rate limits at the primary.
Standards. RFC 7208 §D.3; RFC 8601 §4, §5."""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.proof import Answer, Copy, Proof, Route
from mxprobe.mx.authres import Noted
from mxprobe.mx.proving import hop_to, names_of
from mxprobe.rules.proof.reading import NOTHING_SENT, name_primaries, over_backups, over_primaries, was_sent
from mxprobe.rules.proof.returned import Cause, told_by
from mxprobe.rules.proof.traces import backup_names, home_names, mentions, spf_in
from mxprobe.rules.rule import Rule, Words, decide, finding, inconclusive

RULE = Rule(
    code="MX856",
    name="primary-distrusts-backup",
    severity=Severity.WARNING,
    references=("RFC 7208 §D.3", "RFC 8601 §4", "RFC 8601 §5"),
)

_BAD = ("fail", "softfail")


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each backup whose mail the primary distrusts."""
    if not was_sent(proof):
        return inconclusive(RULE, NOTHING_SENT)
    if not proof.mailbox and not proof.returns and not any(route.bounces for route in proof.routes):
        return inconclusive(RULE, "nobody looked for copies or notifications")
    found, unknown = [], []
    for route in over_backups(proof):
        refused = told_by(route, proof, Cause.POLICY)
        if refused and _refuses_us_as_well(proof):
            unknown.append(f"{name_primaries(proof)} refuses the message itself, not only what {route.via} hands on")
        elif refused:
            words = _words(route, f"the primary refuses what {route.via} hands on, by policy", refused)
            found.append(finding(RULE, route.via, words, Severity.ERROR))
        elif route.copies:
            bad, reason = _noted(route, proof)
            if bad:
                words = _words(route, f"the primary judges mail from {route.via} by its original sender", bad[:2])
                found.append(finding(RULE, route.via, words))
            unknown += [reason] if reason else []
        else:
            unknown.append(f"no copy over {route.via} has come")
    return decide(RULE, found, unknown)


def _words(route: Route, says: str, seen: tuple[str, ...]) -> Words:
    return Words(
        says=says,
        seen=seen,
        means=f"Mail of strict domains is refused when it comes over {route.via}.",
        do=f"Exempt {route.via} from SPF, block lists, greylisting and rate limits at the primary.",
    )


def _refuses_us_as_well(proof: Proof) -> bool:
    """Whether no primary took the message that went straight to it, and one refused it for good."""
    said = {route.last.answer for route in over_primaries(proof) if route.last is not None}
    return Answer.REFUSED in said and Answer.ACCEPTED not in said


def _noted(route: Route, proof: Proof) -> tuple[tuple[str, ...], str]:
    """What hosts behind a backup noted that fails over it alone; or why nothing can be said."""
    copy = route.copies[0]
    over = {by: one for by, one in spf_in(copy, proof).items() if _is_behind(one, copy, route, proof)}
    straight = [spf_in(way.copies[0], proof) for way in over_primaries(proof) if way.copies]
    if not over:
        return (), f"no host behind {route.via} noted of the copy whether SPF holds"
    bad = {by: one for by, one in over.items() if one.result in _BAD}
    told = [one.raw[:300] for by, one in bad.items() if any(by in way and way[by].result == "pass" for way in straight)]
    if bad and not told:
        says = ", ".join(sorted({one.result for one in bad.values()}))
        return (), f"SPF is not said to hold on the straight way either (over {route.via}: {says})"
    return tuple(told), ""


def _is_behind(noted: Noted, copy: Copy, route: Route, proof: Proof) -> bool:
    """Whether a primary noted that, or a host behind one; a name that no host of the trace bears may be theirs all."""
    handed, home = hop_to(copy, route, proof), home_names(proof)
    if not noted.by:
        judged = {noted.client} - {""}
        return not judged.isdisjoint(names_of(proof, route.via)) or (
            handed is not None and mentions(handed.client, judged)
        )
    if noted.by in home or noted.by in backup_names(proof):
        return noted.by in home
    is_in_trace = any(hop.by.lower() == noted.by for hop in copy.hops)
    return not is_in_trace and (handed is None or handed.by.lower() in home)

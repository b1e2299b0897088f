"""The message was forwarded to another domain under its original envelope sender, and failed SPF there.

What it sees. The copy has left the MX hosts of the domain for a host of another domain, which noted that SPF fails, and
its return path is still the original sender. A hop that the straight copy takes without failing is delivery. No finding
is made where a signature of the sender's domain or ARC holds. Where SPF failed before the message left, the fault is
the sender's own.
Why it matters. Forwarded mail of strict domains is refused or put with the unwanted mail.
Example. A copy's last hops and notes, as a forwarder leaves them:
    Return-Path: <mxprobe@probe.example.net>
    Received: from mx1.example.com by mx.other.example
    Authentication-Results: mx.other.example; spf=fail smtp.mailfrom=mxprobe@probe.example.net
What to do. Rewrite the envelope sender when forwarding (SRS), or deliver locally.
Standards. RFC 7208 §2.4, §D.2."""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.proof import Copy, Hop, Proof, Route
from mxprobe.mx.authres import Noted, results_for
from mxprobe.rules.proof.reading import NOBODY_LOOKED, known_routes, over_primaries
from mxprobe.rules.proof.traces import came_from, chain_names, mentions, sender_domain, spf_in
from mxprobe.rules.rule import Rule, Words, decide, finding, inconclusive

RULE = Rule(
    code="MX922",
    name="forwarder-without-srs",
    severity=Severity.WARNING,
    references=("RFC 7208 §2.4", "RFC 7208 §D.2"),
)

_BAD = ("fail", "softfail")


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each host whose message was forwarded so."""
    if not proof.mailbox:
        return inconclusive(RULE, NOBODY_LOOKED)
    copies = [(route, route.copies[0]) for route in known_routes(proof) if route.copies]
    if not copies:
        return inconclusive(RULE, "no copy has come")
    found, unknown = [], []
    for route, copy in copies:
        out = _way_out(copy, proof)
        if not out or _is_delivery(out, route, proof) or _is_rewritten(copy, proof):
            continue
        noted = _noted_behind(copy, out, proof)
        if noted is not None and (noted.result not in _BAD or _holds_otherwise(copy, proof)):
            continue
        if reason := _unclear(route, copy, out, proof):
            unknown.append(reason)
            continue
        words = Words(
            says=f"mail for {proof.recipient} is forwarded to {out[0].by} under its original sender",
            seen=(noted.raw[:300] if noted is not None else "", f"Return-Path: {copy.return_path}"),
            means="The next host takes the forwarder for a forger of the sender's domain.",
            do="Rewrite the envelope sender when forwarding (SRS), or deliver locally.",
        )
        found.append(finding(RULE, route.via, words))
    return decide(RULE, found, unknown)


def _unclear(route: Route, copy: Copy, out: tuple[Hop, ...], proof: Proof) -> str:
    """Why it is not known whether SPF fails because of the forwarding; empty where it is."""
    noted, where = _noted_behind(copy, out, proof), f"the copy over {route.via} went on to {out[0].by}"
    if not proof.is_primary(route.via) and not any(way.copies for way in over_primaries(proof)):
        return f"{where}; no straight copy has come that would show whether that is delivery"
    if noted is None:
        return f"{where}, and nobody there noted whether SPF holds"
    if not proof.mail_from or not copy.return_path.strip("<> "):
        return f"{where}; under which sender is not known"
    before = [one for by, one in spf_in(copy, proof).items() if not _is_by_one_of(by, out, proof)]
    if any(one.result in _BAD for one in before):
        return f"{where}; SPF failed before it left, so that the sender's own record may be wrong"
    judged = {noted.client} - {""}
    if judged and judged.isdisjoint(chain_names(proof)) and not any(mentions(hop.client, judged) for hop in out):
        return f"{where}; SPF was judged there for {noted.client}, which is no host of {proof.domain}"
    return ""


def _way_out(copy: Copy, proof: Proof) -> tuple[Hop, ...]:
    """The line of the host of another domain to which the chain gave the message for good, and those behind it."""
    own = chain_names(proof)
    places = [place for place, hop in enumerate(copy.hops) if came_from(hop, own) and hop.by.lower() not in own]
    out = copy.hops[places[-1] :] if places else ()
    stays = any(hop.by.lower() in own or _is_within(hop.by, proof.domain) for hop in out)
    return () if stays else out


def _is_delivery(out: tuple[Hop, ...], route: Route, proof: Proof) -> bool:
    """Whether a straight copy took that hop as well, so that it is that copy's to tell."""
    if proof.is_primary(route.via):
        return False
    straight = [hop.by.lower() for way in over_primaries(proof) for copy in way.copies for hop in copy.hops]
    return out[0].by.lower() in straight


def _is_rewritten(copy: Copy, proof: Proof) -> bool:
    sender = copy.return_path.strip("<> ").lower()
    return bool(sender and proof.mail_from) and sender != proof.mail_from.lower()


def _noted_behind(copy: Copy, out: tuple[Hop, ...], proof: Proof) -> Noted | None:
    """What the host that it was forwarded to noted of SPF."""
    return next((one for by, one in spf_in(copy, proof).items() if _is_by_one_of(by, out, proof)), None)


def _is_by_one_of(by: str, out: tuple[Hop, ...], proof: Proof) -> bool:
    """Whether a result is by a host on the way out: by its name, or by the domain that it is in."""
    if by in chain_names(proof) or not by or any(_is_within(name, by) for name in chain_names(proof)):
        return False
    return any(_is_within(hop.by, by) or _is_within(by, hop.by) for hop in out)


def _holds_otherwise(copy: Copy, proof: Proof) -> bool:
    """Whether a signature of the sender's domain holds at the last host, or ARC does."""
    dkim = [one for one in results_for(copy.notes, "dkim", sender_domain(proof)) if one.domain]
    arc = results_for(copy.notes, "arc", "")
    return any(said[0].result == "pass" for said in (dkim, arc) if said)


def _is_within(name: str, domain: str) -> bool:
    return name.lower() == domain.lower() or name.lower().endswith(f".{domain.lower()}")

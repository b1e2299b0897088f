"""A host on the way broke the signature of a message that we had signed.

What it sees. The message bore a DKIM signature of ours. In the copy over the backup the last host that looked noted
that it fails or is gone, and in the copy that went straight to the primary that it holds. A failure that ARC makes
good is none.
Why it matters. Senders with a DMARC policy of reject or quarantine count on the signature, because SPF fails behind a
host that hands on: their mail is refused, or lies with the unwanted mail.
Example. What the primary noted of two copies, straight and over a backup that adds a footer:
    Authentication-Results: mx1.example.com; dkim=pass header.d=probe.example.net
    Authentication-Results: mx1.example.com; dkim=fail (body hash did not verify) header.d=probe.example.net
What to do. Let the backup hand messages on as they came: no footer, no rewriting, no change of encoding.
Standards. RFC 6376 §3.7, §6; RFC 8617 §4.1; RFC 9989 §4.4."""

from mxprobe.facts.finding import Judgement, Severity
from mxprobe.facts.proof import Proof, Route
from mxprobe.mx.authres import Noted, last_word
from mxprobe.rules.proof.reading import NOBODY_LOOKED, known_routes
from mxprobe.rules.rule import Rule, Words, conclude, finding, inconclusive

RULE = Rule(
    code="MX859",
    name="dmarc-breaks-on-mx-path",
    severity=Severity.WARNING,
    references=("RFC 6376 §3.7", "RFC 6376 §6", "RFC 8617 §4.1", "RFC 9989 §4.4"),
)

_BROKEN = ("fail", "none", "permerror", "neutral", "policy")


def find_in_proof(proof: Proof) -> Judgement:
    """A finding for each backup over which the signature breaks, and only over which."""
    if not proof.signed:
        return inconclusive(RULE, "the message was not signed: --dkim-key and --dkim-selector sign it")
    if not proof.mailbox:
        return inconclusive(RULE, NOBODY_LOOKED)
    noted = {route.via: _noted(route, proof) for route in known_routes(proof) if route.copies}
    straight = [said for via, said in noted.items() if proof.is_primary(via)]
    found, unknown = [], []
    for via, said in noted.items():
        if proof.is_primary(via):
            continue
        if said is None:
            unknown.append(f"no host noted of the copy over {via} whether its signature holds")
        elif said.result not in _BROKEN or _is_sealed(proof, via):
            continue
        elif not any(one is not None and one.result == "pass" for one in straight):
            unknown.append(f"the signature is not said to hold on the straight way either (over {via}: {said.result})")
        else:
            words = Words(
                says=f"{via} breaks the DKIM signature of what it hands on",
                seen=(said.raw[:300],),
                means=f"Mail of senders with a strict DMARC policy is refused when it comes over {via}.",
                do=f"Let {via} hand messages on as they came: no footer, no rewriting, no change of encoding.",
            )
            found.append(finding(RULE, via, words))
    if not noted:
        return inconclusive(RULE, "no copy has come")
    return inconclusive(RULE, "; ".join(unknown)) if unknown and not found else conclude(RULE, found)


def _noted(route: Route, proof: Proof) -> Noted | None:
    """What is said of our signature in the first copy over a host."""
    return last_word(route.copies[0].notes, "dkim", proof.signed)


def _is_sealed(proof: Proof, via: str) -> bool:
    """Whether ARC holds in the copy, so that the broken signature does no harm to who trusts the sealer."""
    copies = [copy for route in known_routes(proof) if route.via == via for copy in route.copies[:1]]
    said = [last_word(copy.notes, "arc", "") for copy in copies]
    return any(one is not None and one.result == "pass" for one in said)

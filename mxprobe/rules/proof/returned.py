"""Why a message that was accepted was given back: one cause for each, so that one rule alone tells it.

Standards: RFC 3463 §3 (what the enhanced status codes are about), RFC 3464 §2.3 (who said so).
"""

import re
from enum import StrEnum

from mxprobe.facts.dsn import Bounce
from mxprobe.facts.proof import Proof, Route
from mxprobe.rules.proof.reading import failures
from mxprobe.rules.proof.traces import home_names, mentions

_ROUND = re.compile(
    r"too many hops|hop count exceeded|too many \W?received|loops? back to (me|my|itself)"
    r"|\b(mail|routing|forwarding)[ -](forwarding )?loops?\b(?!@)|\bloop (was )?detected\b|message is looping"
    r"|(points|resolves) to (the )?local host|remote host address is the local host",
    re.IGNORECASE,
)
"""The words of Postfix, Exim, sendmail, qmail and Exchange for mail that goes round, or would."""

_NOBODY = re.compile(
    r"no such (user|recipient|mailbox|person|address)|unknown (user|recipient|mailbox|local part|address)"
    r"|(user|recipient|mailbox|address|account)( name)? (is )?unknown"
    r"|(user|recipient|mailbox|account) (not found|does ?n[o']t exist|does not exist)"
    r"|recipient address rejected: access denied",
    re.IGNORECASE,
)
_EXPIRED = re.compile(
    r"(delivery|message|retry)( time| timeout)? (expired|exceeded)|time ?out exceeded|too old"
    r"|could not be delivered for|failing for (a|too) long|unrout|unable to route"
    r"|(host|domain)( or domain)?( name)? not found",
    re.IGNORECASE,
)
_NO_RECIPIENT = re.compile(r"5\.1\.(0|1|3|6|10)")
_NO_WAY = re.compile(r"4\.|5\.4\.|5\.1\.2")


class Cause(StrEnum):
    """Why it was given back: it went round; the primary refused it by policy; the recipient is said not to be there;
    a backup could not hand it on; something else, such as its content or its size."""

    ROUND = "round"
    POLICY = "policy"
    RECIPIENT = "recipient"
    NO_WAY = "no way"
    OTHER = "other"


def given_back(route: Route) -> tuple[Bounce, ...]:
    """What came back of a message that did not arrive."""
    return () if route.copies else failures(route)


def cause_of(route: Route, proof: Proof) -> Cause | None:
    """Why the message of a route was given back; of several causes the first in their order. None: it was not."""
    causes = {_cause(bounce, route, proof) for bounce in given_back(route)}
    return next((cause for cause in Cause if cause in causes), None)


def told_by(route: Route, proof: Proof, cause: Cause) -> tuple[str, ...]:
    """What the notifications say, where this is the cause: two lines at most; none where it is another."""
    if cause_of(route, proof) is not cause:
        return ()
    told = (bounce for bounce in given_back(route) if _cause(bounce, route, proof) is cause)
    return tuple(dict.fromkeys(say(bounce) for bounce in told))[:2]


def say(bounce: Bounce) -> str:
    """A notification in one line."""
    return f'{bounce.reporter}: {bounce.status or "no status"} "{bounce.diagnostic}"'


def _cause(bounce: Bounce, route: Route, proof: Proof) -> Cause:
    status, said = bounce.status or "", bounce.diagnostic
    if status[1:] == ".4.6" or _ROUND.search(said):
        return Cause.ROUND
    if not status.startswith("4.") and (_NO_RECIPIENT.fullmatch(status) or _NOBODY.search(said)):
        return Cause.RECIPIENT
    if proof.is_primary(route.via):
        return Cause.OTHER
    if status[1:4] == ".7." and _is_of_primary(bounce, proof):
        return Cause.POLICY
    return Cause.NO_WAY if _NO_WAY.match(status) or _EXPIRED.search(said) else Cause.OTHER


def _is_of_primary(bounce: Bounce, proof: Proof) -> bool:
    """Whether a primary said so, or a host behind it, and not the backup itself."""
    names = home_names(proof)
    if bounce.remote:
        return mentions(bounce.remote, names)
    return mentions(bounce.reporter, names) or mentions(bounce.diagnostic, names)

"""What differs in what hosts show and say: certificates, TLS, their names, whether they answer, and answers to RCPT.

Standards: RFC 5280 §4.1 (certificates), RFC 3207 §4 (STARTTLS), RFC 5321 §4.1.1.1 (EHLO).
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from msgspec import Struct

from mxprobe.facts.change import Area, Change, NotCompared, Weight
from mxprobe.facts.session import Session
from mxprobe.facts.smtp import Phase
from mxprobe.facts.snapshot import Snapshot, Visit
from mxprobe.facts.tls import TlsFacts
from mxprobe.mx.moved import Looks, has_said_ehlo
from mxprobe.mx.standing import Standing, judge_visit
from mxprobe.mx.tlsidentity import key_digest

_VERSIONS = ("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_SHORT = 16


class _Pair(Struct, frozen=True, kw_only=True):
    """One endpoint of both looks: the visits, and the last session of each."""

    then: Visit
    now: Visit
    before: Snapshot
    today: Snapshot

    @property
    def name(self) -> str:
        """The endpoint."""
        return self.now.endpoint.id

    @property
    def sessions(self) -> tuple[Session | None, Session | None]:
        """The last ones."""
        return (_last(self.then), _last(self.now))


def _last(visit: Visit) -> Session | None:
    return visit.sessions[-1] if visit.sessions else None


def host_changes(looks: Looks) -> Iterator[Change | NotCompared]:
    """Everything that differs at the endpoints that both looks met."""
    known = {visit.endpoint: visit for visit in looks.before.visits}
    for visit in looks.now.visits:
        if visit.endpoint not in known:
            continue
        pair = _Pair(then=known[visit.endpoint], now=visit, before=looks.before, today=looks.now)
        yield from _reached(pair)
        then, now = pair.sessions
        if then is None or now is None or not has_said_ehlo(then) or not has_said_ehlo(now):
            continue
        yield from _names(pair.name, then, now)
        yield from _offered(pair.name, then, now)
        if then.tls is not None and now.tls is not None:
            yield from _version(pair.name, then.tls, now.tls)
            yield from _certificate(pair.name, then.tls, now.tls)
        yield from _recipients(pair.name, then, now)


def _change(area: Area, subject: str, what: str, sides: tuple[str, str], said: tuple[Weight, str]) -> Change:
    old, new = ((side,) if side else () for side in sides)
    return Change(area=area, subject=subject, what=what, old=old, new=new, weight=said[0], because=said[1])


# -- reaching it, and its name -----------------------------------------------------------------------------------------


def _reached(pair: _Pair) -> Iterator[Change | NotCompared]:
    was, now = judge_visit(pair.then, pair.before), judge_visit(pair.now, pair.today)
    for standing, when in ((now, ""), (was, "in the earlier probe ")):
        if not standing.is_known:
            yield NotCompared(area=Area.ANSWERS, subject=pair.name, what="whether it answers", why=f"{when}{standing}")
            return
    if was is not now:
        said = (Weight.RENEWAL, "it answers again") if now is Standing.ANSWERS else (Weight.CHANGE, "")
        yield _change(Area.ANSWERS, pair.name, "state", (was.value, now.value), said)


def _names(name: str, then: Session, now: Session) -> Iterator[Change]:
    said = (Weight.CHANGE, "it calls itself by another name")
    for what, phase in (("name in the greeting", Phase.BANNER), ("name in the reply to EHLO", Phase.EHLO)):
        old, new = _first_word(then, phase), _first_word(now, phase)
        if old and new and old.lower() != new.lower():
            yield _change(Area.ANSWERS, name, what, (old, new), said)


def _first_word(session: Session, phase: Phase) -> str:
    turn = next((turn for turn in session.turns if turn.phase is phase and turn.reply is not None), None)
    lines = turn.reply.lines if turn is not None and turn.reply is not None else ()
    return lines[0].split(" ")[0] if lines else ""


# -- TLS ---------------------------------------------------------------------------------------------------------------


def _offered(name: str, then: Session, now: Session) -> Iterator[Change]:
    old, new = then.offers("STARTTLS"), now.offers("STARTTLS")
    words = {True: "offered", False: "not offered"}
    if old and not new:
        said = (Weight.CHANGE, "senders that do not insist on TLS deliver in clear")
        yield _change(Area.TLS, name, "STARTTLS", (words[old], words[new]), said)
    elif new and not old:
        yield _change(
            Area.TLS, name, "STARTTLS", (words[old], words[new]), (Weight.RENEWAL, "mail can travel encrypted")
        )


def _version(name: str, then: TlsFacts, now: TlsFacts) -> Iterator[Change]:
    if then.version == now.version:
        return
    ranks = [_VERSIONS.index(one.version) if one.version in _VERSIONS else -1 for one in (then, now)]
    said = (Weight.RENEWAL, "a newer one") if ranks[1] > ranks[0] else (Weight.CHANGE, "an older one")
    yield _change(Area.TLS, name, "version of TLS", (then.version, now.version), said)


def _certificate(name: str, then: TlsFacts, now: TlsFacts) -> Iterator[Change]:
    """One change for all that differs in the certificate of the host."""
    if not then.chain or not now.chain:
        return
    old, new = _shown(then), _shown(now)
    differ = [field for field in new if old.get(field) != new[field]]
    if bytes(then.chain[0].der) == bytes(now.chain[0].der) or not differ:
        return
    weight, because = _weigh_certificate(then, now)
    yield Change(
        area=Area.TLS,
        subject=name,
        what="certificate",
        old=tuple(f"{field} {old[field]}" for field in differ),
        new=tuple(f"{field} {new[field]}" for field in differ),
        weight=weight,
        because=because,
    )


def _shown(tls: TlsFacts) -> dict[str, str]:
    leaf = tls.chain[0]
    return {
        "key": (key_digest(bytes(leaf.der)) or "that cannot be read")[:_SHORT],
        "issuer": leaf.issuer,
        "names": ", ".join(leaf.names) or "none",
        "valid": f"{_day(leaf.not_before)} to {_day(leaf.not_after)}",
    }


def _day(at: float) -> str:
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
    except (ValueError, OverflowError, OSError):
        return f"second {at:g}"


def _weigh_certificate(then: TlsFacts, now: TlsFacts) -> tuple[Weight, str]:
    """At one and the same address; a host that moved is weighed by its addresses."""
    was, holds = then.verdict.is_valid, now.verdict.is_valid
    if holds:
        return Weight.RENEWAL, "at the same address, and it holds for a strict client"
    if was and holds is False:
        return Weight.CHANGE, "it does not hold for a strict client, and the one before did"
    if set(then.chain[0].names) == set(now.chain[0].names) and then.chain[0].issuer == now.chain[0].issuer:
        return Weight.RENEWAL, "at the same address, of the same issuer, for the same names"
    return Weight.CHANGE, "whether it holds for a strict client is not known" if holds is None else "it does not hold"


# -- recipients --------------------------------------------------------------------------------------------------------


def _recipients(name: str, then: Session, now: Session) -> Iterator[Change]:
    """Answers about the same recipient, with the same first digit or another."""
    was, today = _answers(then), _answers(now)
    for recipient, (kind, text) in today.items():
        if recipient in was and was[recipient][0] != kind:
            said = (Weight.RENEWAL, "it is accepted now") if kind == _ACCEPTED else (Weight.CHANGE, "")
            yield _change(Area.ANSWERS, name, f"answer about {recipient}", (was[recipient][1], text), said)


_ACCEPTED = 2


def _answers(session: Session) -> dict[str, tuple[int, str]]:
    return {
        turn.subject: (turn.reply.severity, turn.reply.text)
        for turn in session.recipients
        if turn.subject and turn.reply is not None and turn.reply.severity is not None
    }

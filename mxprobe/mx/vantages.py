"""What differs between vantage points in what hosts show. Pure: who looked, and from where, is elsewhere.

Compared are whether a host answers, the code it greets with, STARTTLS, the certificate, and answers to recipients.
The words of a greeting are not: many machines stand behind one address, and each greets by its own name. A place from
which nobody at all was heard is blocked itself: `silent_places` finds it, and what it did not see is held against no
host. Names are asked for at one place alone, so that name servers that tell each place something else (geographic DNS)
are not seen here: every place visits the same addresses.

Standards: RFC 5321 §4.2 (codes, not words, carry the meaning of a reply), RFC 3207 (STARTTLS).
"""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from mxprobe.facts.session import Session
from mxprobe.facts.smtp import Phase
from mxprobe.facts.snapshot import Snapshot, Vantage, Visit
from mxprobe.facts.vantages import Differs, Showing, Shown
from mxprobe.mx.standing import Standing, judge_visit

LEAST_DIALLED = 3
"""So many endpoints that others hear have to stay silent at a place before the place itself is suspected."""

_BARE = Snapshot(domain="", asked="", version="", started_at=0.0, elapsed=0.0, vantage=Vantage(helo=""))
"""A look that knows of no controls: here the other places are the control."""

_ABOUT_PLACE = frozenset({Standing.REFUSES_PROBE, Standing.THROTTLED})
_SHORT = 16

Seen = Mapping[str, Visit]
"""One endpoint: its visit from each place."""


def compare_places(
    places: Mapping[str, Iterable[Visit]], silent: AbstractSet[str] = frozenset()
) -> tuple[Differs, ...]:
    """What the places that are not `silent` saw differently, an endpoint at a time, in the order of the first place."""
    heard = {place: visits for place, visits in places.items() if place not in silent}
    if len(heard) < 2:
        return ()
    endpoints: dict[str, dict[str, Visit]] = {}
    for place, visits in heard.items():
        for visit in visits:
            endpoints.setdefault(visit.endpoint.id, {})[place] = visit
    return tuple(differs for endpoint, seen in endpoints.items() for differs in _compare(endpoint, seen))


def silent_places(heard: Mapping[str, int], unheard: Mapping[str, int]) -> tuple[str, ...]:
    """The places that heard nobody, while another heard somebody.

    `heard` and `unheard` count, for each place, the endpoints that greeted and those that did not.
    """
    if not any(heard.values()):
        return ()
    return tuple(place for place, count in unheard.items() if count >= LEAST_DIALLED and not heard.get(place))


def has_greeted(session: Session) -> bool:
    """Whether a host was heard at all."""
    return session.banner is not None


def _compare(endpoint: str, seen: Seen) -> Iterator[Differs]:
    """What is unlike at one endpoint; what is not heard at one of two places is told once, not again for its banner."""
    standings = {place: judge_visit(visit, _BARE) for place, visit in seen.items()}
    known = {place: standing for place, standing in standings.items() if standing not in _NOT_LOOKED}
    last = {place: seen[place].sessions[-1] for place in known}
    if len({_UNHEARD.get(standing, standing) for standing in known.values()}) > 1:
        about_place = any(standing in _ABOUT_PLACE for standing in known.values())
        shown = {place: _answer(last[place], standing) for place, standing in known.items()}
        yield _differs(endpoint, Showing.ANSWER, shown, about_place=about_place)
    else:
        yield from _if_unlike(endpoint, Showing.BANNER, {place: _code(session) for place, session in last.items()})
    answering = {place: session for place, session in last.items() if known[place] is Standing.ANSWERS}
    yield from _compare_tls(endpoint, answering)
    yield from _compare_recipients(endpoint, answering)


_NOT_LOOKED = frozenset(
    {Standing.NOT_VISITED, Standing.LOCAL_FAILURE, Standing.NO_IPV4_HERE, Standing.NO_IPV6_HERE, Standing.BLOCKED_HERE}
)
"""What a place could not try says nothing of the host."""

_UNHEARD = dict.fromkeys(
    (
        Standing.REFUSES_CONNECTIONS,
        Standing.DOES_NOT_ANSWER,
        Standing.UNREACHABLE,
        Standing.SILENT,
        Standing.HANGS_UP,
    ),
    Standing.DOES_NOT_ANSWER,
)
"""In which way a host is not heard depends on what lies between."""


def _answer(session: Session, standing: Standing) -> str:
    """The standing; with the code where it was told by one."""
    banner = session.banner
    spoken = standing in (Standing.GREETS_LATER, Standing.GREETS_NO, *_ABOUT_PLACE)
    return f"{standing}: {banner.code}" if spoken and banner is not None else standing.value


def _code(session: Session) -> str:
    banner = session.banner
    return "" if banner is None or banner.code is None else str(banner.code)


def _compare_tls(endpoint: str, sessions: Mapping[str, Session]) -> Iterator[Differs]:
    asked = {place: session for place, session in sessions.items() if session.last_turn(Phase.EHLO) is not None}
    starttls = {place: _starttls(session) for place, session in asked.items()}
    yield from _if_unlike(endpoint, Showing.STARTTLS, starttls)
    chains = {place: session.tls for place, session in asked.items() if session.tls is not None and session.tls.chain}
    leaves = {
        place: f"{tls.chain[0].fingerprint[:_SHORT]}, {_worth(tls.verdict.is_valid)}" for place, tls in chains.items()
    }
    yield from _if_unlike(endpoint, Showing.CERTIFICATE, leaves)


def _starttls(session: Session) -> str:
    if not session.offers("STARTTLS"):
        return "not offered"
    tried = session.last_turn(Phase.STARTTLS) is not None
    return "offered, but fails" if tried and session.tls is None else "offered"


def _worth(is_valid: bool | None) -> str:
    return {True: "valid", False: "not valid", None: "not judged"}[is_valid]


def _compare_recipients(endpoint: str, sessions: Mapping[str, Session]) -> Iterator[Differs]:
    """Yes here and no there. An answer that says "later" is not compared: a greylist knows each place for itself."""
    answers: dict[str, dict[str, str]] = {}
    for place, session in sessions.items():
        for turn in session.recipients:
            if turn.subject and turn.reply is not None and turn.reply.severity in (2, 5):
                answers.setdefault(turn.subject, {})[place] = "accepted" if turn.reply.is_positive else "refused"
    for recipient, shown in answers.items():
        yield from _if_unlike(endpoint, Showing.RECIPIENT, shown, recipient)


def _if_unlike(endpoint: str, showing: Showing, shown: Mapping[str, str], subject: str = "") -> Iterator[Differs]:
    if len(set(shown.values())) > 1:
        yield _differs(endpoint, showing, shown, subject=subject)


def _differs(
    endpoint: str, showing: Showing, shown: Mapping[str, str], *, subject: str = "", about_place: bool = False
) -> Differs:
    return Differs(
        endpoint=endpoint,
        showing=showing,
        places=tuple(Shown(place=place, what=what) for place, what in shown.items()),
        subject=subject,
        about_place=about_place,
    )

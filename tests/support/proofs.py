"""Proofs as values: a primary and a backup of example.test, and what was said to a message over either."""

from msgspec.structs import replace

from mxprobe.facts.dsn import Bounce
from mxprobe.facts.proof import Answer, Copy, Handover, Hop, Proof, Route
from mxprobe.facts.run import TlsUse
from mxprobe.facts.session import Endpoint, Turn
from mxprobe.facts.smtp import Phase, Reply

BEGAN = 1_795_000_000.0
ALICE = "alice@example.test"
MX1, MX2 = "mx1.example.test", "mx2.example.test"
ADDRESSES = {MX1: "192.0.2.1", MX2: "192.0.2.2"}


def a_reply(code: int, said: str) -> Reply:
    """One line."""
    return Reply(raw=f"{code} {said}\r\n".encode(), code=code, lines=(said,))


def handover(host: str, code: int, said: str, cell: str, greets: str = "", after: float = 0.0) -> Handover:
    """One attempt that ended in this cell with this reply, `after` seconds from the start."""
    answers = {2: Answer.ACCEPTED, 4: Answer.LATER, 5: Answer.REFUSED}
    phases = {
        "Z": Phase.DOT,
        "X": Phase.DATA,
        "R": Phase.RCPT,
        "M": Phase.MAIL,
        "B": Phase.BANNER,
        "H": Phase.EHLO,
        "T": Phase.TLS,
    }
    turn = Turn(phase=phases[cell[0]], started=0.0, ended=1.0, reply=a_reply(code, said))
    banner = Turn(phase=Phase.BANNER, started=0.0, ended=0.1, reply=a_reply(220, greets)) if greets else None
    return Handover(
        endpoint=Endpoint(host=host, address=ADDRESSES[host]),
        at=BEGAN + after,
        answer=answers[code // 100],
        cell=cell,
        turns=(*([banner] if banner else []), turn),
        tls=TlsUse.UNVERIFIED,
    )


def silent(host: str, cell: str, answer: Answer = Answer.LATER, after: float = 0.0) -> Handover:
    """One attempt that ended in this cell without a reply."""
    endpoint = Endpoint(host=host, address=ADDRESSES[host])
    return Handover(endpoint=endpoint, at=BEGAN + after, answer=answer, cell=cell)


def taken(host: str, greets: str = "", after: float = 0.0) -> Handover:
    """It was accepted."""
    return handover(host, 250, "2.0.0 Ok: queued as 7F2A1", "Z1", greets, after)


def route(host: str, *handovers: Handover, **otherwise: object) -> Route:
    """The message over a host, with these attempts."""
    preference = 10 if host == MX1 else 20
    one = Route(token=f"t{preference}", via=host, preference=preference, recipient=ALICE, begun_at=BEGAN)
    return replace(one, handovers=handovers, **otherwise)


def copy(after: float, *hops: Hop) -> Copy:
    """It is in the mailbox `after` seconds from the start."""
    return Copy(place="INBOX", at=BEGAN + after, hops=hops)


def to_us(host: str, after: float = 0.0) -> Hop:
    """The host took it from the prober."""
    return Hop(by=host, source="probe.test", client="probe.test [198.51.100.9]", at=BEGAN + after)


def passed_on(source: str, by: str, after: float = 1.0) -> Hop:
    """One host gave it to another."""
    client = f"{source} [{ADDRESSES[source]}]" if source in ADDRESSES else source
    return Hop(by=by, source=source, client=client, at=BEGAN + after)


def handed_on(after: float) -> Hop:
    """The backup gave it to the primary."""
    return Hop(by=MX1, source=MX2, client=f"{MX2} [{ADDRESSES[MX2]}]", at=BEGAN + after)


def bounce(status: str, said: str, remote: str = "", action: str = "failed") -> Bounce:
    """What the backup reports of the message over it."""
    return Bounce(
        recipient=ALICE, action=action, status=status, reporter=MX2, token="t20", diagnostic=said, remote=remote
    )


def proof(*routes: Route, **otherwise: object) -> Proof:
    """A proof of these messages, watched for half an hour."""
    plain = Proof(
        version="1",
        domain="example.test",
        recipient=ALICE,
        mail_from="me@probe.test",
        helo="probe.test",
        allowed_by="TXT _mxprobe.example.test until 2099-12-31",
        began_at=BEGAN,
        watched_until=BEGAN + 1800,
        deadline=BEGAN + 21600,
        chain=((10, MX1), (20, MX2)),
        addresses=tuple((host, (address,)) for host, address in ADDRESSES.items()),
        routes=routes,
        mailbox="a Maildir",
        returns="a Maildir",
    )
    return replace(plain, **otherwise)

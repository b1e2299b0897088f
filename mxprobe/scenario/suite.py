"""The cases by which a mailer is measured: one message, one thing wrong at the primary, and secondaries in good health.

Each is a story in the syntax of every other, so that it can be played by any sender, written to a file and held up in
a lab. What the story expects is not asked: a measurement writes down what happens.

Standards: RFC 5321 §5.1 and §4.2 say what the cases are about; the cells are those of `mx.cells`.
"""

from collections.abc import Iterator
from functools import cache

from msgspec import Struct

_TWO = "10 mx1, 20 mx2"


class Case(Struct, frozen=True, kw_only=True):
    """One case. `text` is its story; `policy` the sender's TLS policy (empty: the mailer's own).

    `waits`: the mailer has to wait for a timeout. `rounds` so many passes of the sender are watched.
    """

    name: str
    group: str
    text: str
    policy: str = ""
    waits: bool = False
    rounds: int = 1


class _Stage(Struct, frozen=True, kw_only=True):
    """What is staged: the chain (or a zone), what is wrong, and to whom the message goes."""

    mx: str = _TWO
    zone: str = ""
    breaks: tuple[str, ...] = ()
    to: str = "alice"
    more: str = ""
    hosts: tuple[str, ...] = ("mx2: {store: second}",)
    signed: bool = False
    then: str = ""


def _story(what: str, stage: _Stage) -> str:
    chain = (
        f"mx: [{stage.mx}]"
        if not stage.zone
        else "zone: |\n  $TTL 3600\n" + "".join(f"  {row}\n" for row in stage.zone.split("\n"))
    )
    lines = [f"story: {what}", "domain: example.test", chain.rstrip(), "recipients: [alice, bob]"]
    if stage.signed:
        lines.append("signed: true")
    if stage.hosts:
        lines += ["hosts:", *(f"  {host}" for host in stage.hosts)]
    lines += ["senders: [rfc5321]", "steps:"]
    lines += [f"  - {{at: 0m, {one}}}" for one in stage.breaks]
    lines.append(f"  - {{at: 1m, send: letter, to: {stage.to}}}")
    lines += [f"  - {{{one}}}" for one in filter(None, (stage.then,))]
    lines += ["expect:", "  letter: {arrived: mailbox}"]
    return "\n".join(lines) + "\n"


def _break(host: str, fault: str, phase: str = "") -> str:
    return f"break: {host}, with: {fault}" + (f", phase: {phase}" if phase else "")


def _reply(code: int) -> str:
    words = {2: "2.0.0 Go on", 4: "4.3.0 Not now", 5: "5.3.0 Never"}
    return f"{{reply: {code} {words[code // 100]}}}"


_REPLIES = (
    ("banner", (421, 450, 521, 554)),
    ("ehlo", (421, 450, 502, 550)),
    ("starttls", (454, 554)),
    ("mail", (421, 451, 530, 550, 552, 555)),
    ("rcpt", (421, 450, 452, 550, 551)),
    ("data", (421, 451, 554)),
    ("dot", (421, 451, 554)),
)
_SILENT = ("banner", "ehlo", "starttls", "tls", "mail", "rcpt", "data", "dot")
_CLOSED = ("banner", "ehlo", "starttls", "tls", "mail", "rcpt", "data", "body", "dot")
_RESET = ("banner", "ehlo", "mail", "rcpt", "data", "dot")


def _sessions() -> Iterator[Case]:
    """Every reply, silence and end of the connection, at every phase, at the primary."""
    for phase, codes in _REPLIES:
        for code in codes:
            text = _story(f"The primary says {code} at {phase}.", _Stage(breaks=(_break("mx1", _reply(code), phase),)))
            yield Case(name=f"{phase}-{code}", group="replies", text=text)
    for phase in _SILENT:
        text = _story(f"The primary is silent at {phase}.", _Stage(breaks=(_break("mx1", "silence", phase),)))
        yield Case(name=f"{phase}-silent", group="silence", text=text, waits=True)
    for phase in _CLOSED:
        text = _story(f"The primary hangs up at {phase}.", _Stage(breaks=(_break("mx1", "close", phase),)))
        yield Case(name=f"{phase}-closed", group="ends", text=text)
    for phase in _RESET:
        text = _story(f"The primary resets at {phase}.", _Stage(breaks=(_break("mx1", "reset", phase),)))
        yield Case(name=f"{phase}-reset", group="ends", text=text)


def _connections() -> Iterator[Case]:
    for name, fault, waits in (
        ("refused", "tcp-refuse", False),
        ("unanswered", "tcp-black-hole", True),
        ("unreachable", "tcp-unreachable", False),
    ):
        text = _story(f"The primary's connections, {fault}.", _Stage(breaks=(_break("mx1", fault),)))
        yield Case(name=name, group="connections", text=text, waits=waits)
        yield Case(name=f"{name}-again", group="memory", text=_again(fault), waits=waits, rounds=1)
    for name, fault, phase in (
        ("banner-garbage", "garbage", "banner"),
        ("ehlo-garbage", "garbage", "ehlo"),
        ("disk-full", "disk-full", ""),
        ("greylisted", "{greylist: {wait: 5m}}", ""),
        ("too-many-recipients", "{recipient-limit: 1}", ""),
    ):
        to = "[alice, bob]" if name == "too-many-recipients" else "alice"
        text = _story(f"The primary, {name}.", _Stage(breaks=(_break("mx1", fault, phase),), to=to))
        yield Case(name=name, group="hosts", text=text)


def _remembered() -> Iterator[Case]:
    """What a mailer remembers of a primary that speaks."""
    for phase, fault in (
        ("banner", _reply(421)),
        ("banner", _reply(554)),
        ("banner", "close"),
        ("mail", _reply(451)),
        ("rcpt", _reply(450)),
        ("data", _reply(451)),
        ("dot", _reply(451)),
    ):
        name = f"{phase}-{'closed' if fault == 'close' else fault.split()[1]}-again"
        yield Case(name=name, group="memory", text=_again(fault, phase))


def _again(fault: str, phase: str = "") -> str:
    """A second message once the first has gone to the secondary: what the mailer remembers of the primary."""
    then = "when: {message: letter, accepted: mx2}, send: again, to: alice"
    stage = _Stage(breaks=(_break("mx1", fault, phase),), then=then)
    return _story("The primary fails, and a second message comes.", stage) + "  again: {arrived: mailbox}\n"


_BOTH = (
    ("both-refused", "tcp-refuse", "", "tcp-refuse", ""),
    ("both-421", _reply(421), "banner", _reply(421), "banner"),
    ("both-554", _reply(554), "banner", _reply(554), "banner"),
    ("refused-then-554", "tcp-refuse", "", _reply(554), "banner"),
    ("554-then-refused", _reply(554), "banner", "tcp-refuse", ""),
    ("421-then-554", _reply(421), "banner", _reply(554), "banner"),
    ("554-then-421", _reply(554), "banner", _reply(421), "banner"),
    ("refused-then-unknown", "tcp-refuse", "", _reply(550), "rcpt"),
    ("later-then-unknown", _reply(450), "rcpt", _reply(550), "rcpt"),
    ("both-later", _reply(450), "rcpt", _reply(450), "rcpt"),
    ("later-then-refused", _reply(450), "rcpt", "tcp-refuse", ""),
    ("both-no-at-mail", _reply(451), "mail", _reply(550), "mail"),
    ("both-lost-replies", "close", "dot", "close", "dot"),
    ("refused-then-no-hello", "tcp-refuse", "", _reply(550), "ehlo"),
)


def _pairs_by_hand() -> Iterator[Case]:
    for name, first, at_first, second, at_second in _BOTH:
        breaks = (_break("mx1", first, at_first), _break("mx2", second, at_second))
        yield Case(name=name, group="all down", text=_story(f"Both, {name}.", _Stage(breaks=breaks)))


_ZONES = {
    "no-mx": "@ A 192.0.2.30",
    "null-mx": "@ MX 0 .",
    "null-mx-in-company": "@ MX 0 .\n@ MX 10 mx1\nmx1 A 192.0.2.30",
    "dangling-first": "@ MX 10 gone\n@ MX 20 mx2\nmx2 A 192.0.2.31",
    "all-dangling": "@ MX 10 gone\n@ MX 20 lost",
    "alias-first": "@ MX 10 alias\n@ MX 20 mx2\nalias CNAME mx1\nmx1 A 192.0.2.30\nmx2 A 192.0.2.31",
    "mx-and-own-address": "@ A 192.0.2.29\n@ MX 10 mx1\nmx1 A 192.0.2.30",
}
_NAMES = ("dns-servfail", "dns-refused", "dns-nxdomain", "dns-nodata", "dns-timeout", "dns-truncated", "dns-lame")


def _names() -> Iterator[Case]:
    for fault in _NAMES:
        text = _story(f"The names of the domain, {fault}.", _Stage(breaks=(f"break: dns, with: {fault}",)))
        yield Case(name=fault.replace("dns-", "names-"), group="names", text=text, waits=fault == "dns-timeout")
    text = _story("MX records are there, addresses fail.", _Stage(breaks=("break: dns, with: dns-servfail, query: A",)))
    yield Case(name="addresses-servfail", group="names", text=text)
    text = _story(
        "Addresses are there, MX records fail.", _Stage(breaks=("break: dns, with: dns-servfail, query: MX",))
    )
    yield Case(name="mx-servfail", group="names", text=text)
    for name, zone in _ZONES.items():
        hosts = ("mx2: {store: second}",) if "mx2 A" in zone else ()
        yield Case(name=name, group="names", text=_story(f"The zone, {name}.", _Stage(zone=zone, hosts=hosts)))


def _many() -> Iterator[Case]:
    """Several hosts and addresses: equals, long chains, both families."""
    equal = _Stage(mx="10 mx1, 10 mx2, 20 mx3", hosts=("mx3: {store: third}",))
    for name, breaks in (
        ("equal-one-refused", (_break("mx1", "tcp-refuse"),)),
        ("equal-one-554", (_break("mx1", _reply(554), "banner"),)),
        ("equal-both-refused", (_break("mx1", "tcp-refuse"), _break("mx2", "tcp-refuse"))),
        ("equal-both-later", (_break("mx1", _reply(450), "rcpt"), _break("mx2", _reply(450), "rcpt"))),
    ):
        stage = _Stage(mx=equal.mx, hosts=equal.hosts, breaks=breaks)
        yield Case(name=name, group="equals", text=_story(f"Equals, {name}.", stage))
    for dead in (2, 4, 5, 6, 8):
        chain = ", ".join(f"{number}0 mx{number}" for number in range(1, dead + 2))
        refusals = tuple(_break(f"mx{number}", "tcp-refuse") for number in range(1, dead + 1))
        stage = _Stage(mx=chain, breaks=refusals, hosts=(f"mx{dead + 1}: {{store: last}}",))
        yield Case(
            name=f"{dead}-dead-hosts", group="limits", text=_story(f"{dead} hosts refuse, the next does not.", stage)
        )
    for dead in (2, 3, 6):
        chain = ", ".join(f"{number}0 mx{number}" for number in range(1, dead + 2))
        refusals = tuple(_break(f"mx{number}", _reply(451), "mail") for number in range(1, dead + 1))
        stage = _Stage(mx=chain, breaks=refusals, hosts=(f"mx{dead + 1}: {{store: last}}",))
        text = _story(f"{dead} hosts say 451 at mail, the next does not.", stage)
        yield Case(name=f"{dead}-later-hosts", group="limits", text=text)
    for count in (3, 6):
        rows = [f"mx1 A 192.0.2.{40 + number}" for number in range(count)]
        zone = "\n".join(["@ MX 10 mx1", "@ MX 20 mx2", *rows, "mx2 A 192.0.2.60"])
        stage = _Stage(zone=zone, breaks=(_break("mx1", "tcp-refuse"),))
        text = _story(f"The primary has {count} addresses, and all refuse.", stage)
        yield Case(name=f"{count}-dead-addresses", group="limits", text=text)
    yield from _families()


def _families() -> Iterator[Case]:
    zone = "@ MX 10 mx1\n@ MX 20 mx2\nmx1 A 192.0.2.40\nmx1 AAAA 2001:db8::40\nmx2 A 192.0.2.60\nmx2 AAAA 2001:db8::60"
    for name, part, fault in (
        ("ipv6-refused", "mx1/v6", "tcp-refuse"),
        ("ipv4-refused", "mx1/v4", "tcp-refuse"),
        ("both-families-refused", "mx1", "tcp-refuse"),
        ("ipv6-554", "mx1/v6", _reply(554)),
    ):
        phase = "banner" if fault != "tcp-refuse" else ""
        stage = _Stage(zone=zone, breaks=(_break(part, fault, phase),))
        yield Case(name=name, group="families", text=_story(f"Families, {name}.", stage))


_TLS = (
    ("tls-withheld", "{extension-withheld: STARTTLS}", ""),
    ("tls-handshake-garbage", "tls-handshake-failure", ""),
    ("tls-old-version", "{tls-version: 1.0}", ""),
    ("tls-expired", "{certificate: expired}", ""),
    ("tls-wrong-name", "{certificate: wrong-name}", ""),
    ("tls-self-signed", "{certificate: self-signed}", ""),
)


def _tls() -> Iterator[Case]:
    for name, fault, phase in _TLS:
        text = _story(f"TLS at the primary, {name}.", _Stage(breaks=(_break("mx1", fault, phase),)))
        yield Case(name=name, group="tls", text=text)
        if name != "tls-old-version":
            yield Case(name=f"{name}-encrypt", group="tls encrypt", text=text, policy="encrypt")
    for code in (454, 554):
        text = _story(
            f"The primary says {code} at starttls.", _Stage(breaks=(_break("mx1", _reply(code), "starttls"),))
        )
        yield Case(name=f"starttls-{code}-encrypt", group="tls encrypt", text=text, policy="encrypt")
    breaks = tuple(_break(host, "{extension-withheld: STARTTLS}") for host in ("mx1", "mx2"))
    text = _story("Nobody offers TLS.", _Stage(breaks=breaks))
    yield Case(name="tls-nowhere-encrypt", group="tls encrypt", text=text, policy="encrypt")
    breaks = tuple(_break(host, "tls-handshake-failure") for host in ("mx1", "mx2"))
    text = _story("Every handshake fails.", _Stage(breaks=breaks))
    yield Case(name="tls-fails-everywhere", group="tls", text=text)
    for name, fault in (("dane-match", ""), ("dane-mismatch", "{certificate: self-signed}")):
        hosts = ("mx1: {tlsa: 3 1 1}", "mx2: {store: second, tlsa: 3 1 1}")
        breaks = (_break("mx1", fault),) if fault else ()
        text = _story(f"Signed, with TLSA records, {name}.", _Stage(breaks=breaks, hosts=hosts, signed=True))
        yield Case(name=name, group="dane", text=text, policy="dane")


def _recipients() -> Iterator[Case]:
    text = _story("One recipient does not exist.", _Stage(to="[alice, ghost]"))
    yield Case(name="one-unknown", group="recipients", text=text)
    text = _story("Nobody is wrong.", _Stage())
    yield Case(name="healthy", group="recipients", text=text)
    fault = "{reply: 450 4.2.1 Not now}, phase: rcpt, only: first 1"
    text = _story("One recipient shall come later.", _Stage(breaks=(f"break: mx1, with: {fault}",), to="[alice, bob]"))
    yield Case(name="one-later", group="recipients", text=text)


@cache
def suite() -> tuple[Case, ...]:
    """All cases, in their order."""
    parts = (_recipients(), _connections(), _remembered(), _sessions(), _pairs_by_hand(), _names(), _many(), _tls())
    return tuple(case for part in parts for case in part)

"""A week of looks at one domain, five minutes apart, made of looks at the lab's judged domain as it was at each moment.

Nothing in it is drawn: every spell has its first look and its length, and the rest of the week is sound.
"""

from collections.abc import Iterator
from functools import cache

from msgspec.structs import replace

from mxprobe.facts.snapshot import Snapshot
from mxprobe.lab.memory import SynAnswer
from mxprobe.probe.snapshot import ControlHost
from mxprobe.scenario.reaction import CertificateKind
from tests.support.judged import EPOCH, FLAWLESS, MX1, MX2, NS1, NS2, Domain, MailHost, look_at, tlsa_of

LOOKS, STEP = 2016, 300.0
V6 = "2001:503:ba3e::2:30"
CONTROLS = tuple(
    ControlHost(host=host) for host in ("198.97.190.53", "192.112.36.4", "2001:503:c27::2:30", "2001:7fd::1")
)
"""Hosts of others, which do not answer either where the way out is closed."""

REFUSE, DROP = SynAnswer.REFUSE, SynAnswer.DROP

_SOUND = replace(
    FLAWLESS.plus("mx1.example.test", f"AAAA {V6}").named(V6, "PTR mx1.example.test."),
    hosts={**FLAWLESS.hosts, V6: MailHost(name="mx1.example.test")},
)
RENEWAL, OUTAGE, WINDOW, HIJACK = 1200, 1000, 1300, 1500

SPELLS: dict[int, tuple[int, str]] = {
    50: (1, "mx1 refuses"),
    120: (2, "mx1 refuses"),
    150: (2, "names time out"),
    160: (1, "names time out"),
    170: (2, "names fail"),
    300: (1, "mx1 silent"),
    400: (1, "all silent"),
    500: (5, "throttled"),
    600: (12, "blocked here"),
    700: (12, "one address down"),
    800: (1, "mx1 refuses"),
    802: (2, "mx1 silent"),
    805: (1, "mx1 greets later"),
    807: (2, "mx1 refuses"),
    OUTAGE: (2, "mx1 refuses"),
    OUTAGE + 2: (2, "mx1 silent"),
    OUTAGE + 4: (1, "blocked here"),
    OUTAGE + 5: (1, "mx1 silent"),
    OUTAGE + 6: (2, "mx1 greets later"),
    WINDOW + 3: (16, "mx1 refuses"),
    HIJACK: (6, "forged"),
    1700: (24, "mx2 expired"),
}
"""The first look of each spell, how many looks it lasts, and what is so in it."""


def _mx1(domain: Domain, **manners: object) -> Domain:
    return domain.host(MX1, **manners).host(V6, **manners)


def _renewed(domain: Domain) -> Domain:
    """Both hosts have new keys, which their TLSA records promise, and the policy a new id."""
    kind = CertificateKind.NEW_KEY
    for name in ("mx1.example.test", "mx2.example.test"):
        domain = domain.at(f"_25._tcp.{name}", f"TLSA {tlsa_of(name, kind)}", f"TLSA 3 1 1 {'6b' * 32}")
    domain = domain.at("_mta-sts.example.test", 'TXT "v=STSv1; id=20260105"')
    return _mx1(domain, kind=kind).host(MX2, kind=kind)


def _forged(domain: Domain) -> Domain:
    """Who has the DNS account serves the zone from elsewhere, and takes the mail."""
    domain = domain.without("example.test", "MX").without("example.test", "NS ns2")
    domain = domain.plus("example.test", "MX 5 mx9.elsewhere.test.", "NS ns9.elsewhere.test.")
    return domain.beside("mx9.elsewhere.test", f"A {MX2}").beside("ns9.elsewhere.test", f"A {NS2}")


def _domain(name: str, domain: Domain) -> Domain:
    match name:
        case "mx1 refuses":
            return _mx1(domain, syn=REFUSE)
        case "mx1 silent":
            return _mx1(domain, syn=DROP)
        case "mx1 greets later":
            return _mx1(domain, banner="421 4.3.2 shutting down")
        case "all silent" | "blocked here":
            return _mx1(domain, syn=DROP).host(MX2, syn=DROP)
        case "one address down":
            return domain.host(V6, syn=DROP)
        case "throttled":
            return _mx1(domain, banner="421 4.7.0 too many connections").host(
                MX2, banner="421 4.7.0 too many connections"
            )
        case "names time out":
            return replace(domain, silent=frozenset({NS1, NS2}))
        case "names fail":
            return replace(domain, failing=frozenset({"example.test MX"}))
        case "forged":
            return _forged(domain)
        case "records forged":  # the name servers are ours, and somebody has written into the zone
            forged = domain.without("example.test", "MX").plus("example.test", "MX 5 mx9.elsewhere.test.")
            return forged.beside("mx9.elsewhere.test", f"A {MX2}")
        case "one server forged":
            others = [text for text in domain.records["example.test"] if not text.startswith("MX")]
            forged = replace(domain, of_server={NS2: {"example.test": (*others, "MX 5 mx9.elsewhere.test.")}})
            return forged.beside("mx9.elsewhere.test", f"A {MX2}")
        case "mx2 expired":
            return domain.host(MX2, kind=CertificateKind.EXPIRED)
    return domain


@cache
def seen(name: str, renewed: bool = False) -> Snapshot:
    """What a look sees of a state."""
    domain = _renewed(_SOUND) if renewed else _SOUND
    wishes = {"controls": CONTROLS} if name == "blocked here" else {}
    return look_at(_domain(name, domain), **wishes).snapshot


def state_at(number: int) -> str:
    """What is so at a look."""
    for first, (length, name) in SPELLS.items():
        if first <= number < first + length:
            return name
    return "sound"


def at(number: int) -> float:
    """When a look is made."""
    return EPOCH + number * STEP


def stamped(snapshot: Snapshot, number: int) -> Snapshot:
    """The same look at another moment."""
    return replace(snapshot, started_at=at(number))


def week() -> Iterator[Snapshot]:
    """All looks of the week."""
    for number in range(LOOKS):
        yield stamped(seen(state_at(number), number >= RENEWAL), number)

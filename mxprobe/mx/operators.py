"""Who runs an MX host, as far as its name tells: the mailbox providers, the filters and relays in front of them.

Suffixes are those of names that operators tell their customers to publish. A row's evidence is `documented` (the
operator's own pages or templates), `observed` (seen in published zones) or `remembered`; what rests on the last alone
is worth no more than a note.
"""

import re
from enum import StrEnum

from msgspec import Struct

from mxprobe.mx.shared import SHARED, shared_provider


class Role(StrEnum):
    """What becomes of mail at an operator: it goes into mailboxes of its own, or on to somebody."""

    MAILBOX = "mailbox"
    RELAY = "relay"


class Evidence(StrEnum):
    """What a row rests on."""

    DOCUMENTED = "documented"
    OBSERVED = "observed"
    REMEMBERED = "remembered"


class Operator(Struct, frozen=True, kw_only=True):
    """An operator, and what its row rests on."""

    name: str
    role: Role
    evidence: Evidence = Evidence.OBSERVED


_DOCUMENTED = (
    ("aspmx.l.google.com", "Google"),
    ("mail.protection.outlook.com", "Microsoft"),
    ("mx.microsoft", "Microsoft"),
    ("mx.zoho.com", "Zoho"),
    ("messagingengine.com", "Fastmail"),
    ("mail.icloud.com", "Apple"),
    ("mx.yandex.net", "Yandex"),
    ("mail.ovh.net", "OVHcloud"),
    ("privateemail.com", "Namecheap"),
    ("secureserver.net", "GoDaddy"),
    ("titan.email", "Titan"),
    ("hosting.de", "hosting.de"),
)
_OBSERVED = (
    ("google.com", "Google"),
    ("googlemail.com", "Google"),
    ("office365.us", "Microsoft"),
    ("partner.outlook.cn", "Microsoft"),
    ("outlook.com", "Microsoft"),
    ("outlook.de", "Microsoft"),
    ("zoho.com", "Zoho"),
    ("zoho.eu", "Zoho"),
    ("zoho.in", "Zoho"),
    ("zoho.com.au", "Zoho"),
    ("zoho.jp", "Zoho"),
    ("protonmail.ch", "Proton"),
    ("emx.mail.ru", "VK"),
    ("mail.gandi.net", "Gandi"),
    ("emailsrvr.com", "Rackspace"),
    ("tutanota.de", "Tuta"),
    ("mailbox.org", "mailbox.org"),
    ("migadu.com", "Migadu"),
    ("hostinger.com", "Hostinger"),
    ("infomaniak.ch", "Infomaniak"),
    ("purelymail.com", "Purelymail"),
    ("mxrouting.net", "MXroute"),
    ("mxbiz1.qq.com", "Tencent"),
    ("mxbiz2.qq.com", "Tencent"),
    ("qiye.aliyun.com", "Alibaba"),
    ("worksmobile.com", "NAVER"),
)
_REMEMBERED = (("kundenserver.de", "IONOS"), ("your-server.de", "Hetzner"), ("t-online.de", "Deutsche Telekom"))
_RELAYS = (
    ("pphosted.com", "Proofpoint"),
    ("ppe-hosted.com", "Proofpoint"),
    ("mimecast.com", "Mimecast"),
    ("ess.barracudanetworks.com", "Barracuda"),
    ("iphmx.com", "Cisco"),
    ("etd.cisco.com", "Cisco"),
    ("messagelabs.com", "Broadcom"),
    ("trendmicro.com", "Trend Micro"),
    ("trendmicro.eu", "Trend Micro"),
    ("hydra.sophos.com", "Sophos"),
    ("hornetsecurity.com", "Hornetsecurity"),
    ("spamexperts.com", "N-able"),
    ("spamexperts.eu", "N-able"),
    ("spamexperts.net", "N-able"),
    ("antispamcloud.com", "N-able"),
    ("mailspamprotection.com", "SiteGround"),
    ("mx.cloudflare.net", "Cloudflare"),
    ("improvmx.com", "ImprovMX"),
    ("forwardemail.net", "Forward Email"),
    ("registrar-servers.com", "Namecheap forwarding"),
    ("tertiary-mx.co.uk", "Andrews & Arnold"),
    ("amazonaws.com", "Amazon SES"),
    ("mailgun.org", "Mailgun"),
    ("sendgrid.net", "SendGrid"),
)

_TABLE: tuple[tuple[str, Operator], ...] = (
    *((end, Operator(name=name, role=Role.MAILBOX, evidence=Evidence.DOCUMENTED)) for end, name in _DOCUMENTED),
    *((end, Operator(name=name, role=Role.MAILBOX)) for end, name in _OBSERVED),
    *((end, Operator(name=name, role=Role.MAILBOX, evidence=Evidence.REMEMBERED)) for end, name in _REMEMBERED),
    *((end, Operator(name=name, role=Role.RELAY)) for end, name in _RELAYS),
)

_SINGLE = re.compile(
    r"smtp\.google\.com|.+\.mail\.protection\.outlook\.com|.+\.mx\.microsoft|inbound-smtp\.[a-z0-9-]+\.amazonaws\.com"
    r"|inbound\.postmarkapp\.com|mail\.tutanota\.de|mx\.yandex\.net|emx\.mail\.ru|mta-gw\.infomaniak\.ch"
    r"|.+\.in\.tmes\.trendmicro\.(?:com|eu)|smtp-fwd\.wordpress\.com"
)
"""Names behind which a provider has many machines, and which it tells its customers to publish alone."""

_FALLBACK = re.compile(r"(?:^|[-_\d])(?:backup|fallback|fb|secondary|mx-?bak|mxbackup|fallbackmx|lastmx)(?=$|[-_\d])")
"""A label that calls its host a backup."""

_FALLBACKS = (r"fb\.mail\.gandi\.net", r"fallbackmx\.spamexperts\.eu", r"lastmx\.spamexperts\.net")
_NUMBERS_MEAN_NOTHING = ("mx.cloudflare.net",)
"""Whose preferences are drawn, and tell no order."""


def operator_of(host: str) -> Operator | None:
    """Whose host it is; None for a host that is nobody's we know. The row with the longest end counts."""
    fitting = ((end, operator) for end, operator in _TABLE if host == end or host.endswith(f".{end}"))
    return max(fitting, key=lambda row: len(row[0]), default=(None, None))[1]


def provider_of(host: str) -> str | None:
    """Whose host it is that many domains share, by either table; None for a host that is nobody's we know."""
    known = operator_of(host)
    return shared_provider(host) or (known.name if known is not None else None)


def stands_for_many(host: str) -> bool:
    """Whether an operator documents this one name as all that a domain needs."""
    return _SINGLE.fullmatch(host) is not None


def is_named_fallback(host: str, domain: str) -> bool:
    """Whether a host is called a backup: by its operator's pages, or by a label of its own name.

    What was registered is no label of the host: `mx1.backup-experts.example` is called nothing.
    """
    if any(host.endswith(f".{end}") for end in _NUMBERS_MEAN_NOTHING):
        return False
    if any(re.fullmatch(pattern, host) for pattern in _FALLBACKS):
        return True
    own = host.removesuffix(f".{domain}").split(".") if host.endswith(f".{domain}") else host.split(".")[:-2]
    return any(_FALLBACK.search(label) for label in own)


def has_order(host: str) -> bool:
    """Whether the preference of a host means an order to whoever runs it."""
    return not any(host.endswith(f".{end}") for end in _NUMBERS_MEAN_NOTHING)


def provider_names() -> tuple[str, ...]:
    """Every name that `provider_of` gives."""
    return tuple(sorted({name for _, name in SHARED} | {operator.name for _, operator in _TABLE}))

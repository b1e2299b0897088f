"""Operators of mail hosts by their MX names: who also sends for its customers, and who only takes mail in for them.

The names and includes are those that the operators document, or that are seen in public use, as of VERIFIED; an
operator of whom we only remember an include is left out.
"""

from msgspec import Struct

VERIFIED = "2026-11"
"""When the tables were last compared with their sources."""


class Sending(Struct, frozen=True):
    """An operator of mailboxes that also sends: ends of its MX names, and the SPF domains of which one is expected."""

    name: str
    suffixes: tuple[str, ...]
    includes: tuple[str, ...]


SENDING: tuple[Sending, ...] = (
    Sending("Google", ("smtp.google.com", "aspmx.l.google.com", "googlemail.com"), ("_spf.google.com",)),
    Sending("Microsoft", ("mail.protection.outlook.com", "mx.microsoft"), ("spf.protection.outlook.com",)),
    Sending("Zoho", ("zoho.com", "zoho.eu", "zoho.in"), ("zoho.com", "zoho.eu", "zoho.in", "zohomail.com")),
    Sending("Fastmail", ("messagingengine.com",), ("spf.messagingengine.com",)),
    Sending("Proton", ("protonmail.ch",), ("_spf.protonmail.ch",)),
    Sending("Apple", ("mail.icloud.com",), ("icloud.com",)),
    Sending("Yandex", ("mx.yandex.net",), ("_spf.yandex.net",)),
    Sending("VK", ("emx.mail.ru",), ("_spf.mail.ru",)),
    Sending(
        "IONOS",
        ("ionos.com", "ionos.de", "ionos.co.uk", "ionos.fr", "ionos.es"),
        ("_spf-eu.ionos.com", "_spf-us.ionos.com"),
    ),
    Sending("OVHcloud", ("mail.ovh.net",), ("mx.ovh.com",)),
    Sending("Gandi", ("mail.gandi.net",), ("_mailcust.gandi.net",)),
    Sending("Rackspace", ("emailsrvr.com",), ("emailsrvr.com",)),
    Sending("Tuta", ("tutanota.de",), ("spf.tutanota.de",)),
    Sending("mailbox.org", ("mailbox.org",), ("mailbox.org",)),
    Sending("Migadu", ("migadu.com",), ("spf.migadu.com",)),
    Sending("Namecheap", ("privateemail.com",), ("spf.privateemail.com",)),
    Sending("GoDaddy", ("secureserver.net",), ("secureserver.net",)),
    Sending("Titan", ("titan.email", "flockmail.com"), ("spf.titan.email", "spf.flockmail.com")),
    Sending("Hostinger", ("hostinger.com",), ("_spf.mail.hostinger.com",)),
    Sending("Infomaniak", ("infomaniak.ch",), ("spf.infomaniak.ch",)),
    Sending("MXroute", ("mxrouting.net",), ("mxroute.com", "mxlogin.com")),
    Sending("Tencent", ("mxbiz1.qq.com", "mxbiz2.qq.com"), ("spf.mail.qq.com",)),
    Sending("Alibaba", ("qiye.aliyun.com",), ("spf.qiye.aliyun.com",)),
    Sending("NAVER WORKS", ("worksmobile.com",), ("spf.worksmobile.com",)),
)
"""Operators whose customers' mail normally leaves from them, too."""

INBOUND: tuple[tuple[str, str], ...] = (
    ("pphosted.com", "Proofpoint"),
    ("ppe-hosted.com", "Proofpoint"),
    ("mimecast.com", "Mimecast"),
    ("ess.barracudanetworks.com", "Barracuda"),
    ("iphmx.com", "Cisco"),
    ("etd.cisco.com", "Cisco"),
    ("messagelabs.com", "Broadcom"),
    ("in.tmes.trendmicro.com", "Trend Micro"),
    ("in.tmes.trendmicro.eu", "Trend Micro"),
    ("in.hes.trendmicro.com", "Trend Micro"),
    ("in.hes.trendmicro.eu", "Trend Micro"),
    ("prod.hydra.sophos.com", "Sophos"),
    ("hornetsecurity.com", "Hornetsecurity"),
    ("mx.spamexperts.com", "SpamExperts"),
    ("fallbackmx.spamexperts.eu", "SpamExperts"),
    ("lastmx.spamexperts.net", "SpamExperts"),
    ("mailspamprotection.com", "SiteGround"),
    ("mx.cloudflare.net", "Cloudflare"),
    ("improvmx.com", "ImprovMX"),
)
"""The end of an MX name, and whose gateway or forwarder it is: mail goes in there, and leaves from elsewhere."""


def sending_operator(host: str) -> Sending | None:
    """The operator of an MX host that also sends; None for any other host."""
    return next((one for one in SENDING if any(is_below(host, suffix) for suffix in one.suffixes)), None)


def inbound_operator(host: str) -> str | None:
    """Whose gateway or forwarder an MX host is; None for any other host."""
    return next((whose for suffix, whose in INBOUND if is_below(host, suffix)), None)


def is_below(name: str, domain: str) -> bool:
    """Whether a name is a domain, or lies in it."""
    bare = name.rstrip(".").lower()
    return bare == domain or bare.endswith(f".{domain}")

"""Mail hosts that many domains share: large providers, who count and punish what looks like a search for recipients.

The suffixes are those of MX names that the providers tell their customers to publish.
"""

SHARED: tuple[tuple[str, str], ...] = (
    ("google.com", "Google"),
    ("googlemail.com", "Google"),
    ("outlook.com", "Microsoft"),
    ("outlook.de", "Microsoft"),
    ("office365.us", "Microsoft"),
    ("partner.outlook.cn", "Microsoft"),
    ("mx.microsoft", "Microsoft"),
    ("yahoodns.net", "Yahoo"),
    ("icloud.com", "Apple"),
    ("messagingengine.com", "Fastmail"),
    ("zoho.com", "Zoho"),
    ("zoho.eu", "Zoho"),
    ("zoho.in", "Zoho"),
    ("zoho.com.au", "Zoho"),
    ("zoho.jp", "Zoho"),
    ("protonmail.ch", "Proton"),
    ("yandex.net", "Yandex"),
    ("yandex.ru", "Yandex"),
    ("mail.ru", "VK"),
    ("gmx.net", "GMX"),
    ("pphosted.com", "Proofpoint"),
    ("ppe-hosted.com", "Proofpoint"),
    ("mimecast.com", "Mimecast"),
    ("messagelabs.com", "Broadcom"),
    ("ovh.net", "OVHcloud"),
    ("kundenserver.de", "IONOS"),
    ("emailsrvr.com", "Rackspace"),
    ("secureserver.net", "GoDaddy"),
    ("qq.com", "Tencent"),
    ("mx.cloudflare.net", "Cloudflare"),
)
"""The end of an MX name, and whose it is."""

DEFERRING: tuple[tuple[str, str], ...] = (
    (r"cluster\d+a\.[a-z0-9-]+\.messagelabs\.com", "Symantec Email Security.cloud"),
    (r"tertiary-mx\.co\.uk", "Andrews & Arnold"),
)
"""MX names (as patterns) of backups that are documented to say 4yz while the primary is up, and whose they are."""


def shared_provider(host: str) -> str | None:
    """Whose shared host it is; None for a host that is nobody's we know."""
    name = host.rstrip(".").lower()
    return next((whose for suffix, whose in SHARED if name == suffix or name.endswith(f".{suffix}")), None)

"""Who runs an MX host, as far as its name tells: the five hosts of one provider are one service, with one mailbox."""

_COUNTRY = 2
_UNDER_COUNTRIES = frozenset({"ac", "co", "com", "edu", "gob", "gov", "gv", "ne", "net", "or", "org"})
"""Second labels that many country domains sell names under."""

_SAME = {
    "googlemail.com": "google.com",
    "mx.microsoft": "outlook.com",
    "spamexperts.eu": "spamexperts.com",
    "spamexperts.net": "spamexperts.com",
}
"""Domains of one operator, by the one that stands for it."""


def operator_of(host: str, domain: str) -> str:
    """The domain of whoever runs a host: the owner's own for hosts in it, else what was registered for the host."""
    if is_inside(host, domain):
        return domain
    labels = host.split(".")
    deep = len(labels) > _COUNTRY and len(labels[-1]) == _COUNTRY and labels[-2] in _UNDER_COUNTRIES
    registered = ".".join(labels[-3 if deep else -2 :])
    return _SAME.get(registered, registered)


def is_one_service(one: str, other: str, domain: str) -> bool:
    """Whether two hosts are one provider's, and so keep mail in one mailbox. The owner's own hosts are told apart."""
    operator = operator_of(one, domain)
    return operator != domain and operator == operator_of(other, domain)


def is_inside(name: str, domain: str) -> bool:
    """Whether a name is the domain or lies in it."""
    return name == domain or name.endswith(f".{domain}")

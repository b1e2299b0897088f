"""Those who are looked at can see who looks: the probe description file, and what is missing to it.

A host that is dialled sees an address, and reads a name in EHLO. Either leads to a file that says who looks, why, and
how to be left out: https://NAME/.well-known/probing.txt. This is attribution out of band: the name is meant to be that
of the address (its PTR record), of which RFC 9511 §3 makes the place of the file. In band (RFC 9511 §4) is for packets
whose content has no structure. In SMTP it would be a command that no sender says, such as NOOP with the place of the
file; there are hosts that count these against a client, and then the mark is what is measured. So nothing is added to
a session but the name, which has to be said anyway. The envelope sender stays empty unless one is named, since hosts
judge it by SPF; and where recipients are asked about, the domain has allowed it and knows.

To be left out there is the contact and `--exclude`. No DNS record is read for it: of domains that are not asked about
recipients it would cost a query each, and a host that many domains share is not one domain's to take out.

Standards: RFC 9511 §2.2 (the file), RFC 9116 §2.5, §4 (its form and fields).
"""

from datetime import UTC, datetime

from msgspec import Struct

from mxprobe.facts.survey import Depth

PATH = "/.well-known/probing.txt"
"""Where the file lies (RFC 9511 §8)."""

_DAYS = 90
_LONGEST_URI = 500

_DIALS = "It connects to port 25 of MX hosts, in one session an address, again only where that failed;"

_SAID = {
    Depth.DNS: "It asks name servers alone.",
    Depth.CONNECT: f"{_DIALS} reads the greeting, and quits.",
    Depth.EHLO: f"{_DIALS} says EHLO, and quits.",
    Depth.TLS: f"{_DIALS} says EHLO and STARTTLS, reads the certificate, and quits.",
    Depth.RCPT: f"{_DIALS} says EHLO and STARTTLS, reads the certificate, asks about recipients (MAIL, RCPT) where "
    "the domain allows it, and quits.",
}


class Signpost(Struct, frozen=True, kw_only=True):
    """What leads to whoever looks: the `name` said in EHLO, and the `contact`, an address or an https URL."""

    name: str
    contact: str
    depth: Depth

    @property
    def uri(self) -> str:
        """Where the file is to be served (RFC 9511 §2.1)."""
        return f"https://{self.name}{PATH}"


class NoContact(ValueError):
    """A text that is no contact; the message says why, in words for the person who typed it."""


def contact_uri(contact: str) -> str:
    """The contact as a URI (RFC 9116 §2.5.3): an address becomes a mailto, an https URL stays. Raises NoContact."""
    text = contact.strip()
    if not text.isascii() or not text.isprintable() or " " in text or len(text) > _LONGEST_URI:
        raise NoContact("it has blanks, characters beyond ASCII, or is too long")
    lower = text.lower()
    if lower.startswith("https://") and "." in text[8:]:
        return text
    if lower.startswith("http://"):
        raise NoContact("a page for a contact is served over https")
    address = text[7:] if lower.startswith("mailto:") else text
    local, at, domain = address.rpartition("@")
    if not at or not local or "." not in domain or ":" in domain or "/" in domain:
        raise NoContact("it is neither an address nor an https URL")
    return f"mailto:{address}"


def render_probing_txt(signpost: Signpost, now: float) -> str:
    """The probe description file, valid for 90 days from `now` (seconds since 1970 UTC). Raises NoContact."""
    expires = datetime.fromtimestamp(now + _DAYS * 86400, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return "\n".join(
        (
            f"# Serve this as {signpost.uri}, in UTF-8, as text/plain.",
            f"# The addresses that are dialled from should have {signpost.name} as their name (PTR).",
            f"Canonical: {signpost.uri}",
            f"Contact: {contact_uri(signpost.contact)}",
            f"Expires: {expires}",
            "Preferred-Languages: en",
            f"Description: {describe(signpost)}",
            "",
        )
    )


def describe(signpost: Signpost) -> str:
    """What is done to whom, and how it is stopped, in one line (RFC 9511 §2.2)."""
    return (
        f"A survey of mail hosts with mxprobe: do they answer, do they offer TLS, is there a backup. "
        f"{_SAID[signpost.depth]} No mail is sent and no login is tried. EHLO says {signpost.name}. "
        "To be left out, write to the contact with your domain, host names or addresses."
    )

"""What a validator trusts to begin with: the keys of the root, by their digests.

The two are KSK-2017 (tag 20326) and KSK-2024 (tag 38696), as IANA publishes them
(data.iana.org/root-anchors/root-anchors.xml; Debian's dns-root-data has the same).

Standards: RFC 4033 §3.1, RFC 9718 (how the root's are published).
"""

import dns.dnssec
import dns.exception
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.zonefile
from dns.dnssectypes import DSDigest

ROOT_ANCHOR = (
    "20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
    "38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
)

_KINDS = (dns.rdatatype.DS, dns.rdatatype.DNSKEY)


class NoAnchor(ValueError):
    """A text that has no keys of a root; says what is the matter with it."""


def read_anchor(text: str) -> tuple[str, ...]:
    """The root's DS records, as text, of DS and DNSKEY records in the form of a zone file. Raises NoAnchor."""
    try:
        rrsets = dns.zonefile.read_rrsets(text, default_ttl=0, origin=dns.name.root, relativize=False, rdclass=None)
        found: list[str] = []
        for rrset in rrsets:
            if rrset.name != dns.name.root or rrset.rdtype not in _KINDS:
                raise NoAnchor(f"{rrset.name} {dns.rdatatype.to_text(rrset.rdtype)} is no key of the root")
            for record in rrset:
                if rrset.rdtype == dns.rdatatype.DNSKEY:
                    record = dns.dnssec.make_ds(dns.name.root, record, DSDigest.SHA256)
                found.append(record.to_text())
    except (dns.exception.DNSException, ValueError) as error:
        raise NoAnchor(str(error)) from error
    if not found:
        raise NoAnchor("it has no record at all")
    return tuple(found)

"""What a validator trusts to begin with is the root's, or a file that says so."""

import dns.dnssec
import dns.name
import dns.rdata
import pytest

from mxprobe.mx.anchors import ROOT_ANCHOR, NoAnchor, read_anchor
from mxprobe.mx.signatures import read_digest

DS = f". 86400 IN DS {ROOT_ANCHOR[0]}\n"
KEY = "257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4="


def test_the_roots_keys_are_those_of_2017_and_2024_and_can_be_followed() -> None:
    assert [read_digest(text).key_tag for text in ROOT_ANCHOR] == [20326, 38696]
    assert {(read_digest(text).algorithm, read_digest(text).digest_type) for text in ROOT_ANCHOR} == {(8, 2)}
    assert {len(read_digest(text).digest) for text in ROOT_ANCHOR} == {32}


@pytest.mark.parametrize("text", [DS, f". IN DS {ROOT_ANCHOR[0]}", f"; the root\n@ DS {ROOT_ANCHOR[0].lower()}\n"])
def test_digests_are_read_in_the_form_of_a_zone_file(text: str) -> None:
    assert [read_digest(one) for one in read_anchor(text)] == [read_digest(ROOT_ANCHOR[0])]


def test_a_key_stands_for_its_digest() -> None:
    key = dns.rdata.from_text("IN", "DNSKEY", KEY)

    assert read_anchor(f". IN DNSKEY {KEY}\n") == (dns.dnssec.make_ds(dns.name.root, key, "SHA256").to_text(),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no record at all"),
        ("; nothing\n", "no record at all"),
        (f"example.test. IN DS {ROOT_ANCHOR[0]}", "example.test. DS is no key of the root"),
        (". IN A 192.0.2.1", "A is no key of the root"),
        (". IN DS 20326 8 2 E0", "."),
        (". IN DS", "."),
        ("\0\1\2", "."),
        ("$INCLUDE /etc/passwd\n", "."),
        ("$GENERATE 1-1000000 $ DS 1 8 2 00\n", "."),
    ],
)
def test_what_is_no_anchor_is_refused(text: str, words: str) -> None:
    with pytest.raises(NoAnchor, match=words):
        read_anchor(text)

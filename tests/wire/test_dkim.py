"""Messages are signed so that others can verify them, and keys are looked at before."""

import base64
from pathlib import Path

import dkim  # type: ignore[import-untyped]  # it has no types
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from mxprobe.errors import InputError
from mxprobe.wire.dkim import Signer

MESSAGE = b"From: a <a@probe.test>\r\nTo: b@kept.test\r\nSubject: x\r\n\r\nhello\r\n"


def write_key(path: Path, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> Path:
    """The key as PEM."""
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    return path


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    """A signer with a key of its own."""
    return Signer("probe.test", "k", write_key(tmp_path / "key.pem", rsa.generate_private_key(65537, 2048)))


def test_what_it_signs_verifies_with_what_it_publishes(signer: Signer) -> None:
    def answer(name: bytes, timeout: float = 5) -> bytes:
        assert name.rstrip(b".") == b"k._domainkey.probe.test"
        return signer.record.encode()

    signed = signer.sign(MESSAGE)

    assert signed.endswith(MESSAGE)
    assert dkim.verify(signed, dnsfunc=answer)
    assert not dkim.verify(signed.replace(b"hello", b"hallo"), dnsfunc=answer)


def test_a_key_is_found_among_the_records_of_its_name(signer: Signer) -> None:
    assert signer.is_published_in(["v=spf1 -all", signer.record])
    assert signer.is_published_in([signer.record.replace("p=", "t=s ; p= ")])
    assert not signer.is_published_in(["v=DKIM1; p=" + base64.b64encode(b"another").decode(), "v=DKIM1; p=", "p=???"])


@pytest.mark.parametrize(
    ("what", "words"),
    [(b"nothing", "private key in PEM"), (None, "cannot be read"), (b"EC", "needs an RSA key of 1024 bits")],
)
def test_a_key_that_cannot_sign_is_refused(tmp_path: Path, what: bytes | None, words: str) -> None:
    path = tmp_path / "key.pem"
    if what == b"EC":
        write_key(path, ec.generate_private_key(ec.SECP256R1()))
    elif what is not None:
        path.write_bytes(what)

    with pytest.raises(InputError, match=words):
        Signer("probe.test", "k", path)

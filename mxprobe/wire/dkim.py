"""Signs a message with DKIM, by dkimpy.

Standards: RFC 6376 §3.5 (the field), §3.6.1 (the key in the DNS), §5.4 (what is signed).
"""

import base64
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from mxprobe.errors import InputError, Place

_SIGNED = (b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Auto-Submitted", b"Content-Type", b"MIME-Version")
_FEWEST_BITS = 1024


class Signer:
    """Signs for `domain` with the key in a PEM file, whose public half stands at `selector`. Raises InputError."""

    def __init__(self, domain: str, selector: str, path: Path) -> None:
        self.domain, self.selector = domain, selector
        self._key = _read_key(path)

    @property
    def record_name(self) -> str:
        """Where the public key has to stand."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        """What has to stand there."""
        return f"v=DKIM1; k=rsa; p={base64.b64encode(self._public()).decode()}"

    def is_published_in(self, texts: Sequence[str]) -> bool:
        """Whether one of the TXT records there holds the key."""
        return any(_key_in(text) == self._public() for text in texts)

    def sign(self, content: bytes) -> bytes:
        """The message with a signature on top. Raises InputError for a key too short to sign with."""
        import dkim  # type: ignore[import-untyped]  # it has no types

        pem = self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        field = dkim.sign(
            content,
            self.selector.encode(),
            self.domain.encode(),
            pem,
            canonicalize=(b"relaxed", b"simple"),
            include_headers=list(_SIGNED),
        )
        return bytes(field) + content

    def _public(self) -> bytes:
        return self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )


def _read_key(path: Path) -> RSAPrivateKey:
    place = Place(str(path))
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise InputError(f"the key cannot be read: {error.strerror}", place=place) from error
    except (ValueError, TypeError) as error:
        raise InputError("--dkim-key names a private key in PEM without a password", place=place) from error
    if not isinstance(key, RSAPrivateKey) or key.key_size < _FEWEST_BITS:
        raise InputError(f"--dkim-key needs an RSA key of {_FEWEST_BITS} bits or more", place=place)
    return key


def _key_in(text: str) -> bytes | None:
    """The public key of a record; None where there is none that can be read."""
    for tag in text.split(";"):
        name, _, value = tag.partition("=")
        if name.strip() == "p":
            try:
                return base64.b64decode("".join(value.split()), validate=True)
            except ValueError:
                return None
    return None

"""Bytes that are no text: certificates, digests. They are kept whole where the bytes that a host said are masked."""

from typing import Annotated, Final

BINARY: Final = "binary octets"
"""Marks a field of a fact for the codec."""

Octets = Annotated[bytes, BINARY]

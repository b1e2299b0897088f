"""What is kept whole where what people and hosts said is masked: certificates, digests, and lines to be pasted."""

from typing import Annotated, Final

WHOLE: Final = "kept whole"
"""Marks a field of a fact for the codec."""

Octets = Annotated[bytes, WHOLE]
"""Bytes that are no text."""

Pasted = Annotated[tuple[str, ...], WHOLE]
"""Lines of our own that somebody copies as they stand."""

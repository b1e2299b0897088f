"""Facts to JSON and back. The JSON form is a promise: it carries a schema number, and floats keep six digits."""

from typing import Any, TypeVar

import msgspec

from mxprobe.facts.text import mask, mask_bytes

T = TypeVar("T")


def encode(fact: Any) -> bytes:
    """`fact` as compact JSON; raw bytes as base64."""
    return msgspec.json.encode(fact)


def decode(data: bytes, kind: type[T]) -> T:
    """The fact in `data`. Raises msgspec.ValidationError or msgspec.DecodeError, naming the path."""
    return msgspec.json.decode(data, type=kind)


def masked(fact: T) -> T:
    """`fact` with every local part of a mail address cut short, in text and in raw bytes alike."""
    return _mask_value(fact)  # type: ignore[no-any-return]


def _mask_value(value: Any) -> Any:
    if isinstance(value, str):
        # An enum member is one of our own words, and has no address in it.
        return value if type(value) is not str else mask(value)
    if isinstance(value, bytes):
        return mask_bytes(value)
    if isinstance(value, tuple):
        return tuple(_mask_value(item) for item in value)
    if isinstance(value, msgspec.Struct):
        fields = {name: _mask_value(getattr(value, name)) for name in value.__struct_fields__}
        return type(value)(**fields)
    return value

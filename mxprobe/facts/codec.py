"""Facts to JSON and back. The JSON form is a promise: it carries a schema number, and floats keep six digits."""

from functools import cache
from operator import is_not
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec
from msgspec.structs import replace

from mxprobe.facts.octets import WHOLE
from mxprobe.facts.text import mask, mask_bytes

T = TypeVar("T")


def encode(fact: Any) -> bytes:
    """`fact` as compact JSON; raw bytes as base64."""
    return msgspec.json.encode(fact)


def decode(data: bytes, kind: type[T]) -> T:
    """The fact in `data`. Raises msgspec.ValidationError or msgspec.DecodeError, naming the path."""
    return msgspec.json.decode(data, type=kind)


def masked(fact: T) -> T:
    """`fact` with every local part of a mail address cut short, in text and in what was said, raw or not;
    the fact itself where there is none.

    Fields of `Octets` and `Pasted` stay as they are: a certificate with one octet changed is another one, and a record
    that was pasted with a masked address sends reports nowhere.
    """
    return _mask_value(fact)  # type: ignore[no-any-return]


def _mask_value(value: Any) -> Any:
    if isinstance(value, str):
        # An enum member is one of our own words, and has no address in it.
        return value if type(value) is not str else mask(value)
    if isinstance(value, bytes):
        return mask_bytes(value)
    if isinstance(value, tuple):
        items = tuple(_mask_value(item) for item in value)
        return items if any(map(is_not, items, value)) else value
    if isinstance(value, msgspec.Struct):
        changed = {}
        for name in _open_fields(type(value)):
            one = getattr(value, name)
            other = _mask_value(one)
            if other is not one:
                changed[name] = other
        return replace(value, **changed) if changed else value
    return value


@cache
def _open_fields(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """The fields of a fact that are not kept whole."""
    hints = get_type_hints(kind, include_extras=True)
    return tuple(name for name in kind.__struct_fields__ if WHOLE not in get_args(hints.get(name)))

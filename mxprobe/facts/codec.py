"""Facts to JSON and back. The JSON form is a promise: it carries a schema number, and floats keep six digits."""

from collections.abc import Callable
from enum import Enum
from operator import is_not
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

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
    return _way_for(type(fact))(fact)  # type: ignore[no-any-return]


def _way_for(kind: type[Any]) -> Callable[[Any], Any]:
    way = _WAYS.get(kind)
    if way is None:
        way = _WAYS[kind] = _find_way(kind)
    return way


_WAYS: dict[type[Any], Callable[[Any], Any]] = {}


def _find_way(kind: type[Any]) -> Callable[[Any], Any]:
    """How values of a type are masked. An enum member is one of our own words, and has no address in it."""
    if kind is str:
        return mask
    if issubclass(kind, bytes):
        return mask_bytes
    if issubclass(kind, tuple):
        return _mask_items
    return _way_for_struct(kind) if issubclass(kind, msgspec.Struct) else _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _mask_items(items: tuple[Any, ...]) -> tuple[Any, ...]:
    others = tuple([_way_for(type(item))(item) for item in items])
    return others if any(map(is_not, others, items)) else items


def _way_for_struct(kind: type[msgspec.Struct]) -> Callable[[Any], Any]:
    names = _open_fields(kind)

    def mask_fields(value: Any) -> Any:
        changed = {}
        for name in names:
            one = getattr(value, name)
            if one is not None and (other := _way_for(type(one))(one)) is not one:
                changed[name] = other
        return replace(value, **changed) if changed else value

    return mask_fields


def _open_fields(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """The fields of a fact that are not kept whole, and may have text in them."""
    hints = get_type_hints(kind, include_extras=True)
    return tuple(name for name in kind.__struct_fields__ if _may_have_text(hints.get(name)))


def _may_have_text(hint: Any) -> bool:
    """Whether a value of a type may have to be masked: numbers and our own words never do."""
    if WHOLE in get_args(hint):
        return False
    if get_origin(hint) in (Union, UnionType, tuple):
        return any(_may_have_text(one) for one in get_args(hint))
    return hint is not Ellipsis and not (isinstance(hint, type) and issubclass(hint, (Enum, float, int, NoneType)))

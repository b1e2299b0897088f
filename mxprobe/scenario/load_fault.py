"""Reads one use of a fault: its name and settings, where it strikes and how often."""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

import msgspec
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from mxprobe.facts.dns import RecordType
from mxprobe.facts.smtp import Phase
from mxprobe.scenario.document import Reader, read_document
from mxprobe.scenario.faults import FAULTS
from mxprobe.scenario.faults.fault import About, Fault, FaultUse, Octets, Often, Only, Per, ReplyText

WHERE_KEYS = ("phase", "query", "only")
_PHASES = {phase.value: phase for phase in Phase if phase not in (Phase.HELO, Phase.RSET, Phase.QUIT)}
_QUERIES = {rrtype.value: rrtype for rrtype in RecordType}
_ONLY = re.compile(r"(?:(first|after) (\d+)|(every) (\d+)(?:st|nd|rd|th))(?: per (session|message))?\Z")
_ODDS = re.compile(r"1 in (\d+)\Z")
_REPLY = re.compile(r"[2-5]\d\d(?:[ \n].*)?\Z", re.DOTALL)
_NO_SESSION = (None, Phase.CONNECT)
_NO_MESSAGE = (*_NO_SESSION, Phase.BANNER, Phase.EHLO, Phase.STARTTLS, Phase.TLS)

HostOf = Callable[[Node], str]


def read_use(reader: Reader, node: Node, where: Mapping[str, Node], host_of: HostOf) -> FaultUse:
    """The fault that `with` (or `always`) names. `where` holds phase, query and only; `always` has them inside."""
    table = {fault.NAME: fault for fault in FAULTS}
    if isinstance(node, ScalarNode):
        kind, settings = reader.choice(node, table, "fault"), None
    else:
        entries = reader.entries(node, (*table, *(WHERE_KEYS if not where else ())), "a fault")
        names = [name for name in entries if name in table]
        if len(names) != 1:
            reader.document.refuse(node, "exactly one fault has to stand here")
        kind, settings = table[names[0]], entries[names[0]]
        where = where or entries
    fault = _read_settings(reader, kind, node, settings, host_of)
    phase = reader.choice(where["phase"], _PHASES, "phase") if "phase" in where else kind.PHASE
    if kind.EMPTIES and (strange := next((word for word in WHERE_KEYS if word in where), None)):
        reader.document.refuse(where[strange], f"`{kind.NAME}` happens once, when its step comes: no `{strange}`")
    if phase is None and kind.ABOUT is About.HOSTS and not kind.EMPTIES:
        known = ", ".join(_PHASES)
        reader.document.refuse(node, f"`{kind.NAME}` has to be told where: add a phase", hint=f"Phases: {known}.")
    if "phase" in where and fault.cell(phase) is None:
        reader.document.refuse(where["phase"], f"`{kind.NAME}` cannot strike in the phase `{phase}`")
    query = reader.choice(where["query"], _QUERIES, "record type") if "query" in where else None
    only = _read_only(reader, where["only"], phase) if "only" in where else Only()
    return FaultUse(fault=fault, phase=phase, query=query, only=only)


def read_fault(text: str, phase: str | None, host_of: Callable[[str], str]) -> FaultUse:
    """The fault that a word or a mapping stands for, as it would behind `with`: `tcp-refuse`, `{reply: 451 later}`.

    Raises InputError.
    """
    where = f", phase: {phase}" if phase else ""
    document, root = read_document(f"{{with: {text}{where}}}", "fault")
    reader = Reader(document)
    entries = reader.entries(root, ("with", "phase"), "a fault")
    return read_use(reader, entries["with"], entries, lambda node: host_of(reader.text(node)))


def _read_settings(reader: Reader, kind: type[Fault], at: Node, settings: Node | None, host_of: HostOf) -> Fault:
    """The fault with its settings: a mapping of them, or the one that may stand alone."""
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    if isinstance(settings, MappingNode):
        entries = dict(reader.entries(settings, fields, f"`{kind.NAME}`"))
    elif settings is not None and kind.SHORT is not None:
        entries = {kind.SHORT: settings}
    else:
        entries = {}
    missing = [name for name, field in fields.items() if field.required and name not in entries]
    if missing:
        reader.document.refuse(at, f"`{kind.NAME}` needs `{missing[0]}`: {{{kind.NAME}: {{{missing[0]}: ...}}}}")
    values = {name: _value(reader, fields[name], value, host_of) for name, value in entries.items()}
    return kind(**values)


def _value(reader: Reader, field: msgspec.structs.FieldInfo, node: Node, host_of: HostOf) -> Any:
    """A setting of the type that the fault's field has."""
    kind = field.type
    if kind is float:
        return reader.duration(node)
    if kind is bool:
        return reader.truth(node)
    if kind is int:
        return reader.number(node)
    if kind is Octets:
        return reader.size(node)
    if kind is ReplyText:
        return _read_reply(reader, node)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return reader.choice(node, {member.value: member for member in kind}, field.name)
    if kind is str:
        return reader.text(node)
    return tuple(host_of(item) for item in reader.one_or_more(node))


def _read_reply(reader: Reader, node: Node) -> str:
    text = reader.text(node)
    if not _REPLY.match(text):
        reader.document.refuse(node, "a reply begins with a code from 200 to 599: 451 4.7.1 later")
    return text


def _read_only(reader: Reader, node: Node, phase: Phase | None) -> Only:
    """How often a fault strikes that is met in `phase`."""
    text = reader.text(node)
    match, odds = _ONLY.match(text), _ODDS.match(text)
    if match is not None:
        word, count, per = match[1] or match[3], int(match[2] or match[4]), Per(match[5] or "host")
    elif odds is not None:
        word, count, per = "odds", int(odds[1]), Per.HOST
    else:
        hint = "Behind the first three: per session, or per message."
        reader.document.refuse(node, "how often: `first 2`, `every 3rd`, `after 100` or `1 in 4`", hint=hint)
    if count < 1 and word != "after":
        reader.document.refuse(node, "the number has to be 1 or more")
    unknown = {Per.HOST: (), Per.SESSION: _NO_SESSION, Per.MESSAGE: _NO_MESSAGE}[per]
    if phase in unknown:
        where = f"in the phase `{phase}`" if phase else "where names are asked for"
        reader.document.refuse(node, f"{where} there is no {per} yet, so nothing can be counted per {per}")
    return Only(often=Often(word), count=count, per=per)

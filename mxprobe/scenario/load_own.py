"""Reads the programs of the user's own that hand messages to a mailer of theirs, and run that mailer."""

import re

from ruamel.yaml.nodes import Node

from mxprobe.scenario.document import Reader
from mxprobe.scenario.model import Own

NO_COMMAND = "`own` is the mailer that a story's own command hands messages to, and this story names none"
NAME_IT = 'Add, for example: own: {inject: [msmtp, --host=127.0.0.1, --port=2525, "--from={from}", "{to}"]}'

IN_START = ("address", "domain", "resolver")
IN_INJECT = (*IN_START, "from", "message", "to")
"""What words of a command may have in braces."""

_KEYS = ("inject", "start", "listens")
_TAKEN = (25, 53)
_HIGHEST = 65535
_BRACES = re.compile(r"(?<!\{)\{([a-z]+)\}(?!\})")


def read_own(reader: Reader, node: Node) -> Own:
    """`{inject: [program, "{to}"], start: [program], listens: 2525}`; the last two are optional."""
    entries = reader.entries(node, _KEYS, "`own`")
    inject = _words(reader, reader.require(node, entries, "inject", "`own`"), IN_INJECT)
    start = _words(reader, entries["start"], IN_START) if "start" in entries else ()
    if "listens" in entries and not start:
        says = "`listens` is where the program of `start` listens once it is ready, and there is no `start`"
        reader.document.refuse(reader.key(node, "listens"), says)
    listens = _port(reader, entries["listens"]) if "listens" in entries else 0
    return Own(inject=inject, start=start, listens=listens, line=reader.line(node))


def read_own_host(reader: Reader, node: Node) -> tuple[str, ...]:
    """The command of `{start: [program]}`."""
    entries = reader.entries(node, ("start",), "`own` of a host")
    return _words(reader, reader.require(node, entries, "start", "`own`"), IN_START)


def _words(reader: Reader, node: Node, known: tuple[str, ...]) -> tuple[str, ...]:
    """A command: a list of words, the first of which is a program. No shell reads it."""
    items = reader.items(node, "a command")
    if not items or not reader.text(items[0]):
        reader.document.refuse(node, "a command begins with the name of a program")
    for item in items:
        for word in _BRACES.findall(reader.text(item)):
            if word not in known:
                reader.document.refuse_unknown(item, word, known, "placeholder here")
    return tuple(reader.text(item) for item in items)


def _port(reader: Reader, node: Node) -> int:
    port = reader.number(node, 1)
    if port > _HIGHEST or port in _TAKEN:
        says = f"port {port} is that of the story's hosts and resolvers" if port in _TAKEN else f"{port} is no TCP port"
        reader.document.refuse(node, says)
    return port

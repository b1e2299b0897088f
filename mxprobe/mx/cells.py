"""The outcome table's rows: names, connection, greeting, envelope, data, end of data, end of an attempt.

One row a line: the event, the reference's action, what it is about, the clause, and the latitude that senders take.
"""

from mxprobe.mx.outcome import Action, Cell, Kind, Scope, gather
from mxprobe.mx.tlscells import TLS_CELLS

_HOST_AGAIN = (Action.NEXT, Scope.HOST, Kind.AGAIN)
_HOST_REFUSED = (Action.NEXT, Scope.HOST, Kind.REFUSED)
_HOST_DONE = (Action.GO, Scope.HOST, Kind.DONE)
_MESSAGE_DONE = (Action.GO, Scope.MESSAGE, Kind.DONE)
_MESSAGE_NEXT = (Action.NEXT, Scope.MESSAGE, Kind.AGAIN)
_MESSAGE_WAIT = (Action.WAIT, Scope.MESSAGE, Kind.AGAIN)
_MESSAGE_REFUSED = (Action.BOUNCE, Scope.MESSAGE, Kind.REFUSED)
_RECIPIENT_DONE = (Action.GO, Scope.RECIPIENT, Kind.DONE)
_RECIPIENT_AGAIN = (Action.NEXT, Scope.RECIPIENT, Kind.AGAIN)
_RECIPIENT_REFUSED = (Action.BOUNCE, Scope.RECIPIENT, Kind.REFUSED)

_Ruling = tuple[Action, Scope, Kind]

_STATUSES = {
    "D3": "5.1.2",
    "D4": "4.4.3",
    "D6": "4.4.3",
    "D7": "5.1.10",
    "D13": "5.4.4",
    "D14": "5.4.4",
    "Z5": "4.4.2",
    "Z6": "4.4.2",
    "E3": "4.4.7",
}
"""The enhanced status code of a bounce that no reply explains (RFC 3463)."""


def _cell(name: str, event: str, ruling: _Ruling, clauses: str, note: str = "") -> Cell:
    """One row; a name that ends in "?" is one where senders differ. Statuses of bounces stand in _STATUSES."""
    action, scope, kind = ruling
    return Cell(
        id=name.removesuffix("?"),
        event=event,
        action=action,
        scope=scope,
        kind=kind,
        clauses=clauses,
        open=name.endswith("?"),
        status=_STATUSES.get(name.removesuffix("?")),
        note=note,
    )


_R = "RFC 5321 "
_NAMES = (
    _cell("D1", "MX records with a usable host", _MESSAGE_DONE, _R + "§5.1"),
    _cell("D2", "no MX record", _MESSAGE_DONE, _R + "§5.1", "the domain itself is the host, with preference 0"),
    _cell("D3", "the domain does not exist", _MESSAGE_REFUSED, _R + "§5.1"),
    _cell(
        "D4",
        "the MX lookup fails (SERVFAIL, timeout, REFUSED, bogus)",
        _MESSAGE_WAIT,
        _R + "§5.1",
        "never the domain's own addresses; some mailers have switches that violate this",
    ),
    _cell("D5", "the domain is an alias", _MESSAGE_DONE, _R + "§5.1, §2.3.5", "go on with what it points to"),
    _cell("D6", "the alias chain loops or is too long", _MESSAGE_WAIT, "", "a dangling one is D3"),
    _cell("D7", "null MX", _MESSAGE_REFUSED, "RFC 7505 §3, §4.1", "bounces at once"),
    _cell("D8?", "null MX beside other records", _MESSAGE_DONE, "RFC 7505 §3", "the null record is ignored"),
    _cell("D9", "an MX host does not exist or has no address", _HOST_AGAIN, _R + "§5.1", "the host is skipped"),
    _cell("D10", "the address lookup of an MX host fails", _HOST_AGAIN, _R + "§5.1", "skipped for now; never a bounce"),
    _cell("D11?", "an MX host is an alias", _HOST_DONE, _R + "§5.1; RFC 2181 §10.3", "nearly all mailers follow it"),
    _cell("D12?", "an MX host is written as an IP address", _HOST_AGAIN, "RFC 1035 §3.3.9; RFC 5321 §5.1", "skipped"),
    _cell(
        "D13",
        "MX records, and none is usable",
        _MESSAGE_REFUSED,
        _R + "§5.1",
        "waits where a lookup failed for now; never the domain's own addresses",
    ),
    _cell("D14", "only special-use addresses", _MESSAGE_REFUSED, "", "as D13"),
    _cell(
        "D15", "the sender is in the list itself", _MESSAGE_DONE, _R + "§5.1", "its preference and worse are dropped"
    ),
)
_CONNECTION = (
    _cell("C1", "the host refuses the connection", _HOST_AGAIN, _R + "§5.1"),
    _cell("C2", "the host does not answer", _HOST_AGAIN, _R + "§5.1, §4.5.4.1", "30 s to 5 min, by mailer"),
    _cell("C3", "the host is unreachable, or resets before it speaks", _HOST_AGAIN, _R + "§4.5.4.1"),
    _cell("C4", "a failure on the sender's side", _HOST_AGAIN, _R + "§5.2", "says nothing about the host"),
    _cell(
        "C5?",
        "the host is remembered as unreachable",
        _HOST_AGAIN,
        _R + "§4.5.4.1",
        "who keeps a list of such hosts passes over them, also with other messages",
    ),
)
_GREETING = (
    _cell("B1", "the host greets with 2yz", _HOST_DONE, _R + "§4.2, §4.3.2"),
    _cell("B2", "the host greets with 4yz", _HOST_AGAIN, _R + "§3.8, §4.2.1"),
    _cell(
        "B3?",
        "the host greets with 5yz",
        _HOST_REFUSED,
        "RFC 5321 §3.1 allows 554 here, §4.2.1: do not repeat the request; RFC 7504 §3 adds 521",
    ),
    _cell("B4?", "the greeting is no SMTP reply", _HOST_AGAIN, _R + "§4.2, §4.3.2"),
    _cell("B5", "no greeting in time", _HOST_AGAIN, _R + "§4.5.3.2.1"),
    _cell("B6", "the connection ends before the greeting", _HOST_AGAIN, _R + "§3.8"),
)
_HELLO = (
    _cell("H1", "EHLO is accepted", _HOST_DONE, _R + "§4.1.1.1"),
    _cell("H2", "EHLO is answered 5yz", (Action.HELO, Scope.HOST, Kind.AGAIN), _R + "§3.2, §4.1.4"),
    _cell("H3", "EHLO is answered 421", _HOST_AGAIN, _R + "§3.8"),
    _cell("H4?", "EHLO is answered 4yz", _HOST_AGAIN, _R + "§4.2.1"),
    _cell("H5?", "HELO is answered 5yz", _HOST_REFUSED, _R + "§4.1.4, §4.2.1"),
    _cell("H6", "no answer to EHLO or STARTTLS, or the connection ends", _HOST_AGAIN, _R + "§3.8"),
)
_ENVELOPE = (
    _cell("M1", "MAIL is accepted", _MESSAGE_DONE, _R + "§4.3.2"),
    _cell("M2", "MAIL is answered 4yz", _MESSAGE_NEXT, _R + "§4.2.1"),
    _cell("M3?", "MAIL is answered 5yz", _MESSAGE_REFUSED, _R + "§4.2.1, §4.5.4.1"),
    _cell("M4", "MAIL is refused for size or a parameter", _MESSAGE_REFUSED, "RFC 1870 §6; RFC 5321 §4.1.1.11"),
    _cell("M5", "no answer to MAIL, or the connection ends", _MESSAGE_NEXT, _R + "§3.8"),
    _cell("R1", "RCPT is accepted", _RECIPIENT_DONE, _R + "§3.4"),
    _cell(
        "R2?", "RCPT is answered 4yz", _RECIPIENT_AGAIN, _R + "§4.2.1, §3.3", "greylisting pushes mail to the backup"
    ),
    _cell("R3", "too many recipients", (Action.SPLIT, Scope.RECIPIENT, Kind.AGAIN), _R + "§4.5.3.1.10"),
    _cell("R4", "RCPT is answered 5yz", _RECIPIENT_REFUSED, _R + "§4.2.1, §3.3"),
    _cell("R5", "RCPT is answered 551", _RECIPIENT_REFUSED, _R + "§3.4, §7.4", "the new path is not followed"),
    _cell("R6", "421 or the end of the connection at RCPT", _MESSAGE_NEXT, _R + "§3.8"),
    _cell("R7", "no answer to RCPT", _MESSAGE_NEXT, _R + "§3.8"),
    _cell("R8", "every recipient is refused", _MESSAGE_DONE, _R + "§3.3; RFC 2920 §3.1", "no DATA"),
)
_DATA = (
    _cell("X1", "DATA is answered 354", _MESSAGE_DONE, _R + "§4.1.1.4"),
    _cell("X2", "DATA is answered 4yz", _MESSAGE_NEXT, _R + "§4.2.1"),
    _cell("X3", "DATA is answered 5yz", _MESSAGE_REFUSED, _R + "§4.2.1"),
    _cell("X4", "the connection stalls or ends in the message", _MESSAGE_NEXT, _R + "§3.8, §4.1.1.4", "not accepted"),
    _cell("Z1", "the final dot is answered 2yz", _MESSAGE_DONE, _R + "§4.2.5, §6.1", "the host answers for it now"),
    _cell("Z2?", "the final dot is answered 4yz", _MESSAGE_NEXT, _R + "§4.2.5", "the host must not deliver its copy"),
    _cell("Z3?", "the final dot is answered 5yz", _MESSAGE_REFUSED, _R + "§4.2.5"),
    _cell("Z4", "the final dot is answered 421", _MESSAGE_NEXT, _R + "§3.8"),
    _cell(
        "Z5?",
        "no answer to the final dot",
        _MESSAGE_WAIT,
        "RFC 5321 §4.5.3.2.6, §6.1; RFC 1047",
        "ambiguous: a second copy is allowed, a loss is not",
    ),
    _cell("Z6?", "the connection ends after the final dot", _MESSAGE_WAIT, _R + "§3.8", "as Z5"),
    _cell("Q1", "anything at QUIT", _MESSAGE_DONE, _R + "§4.1.1.10", "is ignored"),
)
_END = (
    _cell("E1?", "no host is left, and one may do later", _MESSAGE_WAIT, _R + "§4.5.4.1"),
    _cell("E2?", "no host is left, and every one refused", _MESSAGE_REFUSED, _R + "§4.2.1"),
    _cell("E3", "the message is older than its lifetime", _MESSAGE_REFUSED, _R + "§4.5.4.1, §6.1"),
    _cell(
        "E4", "the time to try again has come", _MESSAGE_DONE, "RFC 5321 §4.5.4.1; RFC 8461 §5.1", "asks the DNS anew"
    ),
)

CELLS = gather(_NAMES, _CONNECTION, _GREETING, _HELLO, TLS_CELLS, _ENVELOPE, _DATA, _END)

"""The outcome table's rows for TLS, with an action for each policy that can meet the event.

A host that a policy rules out is treated as unreachable: the next host, and in the end waiting, never a bounce.
"""

from mxprobe.mx.outcome import Action, Cell, Kind, Scope, TlsPolicy

_GO, _CLEAR, _NEXT, _WAIT, _BOUNCE = Action.GO, Action.CLEAR, Action.NEXT, Action.WAIT, Action.BOUNCE


def _cell(name: str, event: str, actions: str, clauses: str, note: str = "") -> Cell:
    """One row; `actions` has a word for none, may, encrypt, dane, mta-sts in this order, "-" where it cannot be met."""
    by_policy = {policy: Action(word) for policy, word in zip(TlsPolicy, actions.split(), strict=True) if word != "-"}
    return Cell(
        id=name.removesuffix("?"),
        event=event,
        action=None,
        scope=Scope.HOST,
        kind=Kind.AGAIN,
        clauses=clauses,
        open=name.endswith("?"),
        note=note,
        by_policy=by_policy,
    )


TLS_CELLS = (
    _cell("T0", "the host is not in the MTA-STS policy", "- - - - next", "RFC 8461 §4.1, §5, §8.4", "not even asked"),
    _cell("T1", "STARTTLS is not offered", "go go next next next", "RFC 7672 §2.2; RFC 8461 §5"),
    _cell("T2", "STARTTLS is answered 4yz", "- go next next next", "RFC 3207 §4", "in clear, in the same session"),
    _cell("T3?", "STARTTLS is answered 5yz", "- go next next next", "RFC 3207 §4", "in clear, in the same session"),
    _cell("T4?", "the TLS handshake fails", "- clear next next next", "RFC 3207 §4.1; RFC 7435 §3"),
    _cell(
        "T5",
        "the certificate is not valid",
        "- go go next next",
        "RFC 7435 §3; RFC 8461 §4.2",
        "DANE has its own rules",
    ),
    _cell("T6", "TLSA records, all unusable", "- - - go next", "RFC 7672 §2.2", "TLS without authentication"),
    _cell("T7", "no TLSA records, or insecure ones", "- go go go go", "RFC 7672 §2.2", "as without DANE"),
    _cell("T8", "the TLSA lookup fails", "- go - next next", "RFC 7672 §2.1.2; RFC 8461 §2", "unusable for now"),
    _cell("T9", "the MX is insecure, host and TLSA are secure", "- - - go go", "RFC 7672 §2.2.1", "DANE may be used"),
    _cell("T10?", "EHLO inside TLS fails", "- clear next next next", "RFC 3207 §4.2", "as H2 to H6"),
    _cell("T11?", "MAIL is refused without TLS", "bounce bounce - - -", "RFC 3207 §4", "530 5.7.0"),
    _cell("T12", "no MTA-STS policy can be fetched, none is kept", "- go - - go", "RFC 8461 §3.3", "as without it"),
    _cell("T13", "no MTA-STS policy can be fetched, one is kept", "- - - - go", "RFC 8461 §3.3", "the kept one counts"),
    _cell("T14", "the policy rules every host out", "- - wait wait wait", "RFC 8461 §5, §5.1", "never a bounce"),
    _cell("T15", "the MTA-STS policy is in testing mode", "- go - - go", "RFC 8461 §5", "delivered, and reported"),
    _cell(
        "T16",
        "TLS is required of every hop, the host cannot",
        "- next next next next",
        "RFC 8689 §5",
        "then bounce 5.7.30",
    ),
    _cell("T17?", "the TLS handshake is not answered", "- clear next next next", "RFC 3207 §4.1; RFC 7435 §3"),
)

"""Ways of failing in a person's words: each leads to its cell, and what is wrong is named with what would be right."""

import pytest

from mxprobe.errors import InputError
from mxprobe.mx.cells import CELLS
from mxprobe.scenario.fault_words import read_way


@pytest.mark.parametrize(
    ("text", "cell", "words"),
    [
        ("refuses", "C1", "refuses connections"),
        ("Refuses  connections", "C1", "refuses connections"),
        ("refuses at connect", "C1", "refuses connections"),
        ("does not answer", "C2", "does not answer"),
        ("no answer at connect", "C2", "does not answer"),
        ("unreachable", "C3", "is unreachable"),
        ("tls fails", "T4", "fails the TLS handshake"),
        ("reply 554 at banner", "B3", "greets with 554"),
        ("reply 421 4.3.2 at noon we close at banner", "B2", "greets with 421"),
        ("reply 421 at ehlo", "H3", "says 421 at ehlo"),
        ("reply 530 5.7.0 at mail", "T11", "says 530 at mail"),
        ("reply 452 4.2.2 mailbox full at rcpt", "R2", "says 452 at rcpt"),
        ("reply 451 at dot", "Z2", "says 451 at dot"),
        ("no answer at banner", "B5", "does not answer at banner"),
        ("no answer at rcpt", "R7", "does not answer at rcpt"),
        ("no answer at dot", "Z5", "does not answer at dot"),
        ("closes at banner", "B6", "ends the connection at banner"),
        ("closes at rcpt", "R6", "ends the connection at rcpt"),
        ("{reply: 554} at banner", "B3", "greets with 554"),
        ("{reply: 554 5.3.2 no} at banner", "B3", "greets with 554"),
        ("silence at rcpt", "R7", "has silence at rcpt"),
        ("close at dot", "Z6", "has close at dot"),
        ("tcp-refuse", "C1", "has tcp-refuse at connect"),
        ("{greylist: {wait: 5m}}", "R2", "has greylist at rcpt"),
    ],
)
def test_words_lead_to_their_cell(text: str, cell: str, words: str) -> None:
    way = read_way(text)

    assert (way.cell, way.words) == (cell, words)
    assert way.cell in CELLS


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no fault is called"),
        ("tcp-refused", "tcp-refuse?"),
        ("reply 554", "a reply has to be told where"),
        ("reply 999 at banner", "from 200 to 599, not 999"),
        ("reply 99999 at banner", "from 200 to 599"),
        ("reply 554 at noon", "no phase is called noon"),
        ("reply 554 at connect", "no reply to give at connect"),
        ("reply 250 at rcpt", "ends no attempt to deliver: RCPT is accepted"),
        ("reply 250 at mail", "ends no attempt to deliver: MAIL is accepted"),
        ("reply 354 at data", "ends no attempt to deliver"),
        ("no answer at quit", "no phase is called quit"),
        ("closes", "add where"),
        ("closes at connect", "add where"),
        ("refuses at banner", "no fault is called"),
        ("dns-servfail", "no sender could tell `dns-servfail`"),
        ("greylist", "needs `wait`"),
        ("{reply: {", "not YAML"),
        ("reply 554 at banner }, with: {x", "not YAML"),
    ],
)
def test_what_is_wrong_is_named_with_what_would_be_right(text: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        read_way(text)

    assert says in caught.value.message
    assert repr(text) in caught.value.message
    assert caught.value.hint

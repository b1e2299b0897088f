"""Where a domain wants to hear of TLS that failed: the TXT record of SMTP TLS reporting.

Standards: RFC 8460 §3 (the record).
"""

import re

from mxprobe.facts.dns import Answer, Question, RecordType, TextRecord
from mxprobe.mx.consent import text_of

_VERSION = re.compile(r"v=TLSRPTv1\s*(;|$)")


def report_question(domain: str) -> Question:
    """What is asked to learn where reports go."""
    return Question(name=f"_smtp._tls.{domain}", rrtype=RecordType.TXT)


def read_reports(answer: Answer) -> tuple[str, ...]:
    """The records of that form; other texts do not count. More than one is as none to a sender."""
    texts = [text_of(record.text) for record in answer.records if isinstance(record, TextRecord)]
    return tuple(text for text in texts if _VERSION.match(text))

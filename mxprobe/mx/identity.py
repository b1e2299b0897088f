"""Whether a sender's address and the name it says fit together: address to name, name back to address.

Works on answers alone. Receivers look at this before anything else (RFC 5321 §4.1.4 lets them; many refuse).
"""

import ipaddress
from functools import lru_cache

from mxprobe.facts.dns import Answer, Answers, AnswerStatus, Question, RecordType, TextRecord
from mxprobe.mx.plan import special_use


@lru_cache(maxsize=4096)
def reverse_question(source: str) -> Question:
    """The question for the names of an address."""
    return Question(name=ipaddress.ip_address(source).reverse_pointer, rrtype=RecordType.PTR)


def identity_questions(source: str, helo: str | None, answers: Answers) -> tuple[Question, ...]:
    """What has to be asked before `identity_problems` can tell; nothing for an address of special use."""
    if special_use(source) is not None:
        return ()
    reverse = reverse_question(source)
    if reverse not in answers:
        return (reverse,)
    names = [*reverse_names(answers[reverse]), *([helo] if helo and not helo.startswith("[") else [])]
    rrtype = RecordType.AAAA if ":" in source else RecordType.A
    wanted = [Question(name=name, rrtype=rrtype) for name in dict.fromkeys(names)]
    return tuple(question for question in wanted if question not in answers)


def reverse_names(answer: Answer) -> tuple[str, ...]:
    """The names that an address leads to, at most four."""
    texts = [record.text for record in answer.records if isinstance(record, TextRecord)]
    return tuple(text.rstrip(".").lower() for text in texts if text.rstrip("."))[:4]


def identity_problems(source: str, helo: str | None, answers: Answers) -> tuple[str, ...] | None:
    """What does not fit, a sentence each; None where it cannot be told."""
    reverse = answers.get(reverse_question(source))
    if special_use(source) is not None or reverse is None or reverse.status.is_temporary:
        return None
    rrtype = RecordType.AAAA if ":" in source else RecordType.A
    names = reverse_names(reverse)
    forward = [answers.get(Question(name=name, rrtype=rrtype)) for name in names]
    spoken = None
    if helo and not helo.startswith("["):
        spoken = answers.get(Question(name=helo, rrtype=rrtype))
        if spoken is None or spoken.status.is_temporary:
            return None
    fits = any(_leads_to(source, answer) for answer in forward)
    if not fits and any(answer is None or answer.status.is_temporary for answer in forward):
        return None
    problems = []
    if not names:
        problems.append(f"{source} has no name (no PTR record)")
    elif not fits:
        problems.append(f"{source} is called {names[0]}, which does not lead back to it")
    if spoken is not None and not _leads_to(source, spoken):
        problems.append(f"the EHLO name {helo} does not lead to {source}")
    return tuple(problems)


def _leads_to(source: str, answer: Answer | None) -> bool:
    if answer is None or answer.status is not AnswerStatus.FOUND:
        return False
    wanted = ipaddress.ip_address(source)
    return any(ipaddress.ip_address(record.address) == wanted for record in answer.addresses)

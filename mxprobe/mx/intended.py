"""Which host was meant by an MX record whose name was completed once too often, or not at all.

Standards: RFC 1035 §5.1 (names without a final dot are completed).
"""

from mxprobe.facts.dns import Answers, Question, RecordType

_FAMILIES = (RecordType.A, RecordType.AAAA)


def intended_name(host: str, domain: str) -> str | None:
    """The host that was probably meant; None for a name with its domain, once."""
    if "." not in host:
        return f"{host}.{domain}"
    twice = f"{domain}.{domain}"
    return host.removesuffix(f".{domain}") if host == twice or host.endswith(f".{twice}") else None


def intended_questions(domain: str, answers: Answers) -> tuple[Question, ...]:
    """What is asked to see whether the hosts that were meant are there."""
    answer = answers.get(Question(name=domain, rrtype=RecordType.MX))
    hosts = dict.fromkeys(record.exchange for record in answer.mx if record.exchange != ".") if answer else ()
    meant = [name for host in hosts if (name := intended_name(host, domain)) is not None]
    return tuple(Question(name=name, rrtype=rrtype) for name in meant for rrtype in _FAMILIES)


def addresses_of_intended(name: str, answers: Answers) -> tuple[str, ...]:
    """The addresses of a host that was meant, as far as they are known."""
    found = (answers.get(Question(name=name, rrtype=rrtype)) for rrtype in _FAMILIES)
    return tuple(record.address for answer in found if answer is not None for record in answer.addresses)

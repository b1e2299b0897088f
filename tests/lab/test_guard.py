"""What a mailer of the lab needs of a host under DANE: where it looks for TLSA records, and where it stops."""

import asyncio

import pytest

from mxprobe.facts.dns import AddressRecord, Alias, Answer, AnswerStatus, Question, RecordType, TextRecord
from mxprobe.facts.session import Endpoint
from mxprobe.lab.guard import Guard, Knowledge
from mxprobe.mx.dane import tlsa_question
from mxprobe.mx.outcome import TlsPolicy
from mxprobe.mx.tlsneed import Need
from mxprobe.wire.resolver import Resolver

HOST, END = "mx1.example.test", "host.provider.test"
RECORD = "3 1 1 " + "ab" * 32


class _Resolver(Resolver):
    """Has these TLSA answers; the host's address stands behind an alias, and all is secure."""

    def __init__(self, answers: dict[str, AnswerStatus]) -> None:
        self.told, self.asked = answers, list[str]()

    async def ask(self, question: Question, deadline: float | None = None) -> Answer:
        if question.rrtype is RecordType.A:
            aliases = (Alias(name=HOST, points_to=END, ttl=60),)
            records = (AddressRecord(address="192.0.2.1", ttl=60),)
            found = AnswerStatus.FOUND
            return Answer(question=question, status=found, records=records, aliases=aliases, authenticated=True)
        self.asked.append(question.name)
        status = self.told.get(question.name, AnswerStatus.NODATA)
        records_there = (TextRecord(text=RECORD, ttl=60),) if status is AnswerStatus.FOUND else ()
        return Answer(question=question, status=status, records=records_there, authenticated=True)


def _need(resolver: _Resolver) -> Need:
    async def refuse(*_: object) -> None:
        raise AssertionError("nobody is dialled")

    known = Knowledge(resolver=resolver, connect=refuse, anchors=b"", wall=lambda: 0.0, policy_port=443)
    endpoint = Endpoint(host=HOST, address="192.0.2.1")
    return asyncio.run(Guard(TlsPolicy.DANE, known).need("example.test", endpoint))


AT_END, AT_HOST = tlsa_question(END).name, tlsa_question(HOST).name


@pytest.mark.parametrize(
    ("answers", "policy", "asked"),
    [
        ({AT_END: AnswerStatus.FOUND, AT_HOST: AnswerStatus.FOUND}, TlsPolicy.DANE, [AT_END]),
        ({AT_HOST: AnswerStatus.FOUND}, TlsPolicy.DANE, [AT_END, AT_HOST]),
        ({AT_END: AnswerStatus.SERVFAIL, AT_HOST: AnswerStatus.FOUND}, TlsPolicy.DANE, [AT_END]),
        ({}, TlsPolicy.MAY, [AT_END, AT_HOST]),
    ],
)
def test_the_end_of_an_alias_is_asked_about_before_the_host(
    answers: dict[str, AnswerStatus], policy: TlsPolicy, asked: list[str]
) -> None:
    resolver = _Resolver(answers)

    need = _need(resolver)

    assert (need.policy, resolver.asked) == (policy, asked)
    assert need.rules_out is (answers.get(AT_END) is AnswerStatus.SERVFAIL)

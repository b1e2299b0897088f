"""Before a survey begins it is known whether anything can be seen from here."""

from collections.abc import Mapping

import pytest

from mxprobe.errors import CouldNotLook
from mxprobe.facts.dns import AddressRecord, Answer, AnswerStatus, Question, RecordType
from mxprobe.facts.session import Endpoint, Session, Side, Turn
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.facts.snapshot import Vantage
from mxprobe.facts.survey import Depth, Manner
from mxprobe.probe import sight
from mxprobe.probe.snapshot import ControlHost
from mxprobe.wire.session import Means, SessionScript

VANTAGE = Vantage(helo="probe.example.com", nameservers=("192.0.2.53:53",))
CONTROLS = (ControlHost(host="mx.one.example"), ControlHost(host="198.51.100.2"))


class Names:
    """A resolver that has one address for each name, or one answer for all."""

    def __init__(self, status: AnswerStatus = AnswerStatus.FOUND) -> None:
        self.status = status

    async def ask(self, question: Question) -> Answer:
        records = (AddressRecord(address="198.51.100.1", ttl=60),) if question.rrtype is RecordType.A else ()
        return Answer(question=question, status=self.status, records=records)


async def looked(
    monkeypatch: pytest.MonkeyPatch, manner: Manner, greets: Mapping[str, bool], names: Names | None = None
) -> list[str]:
    """The addresses that were dialled."""
    dialled: list[str] = []

    async def speak(endpoint: Endpoint, script: SessionScript, means: Means) -> Session:
        dialled.append(endpoint.address)
        assert script.only_banner
        banner = Turn(phase=Phase.BANNER, started=0.0, ended=0.0, reply=Reply(raw=b"220 hi", code=220, lines=("hi",)))
        turns = (banner,) if greets[endpoint.address] else ()
        return Session(endpoint=endpoint, side=Side.CLIENT, started_at=0.0, turns=turns)

    monkeypatch.setattr(sight, "speak", speak)
    await sight.require_sight(manner, CONTROLS, names or Names(), None)  # type: ignore[arg-type]
    return sorted(dialled)


@pytest.mark.parametrize("status", [AnswerStatus.TIMEOUT, AnswerStatus.UNREACHABLE])
async def test_a_name_server_that_says_nothing_is_none(status: AnswerStatus, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CouldNotLook, match=r"no name server answers \(192.0.2.53:53\)"):
        await looked(monkeypatch, Manner(depth=Depth.DNS, vantage=VANTAGE), {}, Names(status))


@pytest.mark.parametrize("status", [AnswerStatus.REFUSED, AnswerStatus.SERVFAIL, AnswerStatus.NODATA])
async def test_any_answer_of_a_name_server_will_do(status: AnswerStatus, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await looked(monkeypatch, Manner(depth=Depth.DNS, vantage=VANTAGE), {}, Names(status)) == []


async def test_one_host_that_greets_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    greets = {"198.51.100.1": False, "198.51.100.2": True}
    dialled = await looked(monkeypatch, Manner(depth=Depth.TLS, vantage=VANTAGE), greets)

    assert dialled == ["198.51.100.1", "198.51.100.2"]


async def test_where_nobody_greets_port_25_is_blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    greets = dict.fromkeys(("198.51.100.1", "198.51.100.2"), False)
    with pytest.raises(CouldNotLook, match=r"port 25 is blocked here, none of mx.one.example, 198.51.100.2"):
        await looked(monkeypatch, Manner(depth=Depth.CONNECT, vantage=VANTAGE), greets)


@pytest.mark.parametrize(
    "manner",
    [
        Manner(depth=Depth.DNS, vantage=VANTAGE),
        Manner(depth=Depth.TLS, vantage=VANTAGE, allow_special=True),
        Manner(depth=Depth.TLS, vantage=Vantage(helo="probe.example.com", port=2525)),
        Manner(depth=Depth.TLS, vantage=Vantage(helo="probe.example.com", families=(6,))),
    ],
)
async def test_nobody_is_compared_with_where_that_would_tell_nothing(
    manner: Manner, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await looked(monkeypatch, manner, {}) == []

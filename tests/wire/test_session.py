"""A session with a host that behaves: what it asks, what it keeps, and how few round trips it takes."""

import asyncio
from typing import Any

import pytest

from mxprobe.errors import InputError
from mxprobe.facts.session import Endpoint, FailureKind, Session
from mxprobe.facts.smtp import Phase
from mxprobe.lab.memory import MemoryNetwork, SynAnswer
from mxprobe.wire.session import Means, SessionScript, Transaction, speak
from mxprobe.wire.tls import TlsContext
from tests.wire.hosts import EPOCH, MX1, YEAR, Issued, MemoryDialer, issue, mail_host, play, trusting, wall

ENDPOINT = Endpoint(host="mx1.example.test", address=MX1)
TO_ALICE = SessionScript(helo="probe.example.test", recipients=("alice@example.test",))


def session_with(
    issued: Issued | None, script: SessionScript, *, pipelining: bool = True, latency: float = 0.05
) -> tuple[Session, float]:
    """The session over a memory network, and the seconds from dial to last reply."""
    tls = trusting(issued) if issued else None

    async def story() -> tuple[Session, float]:
        network = MemoryNetwork(latency=latency)
        network.listen(MX1, 25, mail_host(issued.context if issued else None, pipelining=pipelining))
        session = await speak(ENDPOINT, script, Means(dialer=MemoryDialer(network), tls=tls, wall=wall))
        await asyncio.sleep(10)
        assert not network.open_ends
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return session, session.turns[-1].ended

    return play(story())


def phases(session: Session) -> list[str]:
    return [turn.phase.value for turn in session.turns]


def test_a_look_with_tls_and_a_recipient_takes_seven_round_trips() -> None:
    session, took = session_with(issue(), TO_ALICE)

    assert session.failure is None
    assert phases(session) == ["connect", "banner", "ehlo", "starttls", "tls", "ehlo", "mail", "rcpt", "rset", "quit"]
    assert session.round_trips == 7
    assert took == pytest.approx(0.700)
    assert session.tls is not None
    assert session.tls.version == "TLSv1.3"
    assert session.tls.verdict.is_valid is True
    assert session.oddities == ()
    assert session.surplus == b""


def test_tls_1_2_takes_one_round_trip_more() -> None:
    session, took = session_with(issue(version="1.2"), TO_ALICE)

    assert session.round_trips == 8
    assert took == pytest.approx(0.800)
    assert session.tls is not None
    assert session.tls.version == "TLSv1.2"


def test_without_pipelining_every_command_waits_for_its_reply() -> None:
    session, took = session_with(issue(), TO_ALICE, pipelining=False)

    assert session.round_trips == 10
    assert took == pytest.approx(1.000)
    assert session.failure is None
    assert phases(session)[-4:] == ["mail", "rcpt", "rset", "quit"]


def test_nobody_is_asked_for_where_no_recipient_is_named() -> None:
    session, _ = session_with(None, SessionScript(helo="probe.example.test"))

    assert phases(session) == ["connect", "banner", "ehlo", "quit"]
    assert session.round_trips == 4


def test_each_recipient_has_its_own_answer_in_order() -> None:
    names = ("alice@example.test", "ghost@example.test", "late@example.test")
    session, _ = session_with(None, SessionScript(helo="probe.example.test", recipients=names))

    replies = [(turn.subject, turn.reply.code if turn.reply else None) for turn in session.recipients]
    assert replies == [(names[0], 250), (names[1], 550), (names[2], 451)]


@pytest.mark.parametrize("pipelining", [True, False])
def test_each_envelope_has_its_own_sender_and_a_reset_behind_it(pipelining: bool) -> None:
    script = SessionScript(
        helo="probe.example.test",
        mail_from="postmaster@probe.example.test",
        recipients=("alice@example.test", "ghost@example.test"),
        further=(Transaction(recipients=("alice@example.test",)),),
    )
    session, _ = session_with(None, script, pipelining=pipelining)

    told = ["mail", "rcpt", "rcpt", "rset", "mail", "rcpt", "rset", "quit"]
    assert phases(session)[3:] == told
    assert [turn.subject for turn in session.turns if turn.phase is Phase.MAIL] == ["postmaster@probe.example.test", ""]
    assert session.round_trips == (4 if pipelining else 11)


def envelopes(count: int) -> SessionScript:
    more = tuple(Transaction(recipients=(f"alice@domain{number}.example.test",)) for number in range(1, count))
    return SessionScript(helo="probe.example.test", recipients=("alice@domain0.example.test",), further=more)


def test_many_envelopes_are_asked_about_in_pieces_each_a_round_trip() -> None:
    heard: list[int] = []

    class Counting(Recording):
        def data_received(self, data: bytes) -> None:
            heard.append(len(data))
            super().data_received(data)

    session = recorded(Counting, envelopes(100))

    asked = [f"alice@domain{number}.example.test" for number in range(100)]
    assert [turn.subject for turn in session.recipients] == asked
    assert phases(session) == ["connect", "banner", "ehlo", *["mail", "rcpt", "rset"] * 100, "quit"]
    assert session.failure is None
    assert max(heard) <= 4096
    assert session.round_trips == 3 + sum(size > 100 for size in heard)
    assert session.round_trips < 8


def test_long_replies_to_many_commands_may_all_come_at_once() -> None:
    refusal = b"".join(b"550-5.1.1 " + b"x" * 190 + b"\r\n" for _ in range(3)) + b"550 5.1.1 no such user\r\n"

    class Explaining(Recording):
        def data_received(self, data: bytes) -> None:
            replies = [self.reply(command) for command in data.splitlines()]
            self.transport.write(b"".join(replies))

        def reply(self, command: bytes) -> bytes:
            return refusal if command.startswith(b"RCPT") else super().reply(command)

    names = tuple(f"a{number}@a.test" for number in range(250))
    session = recorded(Explaining, SessionScript(helo="probe.example.test", recipients=names))

    assert session.failure is None
    assert {turn.reply.raw for turn in session.recipients if turn.reply} == {refusal}
    assert len(session.recipients) == 250


@pytest.mark.parametrize("closes", [False, True])
def test_a_host_that_has_enough_in_the_middle_of_many_envelopes_ends_the_session(closes: bool) -> None:
    class Tired(Recording):
        def reply(self, command: bytes) -> bytes:
            if self.commands <= 200:
                return super().reply(command)
            if not closes:
                self.transport.write(b"421 4.7.0 enough\r\n")
            self.transport.close()
            return b""

    session = recorded(Tired, envelopes(100))

    last = session.turns[-1]
    assert len(session.turns) == 3 + 200
    assert (last.failure.kind if last.failure else None) == (FailureKind.CLOSED if closes else None)
    assert (last.reply.code if last.reply else None) == (None if closes else 421)
    assert session.failure == last.failure


def test_more_recipients_than_a_host_takes_are_answers_as_any() -> None:
    class Few(Recording):
        def reply(self, command: bytes) -> bytes:
            return b"452 4.5.3 too many recipients\r\n" if self.commands > 12 else super().reply(command)

    names = tuple(f"alice{number}@example.test" for number in range(20))
    session = recorded(Few, SessionScript(helo="probe.example.test", recipients=names))

    assert [turn.reply.code for turn in session.recipients if turn.reply] == [250] * 10 + [452] * 10
    assert session.failure is None


class Recording(asyncio.Protocol):
    """A host that says yes to all commands, which it counts."""

    def __init__(self) -> None:
        self.commands = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.transport.write(b"220 mx1.example.test\r\n")

    def data_received(self, data: bytes) -> None:
        for command in data.splitlines():
            if not self.transport.is_closing():
                self.commands += 1
                self.transport.write(self.reply(command))

    def reply(self, command: bytes) -> bytes:
        return b"250-mx1.example.test\r\n250 PIPELINING\r\n" if command.startswith(b"EHLO") else b"250 ok\r\n"


def recorded(host: type[Recording], script: SessionScript) -> Session:
    """The session with such a host over a memory network."""

    async def story() -> Session:
        network = MemoryNetwork(latency=0.05)
        network.listen(MX1, 25, host)
        session = await speak(ENDPOINT, script, Means(dialer=MemoryDialer(network), tls=None, wall=wall))
        await asyncio.sleep(10)
        assert not network.open_ends
        return session

    return play(story())


def test_turns_tell_the_bytes_and_the_times() -> None:
    session, _ = session_with(None, SessionScript(helo="probe.example.test"))

    ehlo = session.last_turn(Phase.EHLO)
    assert ehlo is not None
    assert ehlo.command == b"EHLO probe.example.test\r\n"
    assert (ehlo.started, ehlo.ended) == (0.2, 0.3)
    assert ehlo.reply is not None
    assert ehlo.reply.raw.startswith(b"250-mx1.example.test\r\n")
    assert session.started_at == EPOCH
    assert session.source == "198.18.0.1"


class LateDialer(MemoryDialer):
    """Comes to a connection that has been there for a while, as in a process that has much to do."""

    async def open(self, *words: Any, **named: Any) -> Any:
        """Dial, and rest."""
        opened = await super().open(*words, **named)
        await asyncio.sleep(2.0)
        return opened


def test_a_greeting_that_came_before_we_looked_has_its_own_times() -> None:
    async def story() -> Session:
        network = MemoryNetwork(latency=0.05)
        network.listen(MX1, 25, mail_host(None))
        script = SessionScript(helo="probe.example.test")
        return await speak(ENDPOINT, script, Means(dialer=LateDialer(network), tls=None, wall=wall))

    connect, banner, ehlo = play(story()).turns[:3]

    assert (connect.started, connect.ended) == (0.0, 0.1)
    assert (banner.started, banner.ended) == (0.1, 0.2)
    assert ehlo.started == 2.1


def test_a_client_without_a_name_gives_its_address() -> None:
    session, _ = session_with(None, SessionScript())

    ehlo = session.last_turn(Phase.EHLO)
    assert ehlo is not None
    assert ehlo.command == b"EHLO [198.18.0.1]\r\n"


@pytest.mark.parametrize(
    ("issued", "expected"),
    [
        ({"name": "relay.example.test"}, (True, True, False)),
        ({"begins": EPOCH - 3 * YEAR, "ends": EPOCH - YEAR}, (True, False, True)),
        ({"begins": EPOCH + YEAR, "ends": EPOCH + 2 * YEAR}, (True, False, True)),
    ],
)
def test_a_bad_certificate_is_told_and_does_not_end_the_session(
    issued: dict[str, Any], expected: tuple[bool, bool, bool]
) -> None:
    session, _ = session_with(issue(**issued), TO_ALICE)

    assert session.failure is None
    assert phases(session)[-1] == "quit"
    assert session.tls is not None
    verdict = session.tls.verdict
    assert (verdict.trusted, verdict.dates_valid, verdict.name_matches) == expected
    assert verdict.is_valid is False


def test_an_unknown_authority_is_told() -> None:
    issued = issue("mx1.example.test", version="1.3")
    stranger = Issued(issued.context, issue("other.example.test").anchor)

    session, _ = session_with(stranger, TO_ALICE)

    assert session.tls is not None
    assert session.tls.verdict.trusted is False
    assert {problem.code for problem in session.tls.verdict.problems} >= {20}
    assert all(problem.text for problem in session.tls.verdict.problems)


@pytest.mark.parametrize(
    ("answer", "kind", "seconds"),
    [
        (SynAnswer.REFUSE, FailureKind.REFUSED, 0.1),
        (SynAnswer.UNREACHABLE, FailureKind.UNREACHABLE, 0.1),
        (SynAnswer.DROP, FailureKind.TIMEOUT, 30.0),
    ],
)
def test_a_connection_that_does_not_stand_is_a_typed_failure(
    answer: SynAnswer, kind: FailureKind, seconds: float
) -> None:
    async def story() -> Session:
        network = MemoryNetwork(latency=0.05)
        network.listen(MX1, 25, mail_host())
        network.on_syn = lambda _address, _port: answer
        return await speak(ENDPOINT, TO_ALICE, Means(dialer=MemoryDialer(network), tls=None, wall=wall))

    session = play(story())

    assert session.failure is not None
    assert session.failure.kind is kind
    assert session.failure.phase is Phase.CONNECT
    assert session.failure.after == pytest.approx(seconds)
    assert session.turns[-1].failure == session.failure


def test_a_cancelled_session_leaves_nothing_open() -> None:
    issued = issue()
    tls = trusting(issued)

    async def story() -> None:
        for moment in range(1, 70, 3):
            network = MemoryNetwork(latency=0.05)
            network.listen(MX1, 25, mail_host(issued.context))
            async with asyncio.TaskGroup() as group:
                task = group.create_task(
                    speak(ENDPOINT, TO_ALICE, Means(dialer=MemoryDialer(network), tls=tls, wall=wall))
                )
                await asyncio.sleep(moment / 100)
                task.cancel()
            await asyncio.sleep(10)
            assert task.cancelled()
            assert not network.open_ends

    play(story())


@pytest.mark.parametrize("address", ["a\r\nRSET@example.test", "a@example.test>\n", "å@example.test"])
def test_nothing_that_is_not_one_line_of_ascii_is_ever_sent(address: str) -> None:
    with pytest.raises(ValueError, match="not one line"):
        session_with(None, SessionScript(recipients=(address,)))


def test_the_context_refuses_a_file_without_certificates(tmp_path: Any) -> None:
    file = tmp_path / "anchors.pem"
    file.write_text("hello\n")
    with pytest.raises(InputError, match="no certificate in PEM"):
        TlsContext(file)
    with pytest.raises(InputError, match="cannot read"):
        TlsContext(tmp_path / "absent.pem")


def test_the_systems_trust_store_is_used_where_no_file_is_named_and_trusts_no_stranger() -> None:
    issued = issue()

    async def story() -> Session:
        network = MemoryNetwork()
        network.listen(MX1, 25, mail_host(issued.context))
        means = Means(dialer=MemoryDialer(network), tls=TlsContext(), wall=wall)
        return await speak(ENDPOINT, SessionScript(helo="probe.example.test"), means)

    session = play(story())

    assert session.failure is None
    assert session.tls is not None
    assert session.tls.verdict.trusted is False
    assert session.tls.verdict.name_matches is True


def test_a_certificate_is_told_with_its_names_dates_and_key() -> None:
    session, _ = session_with(issue(), SessionScript(helo="probe.example.test"))

    assert session.tls is not None
    (leaf,) = session.tls.chain
    assert leaf.names == ("mx1.example.test",)
    assert leaf.subject == "CN=mx1.example.test"
    assert leaf.issuer == "CN=Root for mx1.example.test"
    assert (leaf.not_before, leaf.not_after) == (EPOCH - YEAR, EPOCH + YEAR)
    assert (leaf.key, leaf.signature) == ("ECDSA 256", "ecdsa-with-SHA256")
    assert len(leaf.fingerprint) == 64
    assert session.tls.server_name == "mx1.example.test"

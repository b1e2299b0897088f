"""The cache before the authoritative servers: how long it believes, whom it asks, what it passes on."""

import asyncio
import random
from collections.abc import Callable, Coroutine

import dns.flags
import dns.message
import dns.rcode
import pytest

from mxprobe.facts.dns import Answer, AnswerStatus, MxRecord, Question, RecordType, TextRecord
from mxprobe.lab.clock import play_in_fresh_loop
from mxprobe.lab.nameserver import NameServer
from mxprobe.lab.recursor import Recursor
from mxprobe.lab.signing import sign_zones
from mxprobe.scenario.reaction import Forge, Reaction, SignatureKind, Signatures
from mxprobe.wire.resolver import Resolver

ZONE = """\
@ 300 IN SOA ns hostmaster 1 3600 900 604800 60
@ 300 IN NS ns
@ 3600 IN MX 10 mx1
mx1 600 IN A 192.0.2.1
mx1 60 IN AAAA 2001:db8::1
www 300 IN CNAME mx1
out 300 IN CNAME host.other.test.
"""
OTHER = ZONE.replace("MX 10 mx1", "MX 10 mx2")
MX = Question(name="example.test", rrtype=RecordType.MX)
Server = Callable[[bytes], bytes | None]


def serving(text: str = ZONE) -> Server:
    """An authoritative server of example.test."""
    return over(NameServer({"example.test": text}))


def over(nameserver: NameServer, *reactions: Reaction) -> Server:
    """A server with a fault that strikes MX questions."""
    return lambda query: nameserver.answer(
        query, lambda question: reactions if question.rrtype is RecordType.MX else ()
    )


def saying(rcode: dns.rcode.Rcode) -> Server:
    """A server that answers everything with this code, and with no authority."""

    def answer(query: bytes) -> bytes:
        response = dns.message.make_response(dns.message.from_wire(query))
        response.set_rcode(rcode)
        return response.to_wire()

    return answer


def silent(query: bytes) -> None:
    """A server that says nothing."""


class Lab:
    """A stub over a recursor over these servers; `asked` are the servers in the order they were asked."""

    def __init__(self, *servers: Server, seed: int = 1, anchor: tuple[str, ...] = ()) -> None:
        self.servers = list(servers)
        self.asked: list[str] = []
        names = tuple(str(number) for number in range(len(servers)))
        now = lambda: asyncio.get_running_loop().time()  # noqa: E731
        self.recursor = Recursor(self._exchange, names, now, random.Random(seed), anchor)
        self.stub = Resolver(self.recursor.exchange, ("127.0.0.1:53",))

    async def _exchange(self, query: bytes, server: str, over_tcp: bool, deadline: float) -> bytes:
        self.asked.append(server)
        await asyncio.sleep(0.02)
        reply = self.servers[int(server)](query)
        if reply is None:
            await asyncio.get_running_loop().create_future()
        assert reply is not None
        return reply

    def play(self, story: Callable[[], Coroutine[None, None, list[Answer]]]) -> list[Answer]:
        """The answers of a story, told on a loop whose clock jumps."""
        return play_in_fresh_loop(story)

    def ask(self, *at: float, question: Question = MX) -> list[Answer]:
        """The answers to one question asked at these times."""

        async def story() -> list[Answer]:
            answers = []
            for moment in at:
                await asyncio.sleep(max(moment - asyncio.get_running_loop().time(), 0))
                answers.append(await self.stub.ask(question))
            return answers

        return self.play(story)


def ttls(answers: list[Answer]) -> list[int]:
    return [record.ttl for answer in answers for record in answer.records]


def test_an_answer_is_kept_for_its_ttl_and_counts_down() -> None:
    lab = Lab(serving())

    answers = lab.ask(0, 1000.5, 3590, 3700)

    assert ttls(answers) == [3600, 2600, 11, 3600]
    assert lab.asked == ["0", "0"]
    assert [answer.elapsed for answer in answers] == [0.02, 0.0, 0.0, 0.02]


def test_what_changes_is_seen_when_the_ttl_is_over() -> None:
    lab = Lab(serving())
    later = serving(OTHER)

    async def story() -> list[Answer]:
        answers = [await lab.stub.ask(MX)]
        lab.servers[0] = later
        await asyncio.sleep(3500)
        answers.append(await lab.stub.ask(MX))
        await asyncio.sleep(200)
        return [*answers, await lab.stub.ask(MX)]

    hosts = [[record.exchange for record in answer.mx] for answer in lab.play(story)]

    assert hosts == [["mx1.example.test"], ["mx1.example.test"], ["mx2.example.test"]]


@pytest.mark.parametrize(
    ("question", "status"),
    [
        (Question(name="nobody.example.test", rrtype=RecordType.A), AnswerStatus.NXDOMAIN),
        (Question(name="mx1.example.test", rrtype=RecordType.MX), AnswerStatus.NODATA),
    ],
)
def test_absence_is_kept_for_the_minimum_of_its_soa(question: Question, status: AnswerStatus) -> None:
    lab = Lab(serving())

    answers = lab.ask(0, 30, 59, 61, question=question)

    assert [answer.status for answer in answers] == [status] * 4
    assert [answer.negative_ttl for answer in answers] == [60, 31, 2, 60]
    assert len(lab.asked) == 2


def test_absence_without_an_soa_is_not_kept() -> None:
    def bare(query: bytes) -> bytes:
        response = dns.message.make_response(dns.message.from_wire(query))
        response.flags |= dns.flags.AA
        return response.to_wire()

    lab = Lab(bare)

    assert [answer.status for answer in lab.ask(0, 1)] == [AnswerStatus.NODATA] * 2
    assert len(lab.asked) == 2


def test_an_alias_is_kept_as_long_as_the_shortest_of_its_records() -> None:
    lab = Lab(serving())
    lab.ask(0, 299, 301, question=Question(name="www.example.test", rrtype=RecordType.A))

    assert len(lab.asked) == 2


def test_an_alias_left_open_is_passed_on_for_the_stub_to_follow() -> None:
    lab = Lab(serving())
    (answer,) = lab.ask(0, question=Question(name="out.example.test", rrtype=RecordType.A))

    assert answer.aliases[0].points_to == "host.other.test"
    assert answer.status is AnswerStatus.REFUSED


@pytest.mark.parametrize(("rcode", "status"), [("SERVFAIL", "servfail"), ("REFUSED", "refused")])
def test_a_failure_of_a_single_server_is_passed_on_and_never_kept(rcode: str, status: str) -> None:
    lab = Lab(saying(dns.rcode.from_text(rcode)))
    before = lab.ask(0)
    lab.servers[0] = serving()
    after = lab.ask(0)

    assert (before[0].status, before[0].tries, before[0].elapsed) == (status, 2, 0.04)
    assert after[0].status is AnswerStatus.FOUND


def test_the_silence_of_a_single_server_is_silence_until_the_stub_gives_up() -> None:
    (answer,) = Lab(silent).ask(0)

    assert (answer.status, answer.elapsed, answer.tries) == (AnswerStatus.TIMEOUT, 6.0, 2)


def test_a_single_lame_server_is_a_failure() -> None:
    (answer,) = Lab(saying(dns.rcode.NOERROR)).ask(0)

    assert answer.status is AnswerStatus.SERVFAIL
    assert "lame" in (answer.detail or "")


@pytest.mark.parametrize("bad", [saying(dns.rcode.NOERROR), saying(dns.rcode.REFUSED), silent, lambda query: b"\0"])
def test_a_server_that_says_nothing_of_the_name_is_passed_over(bad: Server) -> None:
    for seed in range(4):
        lab = Lab(bad, serving(), seed=seed)
        (answer,) = lab.ask(0)

        assert answer.mx == (MxRecord(preference=10, exchange="mx1.example.test", ttl=3600),)
        assert answer.tries == 1
        assert lab.asked in (["0", "1"], ["1"])


def test_servers_that_differ_are_both_heard_in_an_order_that_the_dice_give() -> None:
    def hosts(seed: int) -> set[str]:
        lab = Lab(serving(), serving(OTHER), seed=seed)
        return {record.exchange for answer in lab.ask(*range(0, 40000, 4000)) for record in answer.mx}

    def order(seed: int) -> list[str]:
        lab = Lab(serving(), serving(OTHER), seed=seed)
        lab.ask(*range(0, 40000, 4000))
        return lab.asked

    assert hosts(1) == {"mx1.example.test", "mx2.example.test"}
    assert order(1) == order(1) != order(2)


def test_a_cache_never_grows_beyond_its_bound() -> None:
    lab = Lab(serving())

    async def story() -> list[Answer]:
        for number in range(1100):
            await lab.stub.ask(Question(name=f"n{number}.example.test", rrtype=RecordType.A))
        return []

    lab.play(story)

    assert len(lab.recursor._cache) == 1000


def test_two_mailers_do_not_share_a_cache() -> None:
    server = serving()
    first, second = Lab(server), Lab(server)
    first.ask(0, 1)
    second.ask(0, 1)

    assert (len(first.asked), len(second.asked)) == (1, 1)


def test_answers_of_the_cache_bear_the_flags_of_a_resolver() -> None:
    lab = Lab(serving())
    query = dns.message.make_query("example.test", "MX")

    async def story() -> bytes:
        return await lab.recursor.exchange(query.to_wire(), "", False, 10.0)

    response = dns.message.from_wire(play_in_fresh_loop(story))

    assert query.is_response(response)
    assert response.flags & dns.flags.RA
    assert not response.flags & (dns.flags.AA | dns.flags.AD)


# -- validation -------------------------------------------------------------------------------------------------------

SIGNED = sign_zones(
    {"example.test": ZONE + "_25._tcp.mx1 900 IN TLSA 3 1 1 " + "ab" * 32 + "\n", "other.test": ZONE},
    1,
    frozenset({"other.test"}),
)
OTHERS = Question(name="other.test", rrtype=RecordType.MX)
TLSA = Question(name="_25._tcp.mx1.example.test", rrtype=RecordType.TLSA)


def signed(*reactions: Reaction) -> Server:
    return over(NameServer(SIGNED.zones), *reactions)


def test_secure_answers_bear_the_ad_bit_and_insecure_ones_do_not() -> None:
    lab = Lab(signed(), anchor=SIGNED.anchor)
    (mine,), (theirs,) = lab.ask(0), lab.ask(0, question=OTHERS)
    (absent,) = lab.ask(0, question=Question(name="mx1.example.test", rrtype=RecordType.TXT))

    assert (mine.status, mine.authenticated) == (AnswerStatus.FOUND, True)
    assert (theirs.status, theirs.authenticated) == (AnswerStatus.FOUND, False)
    assert (absent.status, absent.authenticated) == (AnswerStatus.NODATA, True)


def test_without_an_anchor_nothing_is_authenticated() -> None:
    (answer,) = Lab(signed()).ask(0)

    assert (answer.status, answer.authenticated) == (AnswerStatus.FOUND, False)


def test_tlsa_records_come_through_as_text_and_authenticated() -> None:
    (answer,) = Lab(signed(), anchor=SIGNED.anchor).ask(0, question=TLSA)

    assert answer.records == (TextRecord(text="3 1 1 " + "ab" * 32, ttl=900),)
    assert answer.authenticated is True


@pytest.mark.parametrize(
    ("reaction", "words"),
    [
        (Signatures(kind=SignatureKind.BOGUS), "does not verify"),
        (Signatures(kind=SignatureKind.EXPIRED), "expired 2020-01-01"),
        (Forge(mx=("rogue.invalid",)), "there is no signature of example.test."),
    ],
)
def test_what_is_bogus_is_a_failure_that_says_why_and_is_not_kept(reaction: Reaction, words: str) -> None:
    lab = Lab(signed(reaction), anchor=SIGNED.anchor)

    async def story() -> list[Answer]:
        before = await lab.stub.ask(MX)
        lab.servers[0] = signed()
        return [before, await lab.stub.ask(MX)]

    before, after = lab.play(story)

    assert before.status is AnswerStatus.SERVFAIL
    assert words in (before.detail or "")
    assert (after.status, after.authenticated) == (AnswerStatus.FOUND, True)


def test_a_secure_answer_stays_secure_in_the_cache_while_the_zone_breaks_behind_it() -> None:
    lab = Lab(signed(), anchor=SIGNED.anchor)

    async def story() -> list[Answer]:
        answers = [await lab.stub.ask(MX)]
        lab.servers[0] = signed(Signatures(kind=SignatureKind.EXPIRED))
        await asyncio.sleep(3000)
        answers.append(await lab.stub.ask(MX))
        await asyncio.sleep(700)
        return [*answers, await lab.stub.ask(MX)]

    first, kept, late = lab.play(story)

    assert (first.authenticated, kept.authenticated, kept.elapsed) == (True, True, 0.0)
    assert late.status is AnswerStatus.SERVFAIL


def test_the_chain_is_asked_for_once() -> None:
    lab = Lab(signed(), anchor=SIGNED.anchor)
    lab.ask(0)
    first = len(lab.asked)
    lab.ask(0, question=Question(name="mx1.example.test", rrtype=RecordType.A))

    assert first == 5  # MX, and DNSKEY of the root, DS of test and example.test, DNSKEY of example.test
    assert len(lab.asked) == first + 1


@pytest.mark.parametrize(("edns", "dnssec"), [(False, False), (True, False), (True, True)])
def test_signatures_are_for_those_who_ask_for_them(edns: bool, dnssec: bool) -> None:
    lab = Lab(signed(), anchor=SIGNED.anchor)
    query = dns.message.make_query("example.test", "MX", use_edns=edns, want_dnssec=dnssec)

    async def story() -> bytes:
        return await lab.recursor.exchange(query.to_wire(), "", False, 10.0)

    response = dns.message.from_wire(play_in_fresh_loop(story))

    assert bool(response.flags & dns.flags.AD)
    assert [rrset.rdtype.name for rrset in response.answer] == (["MX", "RRSIG"] if dnssec else ["MX"])
    assert (response.edns >= 0) is edns


def test_who_disables_checking_gets_what_is_bogus() -> None:
    lab = Lab(signed(Signatures(kind=SignatureKind.BOGUS)), anchor=SIGNED.anchor)
    query = dns.message.make_query("example.test", "MX", want_dnssec=True)
    query.flags |= dns.flags.CD

    async def story() -> bytes:
        return await lab.recursor.exchange(query.to_wire(), "", False, 10.0)

    response = dns.message.from_wire(play_in_fresh_loop(story))

    assert (response.rcode(), len(response.answer)) == (dns.rcode.NOERROR, 2)
    assert not response.flags & dns.flags.AD

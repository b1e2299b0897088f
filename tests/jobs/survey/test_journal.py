"""The journal of a survey keeps what it is told, hands out each thing once, and knows when an entry can be told."""

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mxprobe.errors import InputError
from mxprobe.facts.session import Endpoint, Session, Side, Turn
from mxprobe.facts.smtp import Phase
from mxprobe.facts.survey import Asked, Entry, Errand, PutOff, Told
from mxprobe.jobs.survey.chains import encode_errands
from mxprobe.jobs.survey.journal import Journal
from mxprobe.jobs.survey.materials import Materials
from mxprobe.jobs.survey.tasks import PutOffRow, ResolvedRow, ToldRow, VisitedRow
from tests.support.small_internet import RCPT, TLS, entries_of, resolved

HOSTS = "abcdefgh"
ELSEWHERE = Endpoint(host="mx.b.test", address="192.0.2.2")
Chains = list[list[str]]


def errand(host: str, rank: int = 0, operator: str = "") -> Errand:
    """The errand to a host."""
    name = f"mx.{host}.test"
    return Errand(
        key=f"{name}/192.0.2.1",
        endpoint=Endpoint(host=name, address="192.0.2.1"),
        operator=operator or f"{host}.test",
        rank=rank,
    )


def row(number: int, errands: tuple[Errand, ...], asks: Asked | None = None) -> ResolvedRow:
    """An entry that was resolved."""
    octets = encode_errands(errands)
    return ResolvedRow(number=number, started_at=1.0, elapsed=0.1, queries=2, answers=b"[]", errands=octets, asks=asks)


@contextmanager
def journal_of(chains: Chains) -> Iterator[Journal]:
    """A journal whose entries need these hosts."""
    with new_journal() as journal:
        journal.list_entries(entries_of(len(chains)), last=True)
        rows = [row(number, tuple(map(errand, hosts))) for number, hosts in enumerate(chains)]
        journal.keep_resolved(rows)
        journal.commit()
        yield journal


@contextmanager
def new_journal() -> Iterator[Journal]:
    """A journal with nothing in it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Journal.open(Path(folder) / "journal", TLS, resume=False)) as journal,
    ):
        yield journal


@settings(max_examples=20, deadline=None)
@given(
    chains=st.lists(st.lists(st.sampled_from(HOSTS), unique=True, max_size=4), min_size=1, max_size=12),
    puts_off=st.sets(st.sampled_from(HOSTS)),
    most=st.integers(1, 5),
    data=st.data(),
)
def test_an_entry_can_be_told_when_all_its_hosts_were_visited_and_not_before(
    chains: Chains, puts_off: set[str], most: int, data: st.DataObject
) -> None:
    with journal_of(chains) as journal:
        book, out, done, told = journal.book, list[Errand](), set[str](), list[int]()
        hosts = {host for hosts in chains for host in hosts}
        assert book.errands == book.ready == len(hosts)
        while True:
            journal.begin()
            out += book.take_errands("", most, 2, frozenset())
            told += journal.take_tellable(most)
            assert {host for number in told for host in chains[number]} <= done
            if not out and not book.ready and not book.tellable:
                break
            if out:
                errand = out.pop(data.draw(st.integers(0, len(out) - 1)))
                host = errand.key[3]
                if host in puts_off and not errand.sessions and data.draw(st.booleans()):
                    book.put_off(PutOffRow(put_off=PutOff(errand=errand, due=5.0)))
                    book.wake(4.0)
                    assert book.next_due() == 5.0
                    book.wake(5.0)
                else:
                    assert host not in done
                    book.keep_visited(VisitedRow(key=errand.key, sessions=b"[]"), errand)
                    done.add(host)
        assert done == hosts
        assert sorted(told) == list(range(len(chains)))
        assert (book.out, book.later, book.visited) == (0, 0, len(hosts))


@settings(max_examples=20, deadline=None)
@given(ranks=st.lists(st.integers(0, 3), min_size=1, max_size=20), most=st.integers(1, 7))
def test_better_ranks_are_handed_out_first(ranks: list[int], most: int) -> None:
    with new_journal() as journal:
        journal.keep_resolved([row(number, (errand(f"h{number}", rank),)) for number, rank in enumerate(ranks)])
        taken = list[Errand]()
        while some := journal.book.take_errands("", most, most, frozenset()):
            taken += some

    assert [one.rank for one in taken] == sorted(ranks)


def test_an_operator_with_very_many_endpoints_keeps_nobody_waiting(tmp_path: Path) -> None:
    with closing(Journal.open(tmp_path / "journal", TLS, resume=False)) as journal:
        large = [row(number, (errand(f"h{number}", operator="large.test"),)) for number in range(100)]
        small = [row(100 + number, (errand(f"s{number}"),)) for number in range(10)]
        journal.keep_resolved([*large, *small])

        first = journal.book.take_errands("", 20, 5, frozenset())
        second = journal.book.take_errands("", 20, 5, frozenset({("large.test", "")}))
        third = journal.book.take_errands("", 20, 5, frozenset())

    assert sum(one.operator == "large.test" for one in first) == 10  # the others are ten
    assert second == ()
    assert len(third) == 20


def test_the_best_rank_of_an_endpoint_counts(tmp_path: Path) -> None:
    with closing(Journal.open(tmp_path / "journal", TLS, resume=False)) as journal:
        journal.keep_resolved([row(0, (errand("a", 0), errand("b", 1))), row(1, (errand("b", 0),))])

        taken = journal.book.take_errands("", 9, 9, frozenset())

    assert [one.rank for one in taken] == [0, 0]


def test_what_was_not_committed_is_not_there_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with closing(Journal.open(path, TLS, resume=False)) as journal:
        journal.list_entries(entries_of(4))
        journal.commit()
        journal.keep_resolved([resolved(entry) for entry in entries_of(4)])
    with closing(Journal.open(path, TLS, resume=True)) as journal:
        assert journal.standing.taken == 4
        assert journal.standing.resolved == journal.book.errands == 0
        assert journal.next_entries(-1, 10) == entries_of(4)


def test_what_was_handed_out_is_handed_out_again_by_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with closing(Journal.open(path, TLS, resume=False)) as journal:
        journal.list_entries(entries_of(11), last=True)
        journal.keep_resolved([resolved(entry) for entry in entries_of(11)])
        first = journal.book.take_errands("", 3, 3, frozenset())
        told = journal.take_tellable(5)
        journal.commit()
    with closing(Journal.open(path, TLS, resume=True)) as journal:
        again = journal.book.take_errands("", 3, 3, frozenset())
        assert (again, journal.take_tellable(5)) == (first, told)
        assert told == (0, 10)


def _begin(path: Path) -> None:
    """A journal with a part of a list."""
    with closing(Journal.open(path, TLS, resume=False)) as journal:
        journal.list_entries(entries_of(2))
        journal.commit()


def test_a_journal_that_is_there_is_not_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    _begin(path)

    with pytest.raises(InputError, match="a survey was begun here before"):
        Journal.open(path, TLS, resume=False)


def test_a_survey_of_another_manner_does_not_go_on(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    _begin(path)

    with pytest.raises(InputError, match="than these: --depth, --i-own-these\n"):
        Journal.open(path, RCPT, resume=True)
    with pytest.raises(InputError, match="other options than these: vantage points"):
        Journal.open(path, TLS, resume=True, places=("eu", "us"))
    with pytest.raises(InputError, match="than these: --helo\n"):
        Journal.open(
            path, replace(TLS, helo="other.test", vantage=replace(TLS.vantage, helo="other.test")), resume=True
        )
    Journal.open(path, replace(TLS, sessions_at_once=7, spacing=3.0), resume=True).close()


def test_two_surveys_do_not_write_one_journal(tmp_path: Path) -> None:
    with (
        closing(Journal.open(tmp_path / "journal", TLS, resume=False)),
        pytest.raises(InputError, match="another survey writes this journal now"),
    ):
        Journal.open(tmp_path / "journal", TLS, resume=True)


@pytest.mark.parametrize("octets", [b"a letter to a friend", b"SQLite format 3\0" + bytes(100)])
def test_another_file_is_no_journal(tmp_path: Path, octets: bytes) -> None:
    path = tmp_path / "journal"
    path.write_bytes(octets)

    with pytest.raises(InputError, match="no journal of a survey"):
        Journal.open(path, TLS, resume=True)

    assert path.read_bytes() == octets


def test_a_domain_that_is_listed_again_is_counted_and_left_out(tmp_path: Path) -> None:
    first, second = entries_of(2)
    with closing(Journal.open(tmp_path / "journal", TLS, resume=False)) as journal:
        journal.list_entries((first, second, Entry(number=2, domain=first.domain, asked="D0.TEST")), last=True)

        assert (journal.standing.taken, journal.standing.twice) == (3, 1)
        assert journal.next_entries(-1, 9) == (first, second)


def test_whoever_tells_reads_what_was_committed_while_more_is_written(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with closing(Journal.open(path, TLS, resume=False)) as journal:
        journal.list_entries(entries_of(20), last=True)
        journal.keep_resolved([resolved(entry) for entry in entries_of(10)])
        journal.commit()
        journal.keep_resolved([resolved(entry) for entry in entries_of(20)[10:]])
        with Materials(path) as materials:
            found = list(materials.of([3, 15, 0, 99]))

    assert [(one.entry.number, len(one.visits)) for one in found] == [(3, 2), (0, 0)]
    assert found[0].visits[0].sessions is None


def test_a_journal_of_which_nothing_came_is_begun_anew_in_another_manner(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    Journal.open(path, TLS, resume=False).close()

    Journal.open(path, RCPT, resume=False).close()
    Journal.open(path, RCPT, resume=True).close()


def _session(endpoint: Endpoint, at: float) -> Session:
    return Session(endpoint=endpoint, side=Side.CLIENT, started_at=at)


@contextmanager
def _journal_asking(path: Path, count: int) -> Iterator[Journal]:
    """A journal in which one host is asked about recipients of so many entries."""
    with closing(Journal.open(path, RCPT, resume=False)) as journal:
        journal.list_entries(entries_of(count, recipients=1), last=True)
        asks = [Asked(number=number, recipients=(f"r@d{number}.test",)) for number in range(count)]
        journal.keep_resolved([row(ask.number, (errand("a"),), ask) for ask in asks])
        yield journal


def packed(*rows: ToldRow) -> bytes:
    """Rows as a worker gives them."""
    return msgspec.msgpack.encode(rows)


def test_nobody_is_asked_about_again_when_the_rest_of_an_errand_is_put_off(tmp_path: Path) -> None:
    turns = (Turn(phase=Phase.RCPT, started=0.0, ended=1.0),)
    with _journal_asking(tmp_path / "journal", 3) as journal:
        (taken,) = journal.book.take_errands("", 9, 9, frozenset())
        first, limited = _session(taken.endpoint, 1.0), _session(taken.endpoint, 2.0)
        told = (Told(number=0, session=0, turns=turns), Told(number=1, session=0, turns=turns))
        left = replace(taken, sessions=(first, limited), told=told, asks=taken.asks[2:])
        journal.book.put_off(PutOffRow(put_off=PutOff(errand=left, due=5.0)))
        journal.book.wake(5.0)
        (again,) = journal.book.take_errands("", 9, 9, frozenset())
        last = ToldRow(number=2, session=1, turns=msgspec.json.encode(turns))
        sessions = msgspec.json.encode((*again.sessions, _session(taken.endpoint, 3.0)))
        journal.book.keep_visited(VisitedRow(key=again.key, sessions=sessions, told=packed(last), heard=True), again)
        journal.commit()
        with Materials(journal.path) as materials:
            found = [one.visits[0] for one in materials.of(range(3))]

    assert [ask.number for ask in again.asks] == [2]
    assert again.sessions == (limited,)
    assert journal.book.sessions == 3
    seen = [msgspec.json.decode(one.sessions or b"[]", type=tuple[Session, ...]) for one in found]
    assert [one.session for one in found] == [0, 0, 1]
    assert [[session.started_at for session in sessions] for sessions in seen] == [[1.0], [1.0], [2.0, 3.0]]
    assert all(one.turns for one in found)


def test_a_host_that_has_more_to_ask_goes_on_before_others_are_visited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mxprobe.jobs.survey.errandbook.MOST_ASKS", 2)
    with _journal_asking(tmp_path / "journal", 5) as journal:
        journal.keep_resolved([row(9, (errand("b"), errand("c")))])
        hosts = []
        while errands := journal.book.take_errands("", 1, 9, frozenset()):
            (taken,) = errands
            hosts.append(taken.operator)
            told = packed(*(ToldRow(number=ask.number, session=0, turns=b"[{}]") for ask in taken.asks))
            journal.book.keep_visited(VisitedRow(key=taken.key, sessions=b"[]", told=told, heard=True), taken)

    assert hosts == ["a.test", "a.test", "a.test", "b.test", "c.test"]


def test_a_host_that_answered_nobody_is_not_visited_for_those_who_still_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mxprobe.jobs.survey.errandbook.MOST_ASKS", 2)
    with _journal_asking(tmp_path / "journal", 5) as journal:
        (taken,) = journal.book.take_errands("", 9, 9, frozenset())
        unanswered = packed(*(ToldRow(number=ask.number, session=0, turns=b"[]") for ask in taken.asks))
        sessions = msgspec.json.encode((_session(taken.endpoint, 1.0),))
        journal.book.keep_visited(VisitedRow(key=taken.key, sessions=sessions, told=unanswered), taken)

        assert (journal.book.ready, journal.book.visited, journal.book.tellable) == (0, 1, 5)
        journal.commit()
        with Materials(journal.path) as materials:
            found = [one.visits[0] for one in materials.of(range(5))]
        assert [one.session for one in found] == [0, 0, None, None, None]
        assert {one.sessions for one in found} == {sessions}


@pytest.mark.parametrize("most", [1, 2, 3, 100])
def test_each_entry_has_what_was_told_of_it_whichever_errand_that_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("mxprobe.jobs.survey.errandbook.MOST_ASKS", most)
    monkeypatch.setattr("mxprobe.jobs.survey.materials._MOST_TOLD", 0)
    with _journal_asking(tmp_path / "journal", 7) as journal:
        journal.list_entries(entries_of(8)[7:])
        journal.keep_resolved([row(7, (errand("a"),))])  # nobody may be asked about it
        visits = 0
        while errands := journal.book.take_errands("", 9, 9, frozenset()):
            (taken,) = errands
            visits += 1
            told = packed(*(ToldRow(number=ask.number, session=0, turns=b"[%d]" % ask.number) for ask in taken.asks))
            sessions = msgspec.json.encode((_session(taken.endpoint, float(visits)),))
            done = VisitedRow(key=taken.key, sessions=sessions, told=told, heard=True)
            journal.book.keep_visited(done, taken)
        journal.commit()
        with Materials(journal.path) as materials:
            found = {one.entry.number: one.visits[0] for one in materials.of([5, 0, 6, 1, 7, 3, 2, 4])}
            alone = {number: next(iter(materials.of([number]))).visits[0] for number in range(8)}

    assert visits == -(-7 // most)
    assert found == alone
    assert [found[number].turns for number in range(8)] == [*(b"[%d]" % number for number in range(7)), None]
    starts = [msgspec.json.decode(found[number].sessions or b"")[0]["started_at"] for number in range(8)]
    assert starts == [*(1.0 + number // most for number in range(7)), 1.0]


def test_an_entry_has_what_the_hosts_answered_that_it_has_in_common_with_another(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with closing(Journal.open(path, TLS, resume=False)) as journal:
        journal.list_entries(entries_of(4), last=True)
        first = replace(row(2, ()), answers=b"[2]", hosts=b"[9]")
        journal.keep_resolved([first, replace(first, number=0, answers=b"[0]", hosts=b"", hosts_of=2)])
        journal.commit()
    with closing(Journal.open(path, TLS, resume=True)) as journal:
        journal.keep_resolved([replace(first, number=3, answers=b"[3]", hosts=b"", hosts_of=2)])
        journal.fail_entry(1, "no worker could")
        journal.commit()
        with Materials(path) as materials:
            found = [(one.answers, one.hosts) for one in materials.of(range(4))]

    assert found == [(b"[0]", b"[9]"), (b"[]", b"[]"), (b"[2]", b"[9]"), (b"[3]", b"[9]")]


def test_what_is_asked_of_the_first_who_wait_is_asked_of_nobody_again(tmp_path: Path) -> None:
    with _journal_asking(tmp_path / "journal", 6) as journal:
        (taken,) = journal.book.take_errands("", 9, 9, frozenset())
        told = tuple(Told(number=number, session=0, turns=()) for number in (0, 2))
        left = replace(taken, told=told, sessions=(), asks=tuple(ask for ask in taken.asks if ask.number not in (0, 2)))
        journal.book.put_off(PutOffRow(put_off=PutOff(errand=left, due=5.0)))
        journal.book.wake(5.0)
        (again,) = journal.book.take_errands("", 9, 9, frozenset())

    assert [ask.number for ask in again.asks] == [1, 3, 4, 5]


def test_an_address_that_a_worker_visits_is_given_to_no_other_whatever_its_names(tmp_path: Path) -> None:
    with closing(Journal.open(tmp_path / "journal", TLS, resume=False)) as journal:
        journal.keep_resolved([row(0, (errand("a"),)), row(1, (replace(errand("b"), endpoint=ELSEWHERE),))])

        taken = journal.book.take_errands("", 9, 9, frozenset({("192.0.2.1", "")}))

    assert [one.endpoint for one in taken] == [ELSEWHERE]


def test_very_many_operators_that_are_busy_are_passed_by_at_once(tmp_path: Path) -> None:
    asked = list[str]()
    with closing(Journal.open(tmp_path / "journal", TLS, resume=False)) as journal:
        journal.keep_resolved([row(number, (errand(f"h{number}"),)) for number in range(400)])
        busy = frozenset((f"h{number}.test", "") for number in range(0, 400, 2))
        journal._connection.set_trace_callback(asked.append)

        taken = journal.book.take_errands("", 300, 50, busy)

    assert len(taken) == 200
    assert sum("FROM endpoints" in text for text in asked) < 12

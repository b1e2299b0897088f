"""A domain of a survey as a line: the look that a probe makes, judged, forecast and counted, with local parts cut."""

import json
from functools import cache
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mxprobe.facts.codec import decode, encode, masked
from mxprobe.facts.dns import Alias, Answer, AnswerStatus, Question, RecordType, TextRecord, index_answers
from mxprobe.facts.finding import Status
from mxprobe.facts.session import Session, Turn
from mxprobe.facts.smtp import Phase, Reply
from mxprobe.facts.snapshot import NotVisited, Snapshot
from mxprobe.facts.survey import Depth, Manner, Told
from mxprobe.facts.tally import Extent, Known, Tally
from mxprobe.jobs.saved import look_in
from mxprobe.jobs.survey.line import SnapshotLine
from mxprobe.jobs.survey.material import VisitMaterial
from mxprobe.jobs.survey.remembered import MOST_CHAINS, Memory, names_of
from mxprobe.jobs.survey.telling import line_of
from mxprobe.jobs.survey.told import told_row
from mxprobe.mx.foretold import foretell
from mxprobe.mx.once import chain_by
from mxprobe.mx.plan import plan_mx
from mxprobe.rules import judge_snapshot
from tests.support.judged import FLAWLESS, MX1, look_at
from tests.support.snapshots import HEALTHY, PLAIN, host, mx, snapshot
from tests.support.snapshots import visit as visited
from tests.support.surveyed import as_surveyed, manner_of, material_of

_HERE = Path("results.jsonl")


@cache
def _look() -> Snapshot:
    """What is seen of a domain without a fault, by a survey with TLS depth."""
    seen = look_at(FLAWLESS).snapshot
    return as_surveyed(seen, manner_of(seen))


def _told(look: Snapshot, manner: Manner | None = None, memory: Memory | None = None) -> tuple[Snapshot, Tally]:
    manner = manner or manner_of(look)
    row = line_of(material_of(look, manner), manner, memory or Memory())
    return look_in(row.document, _HERE), decode(row.tally, Tally)


def test_a_line_is_the_saved_probe_that_a_probe_with_the_same_questions_makes() -> None:
    read, _ = _told(_look())
    assert read == replace(_look(), version=read.version)


def test_a_line_has_every_field_of_a_saved_probe_in_its_order() -> None:
    assert SnapshotLine.__struct_fields__ == Snapshot.__struct_fields__


def test_a_line_begins_as_those_of_a_history_do_and_has_no_line_end() -> None:
    manner = manner_of(_look())
    document = line_of(material_of(_look(), manner), manner, Memory()).document
    assert document.startswith(b'{"schema":1,"kind":"look","snapshot":')
    assert b"\n" not in document


def test_findings_forecast_and_tally_are_those_of_the_look() -> None:
    manner = manner_of(_look())
    row = line_of(material_of(_look(), manner), manner, Memory())
    line = json.loads(row.document)
    judged = judge_snapshot(_look(), unwanted=("MX007",))
    found = {(one.code, one.subject) for judgement in judged for one in judgement.findings}
    assert {(one["code"], one["subject"]) for one in line["findings"]} == found
    assert line["foretold"] == json.loads(msgspec.json.encode(foretell(_look())))
    assert line["tally"] == json.loads(row.tally)


def test_the_tally_of_a_flawless_domain() -> None:
    _, tally = _told(_look())
    assert (tally.hosts, tally.tiers, tally.endpoints, tally.visited, tally.reachable) == (2, 2, 2, 2, 2)
    assert (tally.has_backup, tally.dane, tally.mta_sts) == (Known.YES, Known.YES, Known.YES)
    assert (tally.starttls, tally.certificates) == (Extent.ALL, Extent.ALL)
    assert (tally.one_operator, tally.one_address, tally.one_network) == (Known.YES, Known.NO, Known.NO)
    assert (tally.errors, tally.warnings) == (0, 0)
    assert "haraka" in tally.says_554_bounces
    assert "postfix" not in (*tally.says_554_bounces, *tally.says_554_waits, *tally.says_554_unknown)


def test_a_host_without_starttls_is_counted_apart() -> None:
    seen = look_at(FLAWLESS.host(MX1, kind=None)).snapshot
    _, tally = _told(as_surveyed(seen, manner_of(seen)))
    assert (tally.starttls, tally.certificates) == (Extent.SOME, Extent.ALL)
    assert tally.errors


def test_a_survey_of_names_alone_knows_nothing_of_hosts_and_says_no_reason_for_that() -> None:
    manner = manner_of(_look(), Depth.DNS)
    read, tally = _told(as_surveyed(_look(), manner), manner)
    assert {visit.not_visited for visit in read.visits} == {NotVisited.DNS_ONLY}
    assert (tally.visited, tally.starttls, tally.certificates) == (0, Extent.UNKNOWN, Extent.UNKNOWN)
    assert tally.has_backup is Known.YES
    assert tally.untold == ()


def test_what_was_not_asked_for_is_no_pass() -> None:
    about_hosts = ("MX851",)  # where no operator of mailboxes is in the chain, SPF cannot leave it out
    judged = [one for one in judge_snapshot(_look()) if one.code not in about_hosts]
    beside = [one for one in judged if one.code.startswith(("MX770", "MX783", "MX85", "MX86", "MX88", "MX53", "MX54"))]
    assert len(beside) > 20
    assert {one.status for one in beside} == {Status.INCONCLUSIVE}


def test_facts_alone_ask_neither_rules_nor_forecast() -> None:
    manner = manner_of(_look())
    row = line_of(material_of(_look(), manner), manner, Memory(), findings=False)
    line = json.loads(row.document)
    assert (line["findings"], line["foretold"]) == (None, None)
    tally = decode(row.tally, Tally)
    assert (tally.errors, tally.unjudged, tally.foretold) == (None, None, False)
    assert tally.starttls is Extent.ALL


def test_local_parts_are_cut_in_answers_sessions_and_all_that_is_made_of_them() -> None:
    text = Answer(
        question=Question(name="_smtp._tls.example.test", rrtype=RecordType.TXT),
        status=AnswerStatus.FOUND,
        records=(TextRecord(text='"v=TLSRPTv1; rua=mailto:alice@example.test"', ttl=60),),
    )
    first = _look().visits[0]
    session = first.sessions[-1]
    said = Reply(raw=b"250 mail bob.smith@example.test", code=250, lines=("mail bob.smith@example.test",))
    turns = tuple(replace(turn, reply=said) if turn.phase is Phase.QUIT else turn for turn in session.turns)
    spoken = replace(first, sessions=(replace(session, turns=turns),))
    look = replace(_look(), answers=(*_look().answers, text), queries=9, visits=(spoken, *_look().visits[1:]))
    manner = manner_of(look)
    document = line_of(material_of(look, manner), manner, Memory()).document
    assert b"alice@" not in document
    assert b"bob.smith@" not in document
    assert look_in(document, _HERE) == masked(replace(look, version=look_in(document, _HERE).version))


def test_certificates_stay_whole_even_where_an_at_sign_is_among_their_octets() -> None:
    read, _ = _told(_look())
    shown = [session.tls for visit in read.visits for session in visit.sessions]
    assert shown == [session.tls for visit in _look().visits for session in visit.sessions]


def _asked(session: Session, recipient: str, code: int) -> tuple[Turn, ...]:
    """The turns of one envelope."""
    last, yes = session.turns[-1], Reply(raw=b"250 ok", code=250, lines=("ok",))
    said = Reply(raw=b"%d said" % code, code=code, lines=("said",))
    return (
        replace(last, phase=Phase.MAIL, command=b"MAIL FROM:<>", subject="", reply=yes),
        replace(last, phase=Phase.RCPT, command=b"RCPT TO:<%s>" % recipient.encode(), subject=recipient, reply=said),
        replace(last, phase=Phase.RSET, command=b"RSET", reply=yes),
    )


def _with_own(visit: VisitMaterial, recipient: str, code: int) -> VisitMaterial:
    """A visit in which one recipient was asked about, as a journal has it."""
    turns = _asked(decode(visit.sessions or b"", tuple[Session, ...])[0], recipient, code)
    row = told_row(Told(number=0, session=0, turns=turns))
    return replace(visit, session=row.session, turns=row.turns, taken=row.taken)


@pytest.mark.parametrize("code", [250, 251, 450, 550, 354])
@pytest.mark.parametrize("before", [220, 421, 554])
def test_facts_alone_are_told_alike_whether_the_turns_of_an_entry_are_read_or_not(code: int, before: int) -> None:
    manner = replace(manner_of(_look(), Depth.RCPT), wishes=("mta-sts", "tlsa"))
    material = material_of(_look(), manner)
    recipient = f"someone@{_look().domain}"
    visits = []
    for visit in material.visits:
        (session,) = decode(visit.sessions or b"", tuple[Session, ...])
        said = Reply(raw=b"%d 4.7.1 your ip" % before, code=before, lines=("4.7.1 your ip",))
        turns = tuple(replace(turn, reply=said) if turn.phase is Phase.BANNER else turn for turn in session.turns)
        visits.append(_with_own(replace(visit, sessions=encode((replace(session, turns=turns),))), recipient, code))
    assert {visit.taken for visit in visits} == ({1} if code < 300 else {0})
    whole = replace(material, entry=replace(material.entry, recipients=(recipient,)), visits=tuple(visits))
    unread = replace(whole, visits=tuple(replace(visit, taken=0) for visit in visits))
    assert line_of(whole, manner, Memory(), findings=False) == line_of(unread, manner, Memory(), findings=False)


def test_a_shared_session_is_told_to_each_domain_with_its_own_recipients_alone() -> None:
    manner = replace(manner_of(_look(), Depth.RCPT), wishes=("mta-sts", "tlsa"))
    memory, read = Memory(), {}
    for number, code in ((1, 250), (2, 550)):
        material = material_of(_look(), manner, number)
        recipient = f"someone{number}@{_look().domain}"
        visits = tuple(_with_own(visit, recipient, code) for visit in material.visits)
        entry = replace(material.entry, recipients=(recipient,))
        row = line_of(replace(material, entry=entry, visits=visits), manner, memory)
        read[number] = look_in(row.document, _HERE)
        assert decode(row.tally, Tally).accepts is (Extent.ALL if code == 250 else Extent.NONE)
    subjects = [
        {turn.subject for visit in look.visits for turn in visit.sessions[0].recipients} for look in read.values()
    ]
    assert subjects == [{"so***@example.test"}, {"so***@example.test"}]
    assert [look.visits[0].sessions[0].recipients[0].reply for look in read.values()] != [None, None]
    codes = [look.visits[0].sessions[0].recipients[0].reply for look in read.values()]
    assert [reply.code for reply in codes if reply is not None] == [250, 550]
    assert all(look.visits[0].sessions[0].turns[-1].phase is Phase.QUIT for look in read.values())


def test_without_consent_nobody_is_asked_and_the_line_says_why() -> None:
    manner = replace(manner_of(_look(), Depth.RCPT), owned=False)
    row = line_of(material_of(_look(), manner), manner, Memory())
    read = look_in(row.document, _HERE)
    assert read.recipients == ()
    assert read.asked_about is not None
    assert "_mxprobe.example.test" in read.asked_about.refused
    (found,) = next(one for one in judge_snapshot(read, wanted=("MX007",))).findings
    assert "does not allow it" in found.says
    assert found.seen == (read.asked_about.refused,)


def test_who_is_left_alone_is_counted_and_is_no_reason_to_be_told_twice() -> None:
    read, tally = _told(_look(), replace(manner_of(_look()), excluded=("mx2.example.test",)))
    assert [visit.not_visited for visit in read.visits].count(NotVisited.EXCLUDED) == tally.excluded > 0
    assert tally.untold == ()


def test_what_nobody_could_visit_is_said_and_held_against_no_host() -> None:
    manner = manner_of(_look())
    material = material_of(_look(), manner)
    lost = replace(material.visits[0], sessions=None, failure="three workers were lost with it")
    row = line_of(replace(material, visits=(lost, *material.visits[1:])), manner, Memory())
    read, tally = look_in(row.document, _HERE), decode(row.tally, Tally)
    assert not read.complete
    assert read.visits[0].not_visited is NotVisited.INTERRUPTED
    assert "three workers were lost with it" in tally.untold
    assert (tally.visited, tally.starttls) == (1, Extent.ALL)


def test_an_entry_that_nobody_could_ask_the_dns_about_is_a_line_of_its_own() -> None:
    manner = manner_of(_look())
    material = replace(
        material_of(_look(), manner), answers=b"[]", hosts=b"[]", visits=(), failure="no worker answered"
    )
    row = line_of(material, manner, Memory())
    tally = decode(row.tally, Tally)
    assert (tally.basis, tally.has_backup) == ("unknown", Known.UNKNOWN)
    assert "no worker answered" in tally.untold
    assert not look_in(row.document, _HERE).complete


def test_an_operator_that_limits_us_is_named() -> None:
    manner = manner_of(_look())
    material = material_of(_look(), manner)
    limited = replace(material, visits=tuple(replace(visit, throttled=True) for visit in material.visits))
    assert decode(line_of(limited, manner, Memory()).tally, Tally).throttled == ("example.test",)


def test_visits_from_other_places_stand_beside_the_first_one() -> None:
    manner = manner_of(_look())
    material = material_of(_look(), manner)
    visits = tuple(replace(visit, place=place) for place in ("eu", "us") for visit in material.visits)
    document = line_of(replace(material, visits=visits), manner, Memory()).document
    line = json.loads(document)
    assert (line["place"], [one["place"] for one in line["elsewhere"]]) == ("eu", ["us"])
    assert line["elsewhere"][0]["visits"] == line["snapshot"]["visits"]


_RECORDS = st.lists(
    st.tuples(st.sampled_from([10, 20]), st.sampled_from(["a.test", "b.test", "c.test", "."])), max_size=4
)


@given(st.lists(st.tuples(_RECORDS, st.booleans(), st.booleans()), min_size=2, max_size=4), st.booleans())
def test_domains_with_the_same_hosts_are_told_as_if_they_were_alone(
    domains: list[tuple[list[tuple[int, str]], bool, bool]], judged: bool
) -> None:
    hosts = (host("a.test", "192.0.2.1"), host("b.test", "192.0.2.2", alias="x.test"), host("c.test"))
    visits = (visited(10, "a.test", "192.0.2.1", HEALTHY, 1), visited(10, "b.test", "192.0.2.2", PLAIN, 1))
    memory = Memory()
    for number, (records, has_alias, is_lost) in enumerate(domains):
        name = f"d{number}.test"
        answer = replace(mx(*records), question=Question(name=name, rrtype=RecordType.MX))
        if has_alias:
            answer = replace(answer, aliases=(Alias(name=name, points_to="e.test", ttl=9),))
        if is_lost:
            answer = replace(answer, status=AnswerStatus.SERVFAIL, records=())
        look = replace(snapshot((answer, *hosts), visits), domain=name, asked=name)
        manner = replace(manner_of(look), allow_special=True)
        material = material_of(look, manner, number)
        together = line_of(material, manner, memory, findings=judged)
        assert together == line_of(material, manner, Memory(), findings=judged)
        assert look_in(together.document, _HERE).answers == look.answers


def test_a_chain_is_remembered_for_the_same_records_aliases_and_port_alone() -> None:
    memory, hosts = Memory(), (host("a.test", "192.0.2.1"), host("b.test", "192.0.2.2"))
    plain = mx((10, "a.test"), (20, "b.test"))
    alias = Alias(name="example.test", points_to="e.test", ttl=9)
    for first in (plain, replace(plain, aliases=(alias,)), mx((10, "b.test")), plain):
        for port in (25, 26):
            for domain in ("example.test", "d1.test"):
                answer = replace(first, question=Question(name=domain, rrtype=RecordType.MX))
                look = replace(snapshot((answer, *hosts)), domain=domain)
                names = names_of(material_of(look, manner_of(look)), memory)
                plan = plan_mx(domain, index_answers(look.answers))
                assert names.targets(domain, port) == plan.targets(port)
                assert chain_by(names.answers, domain) == plan


def test_what_is_remembered_of_chains_is_bounded() -> None:
    memory = Memory()
    for number in range(3 * MOST_CHAINS):
        for hosts in ((host("a.test", "192.0.2.1"),), ()):
            look = snapshot((mx((number, "a.test")), *hosts))
            names = names_of(material_of(look, manner_of(look)), memory)
            assert len(names.targets(look.domain, 25)) == len(hosts)
            assert len(names.hosts.chains) <= (MOST_CHAINS if hosts else 0)


@pytest.mark.parametrize("place", ["answers", "hosts"])
def test_the_name_of_an_account_is_cut_in_answers(place: str) -> None:
    text = Answer(
        question=Question(name="t.test", rrtype=RecordType.TXT),
        status=AnswerStatus.FOUND,
        records=(TextRecord(text="IMAP mail.example.test:993 as alice", ttl=60),),
    )
    look = snapshot((mx((10, "a.test")), host("a.test", "192.0.2.1")))
    material = material_of(look, manner_of(look))
    known = decode(getattr(material, place), tuple[Answer, ...])
    document = line_of(replace(material, **{place: encode((*known, text))}), manner_of(look), Memory()).document
    assert b"as al***" in document
    assert b"alice" not in document


def test_local_parts_are_cut_in_what_hosts_answered_as_well() -> None:
    text = Answer(
        question=Question(name="_25._tcp.a.test", rrtype=RecordType.TXT),
        status=AnswerStatus.FOUND,
        records=(TextRecord(text="ask alice@a.test", ttl=60),),
    )
    look = snapshot((mx((10, "a.test")), host("a.test", "192.0.2.1"), text))
    document = line_of(material_of(look, manner_of(look)), manner_of(look), Memory()).document
    assert b"al***@a.test" in document
    assert b"alice" not in document


def test_what_is_remembered_is_bounded_and_a_session_of_many_domains_is_read_once() -> None:
    memory = Memory(most_octets=1)
    manner = manner_of(_look())
    material = material_of(_look(), manner)
    first = memory.heard(material.visits[0].sessions or b"")
    assert memory.heard(material.visits[0].sessions or b"") is first
    memory.heard(material.visits[1].sessions or b"")
    assert memory.heard(material.visits[0].sessions or b"") is not first


def test_what_was_not_needed_for_longest_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mxprobe.jobs.survey.remembered.MOST_VALUES", 2)
    memory = Memory()
    first, second, third = (encode((host(name, "192.0.2.1"),)) for name in ("a.test", "b.test", "c.test"))
    known = memory.hosts(first), memory.hosts(second)
    assert memory.hosts(first) is known[0]
    memory.hosts(third)
    assert memory.hosts(first) is known[0]
    assert memory.hosts(second) is not known[1]

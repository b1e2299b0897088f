"""A zone file answers as the lab's name server does that serves it, whatever is asked."""

from hypothesis import given
from hypothesis import strategies as st

from mxprobe.facts.dns import AnswerStatus, Question, RecordType
from mxprobe.lab.nameserver import NameServer
from mxprobe.scenario.zoneanswers import answer_question
from mxprobe.scenario.zonefile import read_zone_file
from mxprobe.wire.responses import make_query, read_response

HEAD = "@ 300 IN SOA ns hostmaster 1 3600 900 604800 60\n@ 300 IN NS ns\nns 300 IN A 192.0.2.53\n"
LABELS = st.sampled_from(["a", "b", "mx", "*"])
NAMES = st.lists(LABELS, min_size=1, max_size=3).map(".".join).filter(lambda name: "*" not in name[1:])
DATA = st.sampled_from(["A 192.0.2.1", "AAAA 2001:db8::1", "MX 10 a", 'TXT "x" "y z"', "CNAME a.b", "CNAME mx"])
RECORDS = st.lists(st.tuples(NAMES, DATA), max_size=6)
ASKED = st.lists(st.sampled_from(["a", "b", "mx", "c"]), max_size=4)
KINDS = st.sampled_from([RecordType.A, RecordType.AAAA, RecordType.MX, RecordType.TXT, RecordType.CNAME, RecordType.NS])


@given(records=RECORDS, asked=ASKED, rrtype=KINDS)
def test_a_zone_file_answers_as_its_server_would(
    records: list[tuple[str, str]], asked: list[str], rrtype: RecordType
) -> None:
    aliases = {name for name, data in records if data.startswith("CNAME")}
    single = dict.fromkeys(aliases)
    text = HEAD
    for name, data in records:
        if name in single:
            data = single[name] = single[name] or next(d for n, d in records if n == name and d.startswith("CNAME"))
        text += f"{name} 300 IN {data}\n"
    question = Question(name=".".join([*asked, "example.test"]), rrtype=rrtype)
    query = make_query(question)
    wire = NameServer({"example.test": text}).answer(query, lambda _: (), over_tcp=True)
    assert wire is not None
    theirs = read_response(wire, query, question).answer

    ours = answer_question(read_zone_file(text, "example.test", "db"), question)

    assert ours.aliases == theirs.aliases
    if AnswerStatus.ALIAS_LOOP in (ours.status, theirs.status):
        assert ours.status is theirs.status
        return
    assert (ours.status, set(ours.records)) == (theirs.status, set(theirs.records))
    assert ours.negative_ttl == theirs.negative_ttl

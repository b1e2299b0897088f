"""Zones for SPF, written for these tests, and what a client comes to in each, by our evaluation and by pyspf's.

A zone has lines like `example.test TXT v=spf1 -all`; `SERVFAIL` in place of the data is a lookup that fails. What is
not in a zone does not exist.
"""

import re

from msgspec import Struct

from mxprobe.facts.dns import (
    AddressRecord,
    Answer,
    Answers,
    AnswerStatus,
    MxRecord,
    Question,
    Record,
    RecordType,
    TextRecord,
)
from mxprobe.mx.spf import Asking, Client, Found

FOUR, SIX = "198.51.100.7", "2001:db8::7"
PTR4 = "7.100.51.198.in-addr.arpa"
PTR6 = "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
HELO = "mail.client.test"


class Case(Struct, frozen=True, kw_only=True):
    """A client in a zone. `theirs` is what pyspf says where it departs from ours, `why` the reason."""

    name: str
    zone: str
    says: str
    address: str = FOUR
    sender: str = "alice@example.test"
    theirs: str = ""
    why: str = ""

    @property
    def client(self) -> Client:
        """Who sends."""
        local, _, domain = self.sender.rpartition("@")
        return Client(address=self.address, domain=domain, local=local or "postmaster", helo=HELO)


class Zone:
    """The records of a zone by name and type, and the names that exist."""

    def __init__(self, text: str) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        for line in filter(None, map(str.strip, text.splitlines())):
            name, rrtype, data = re.split(" ", line, maxsplit=2)
            self.records.setdefault((name, rrtype), []).append(data)
        self.names = {name for name, _ in self.records}

    def answer(self, question: Question) -> Answer:
        """What a resolver says."""
        found = self.records.get((question.name, question.rrtype.value))
        if found is None:
            status = AnswerStatus.NODATA if question.name in self.names else AnswerStatus.NXDOMAIN
            return Answer(question=question, status=status)
        if found == ["SERVFAIL"]:
            return Answer(question=question, status=AnswerStatus.SERVFAIL)
        records = tuple(_record(question.rrtype, data) for data in found)
        return Answer(question=question, status=AnswerStatus.FOUND, records=records)


def _record(rrtype: RecordType, data: str) -> Record:
    if rrtype is RecordType.MX:
        preference, exchange = data.split()
        return MxRecord(preference=int(preference), exchange=exchange, ttl=60)
    if rrtype in (RecordType.A, RecordType.AAAA):
        return AddressRecord(address=data, ttl=60)
    if rrtype is RecordType.TXT:
        escaped = "".join(one if " " <= one <= "~" else f"\\{ord(one):03d}" for one in data.replace('"', '\\"'))
        return TextRecord(text=f'"{escaped}"', ttl=60)
    return TextRecord(text=f"{data}.", ttl=60)


def play(asking: Asking[Found], zone: Zone) -> tuple[Found, list[Question]]:
    """How an evaluation ends in a zone, and what it asked."""
    asked: list[Question] = []
    try:
        question = next(asking)
        while True:
            asked.append(question)
            question = asking.send(zone.answer(question))
    except StopIteration as end:
        found: Found = end.value
        return found, asked


def known(zone: Zone, questions: list[Question]) -> Answers:
    """The answers of a zone to some questions."""
    return {question: zone.answer(question) for question in questions}


def _spf(record: str, *more: str) -> str:
    return "\n".join((f"example.test TXT {record}", *more))


def _case(name: str, says: str, record: str, *more: str, **rest: str) -> Case:
    return Case(name=name, says=says, zone=_spf(record, *more), **rest)


_MANY_A = tuple(f"a{number}.test A 192.0.2.{number}" for number in range(1, 13))
_MX11 = tuple(f"example.test MX {number} m{number}.test" for number in range(11))
_MX10 = tuple(f"example.test MX {number} m{number}.test" for number in range(10))
_HOSTS = tuple(f"m{number}.test A 192.0.2.{number + 1}" for number in range(11))
_A10 = " ".join(f"a:a{number}.test" for number in range(1, 11))

SAME: tuple[Case, ...] = (
    # which record
    Case(name="no-such-domain", zone="other.test TXT v=spf1 -all", says="none"),
    Case(name="no-record", zone="example.test TXT hello", says="none"),
    _case("bare-version", "neutral", "v=spf1"),
    _case("version-in-capitals", "fail", "V=SPF1 -ALL"),
    _case("another-version", "none", "v=spf10 -all"),
    _case("version-with-a-tail", "none", "v=spf1-all"),
    _case("beside-other-texts", "pass", "v=spf1 +all", "example.test TXT verify=1"),
    _case("two-records", "permerror", "v=spf1 -all", "example.test TXT v=spf1 +all"),
    _case("lookup-fails", "temperror", "SERVFAIL"),
    _case("single-label-domain", "none", "v=spf1 +all", sender="alice@localhost"),
    _case("beyond-ascii", "permerror", "v=spf1 a:caf\xe9.test -all"),
    # qualifiers and all
    _case("pass", "pass", "v=spf1 +all"),
    _case("default-is-pass", "pass", "v=spf1 all"),
    _case("fail", "fail", "v=spf1 -all"),
    _case("softfail", "softfail", "v=spf1 ~all"),
    _case("neutral", "neutral", "v=spf1 ?all"),
    _case("the-first-match-decides", "softfail", f"v=spf1 ~ip4:{FOUR} -all"),
    _case("several-spaces", "fail", "v=spf1   -all  "),
    _case("no-match-is-neutral", "neutral", "v=spf1 ip4:192.0.2.1"),
    _case("all-with-a-domain", "permerror", "v=spf1 -all:example.test"),
    _case("unknown-mechanism", "permerror", "v=spf1 +all moo"),
    _case("an-error-behind-all", "permerror", "v=spf1 +all ip4:1.2.3"),
    _case("a-tab-parts-nothing", "permerror", "v=spf1 a\t-all"),
    # addresses
    _case("ip4", "pass", f"v=spf1 ip4:{FOUR} -all"),
    _case("ip4-block", "pass", "v=spf1 ip4:198.51.100.0/24 -all"),
    _case("ip4-block-by-any-address-in-it", "pass", "v=spf1 ip4:198.51.100.255/24 -all"),
    _case("ip4-everything", "pass", "v=spf1 ip4:0.0.0.0/0 -all"),
    _case("ip4-beside", "fail", "v=spf1 ip4:198.51.100.8/30 -all"),
    _case("ip4-too-long", "permerror", "v=spf1 ip4:198.51.100.0/33 -all"),
    _case("ip4-with-a-zero", "permerror", "v=spf1 ip4:198.051.100.7 -all"),
    _case("ip4-with-nothing", "permerror", "v=spf1 ip4 -all"),
    _case("ip4-with-three-octets", "permerror", "v=spf1 ip4:198.51.100 -all"),
    _case("ip4-length-with-a-zero", "permerror", "v=spf1 ip4:198.51.100.0/024 -all"),
    _case("ip6", "pass", f"v=spf1 ip6:{SIX} -all", address=SIX),
    _case("ip6-block", "pass", "v=spf1 ip6:2001:db8::/32 -all", address=SIX),
    _case("ip6-in-capitals", "pass", "v=spf1 IP6:2001:DB8::/32 -ALL", address=SIX),
    _case("ip6-for-a-client-of-the-other-family", "fail", "v=spf1 ip6:::/0 -all"),
    _case("ip4-for-a-client-of-the-other-family", "fail", "v=spf1 ip4:0.0.0.0/0 -all", address=SIX),
    _case("ip6-too-long", "permerror", "v=spf1 ip6:2001:db8::/129 -all"),
    _case("ip6-that-is-none", "permerror", "v=spf1 ip6:2001:db8:zz:: -all"),
    _case("mapped-address", "pass", f"v=spf1 ip4:{FOUR} -all", address=f"::ffff:{FOUR}"),
    # a and mx
    _case("a", "pass", "v=spf1 a -all", f"example.test A {FOUR}"),
    _case("a-elsewhere", "pass", "v=spf1 a:out.test -all", f"out.test A {FOUR}"),
    _case("a-in-capitals-with-a-dot", "pass", "v=spf1 A:OUT.test. -all", f"out.test A {FOUR}"),
    _case("a-near", "pass", "v=spf1 a:out.test/24 -all", "out.test A 198.51.100.200"),
    _case("a-of-six", "pass", "v=spf1 a:out.test//64 -all", "out.test AAAA 2001:db8::1", address=SIX),
    _case("a-of-both", "pass", "v=spf1 a:out.test/31//32 -all", "out.test AAAA 2001:db8:1::", address=SIX),
    _case("a-absent", "fail", "v=spf1 a:none.test -all"),
    _case("a-fails", "temperror", "v=spf1 a:out.test -all", "out.test A SERVFAIL"),
    _case("a-fails-behind-a-match", "pass", "v=spf1 +all a:out.test", "out.test A SERVFAIL"),
    _case("a-too-long", "permerror", "v=spf1 a/33 -all"),
    _case("a-six-too-long", "permerror", "v=spf1 a//129 -all"),
    _case("a-with-a-label-of-digits", "permerror", "v=spf1 a:192.0.2.1 -all"),
    _case("a-with-one-label", "permerror", "v=spf1 a:museum -all"),
    _case("a-with-a-port", "permerror", "v=spf1 a:out.test:25 -all"),
    _case("a-with-nothing-behind-the-colon", "permerror", "v=spf1 a: -all"),
    _case("a-with-a-hyphen-at-the-end", "permerror", "v=spf1 a:out.test- -all"),
    _case("a-length-with-a-zero", "permerror", "v=spf1 a:out.test/024 -all"),
    _case("mx", "pass", "v=spf1 mx -all", "example.test MX 10 mx1.test", f"mx1.test A {FOUR}"),
    _case(
        "mx-second",
        "pass",
        "v=spf1 mx:other.test -all",
        "other.test MX 10 mx1.test",
        "other.test MX 20 mx2.test",
        "mx1.test A 192.0.2.1",
        f"mx2.test A {FOUR}",
    ),
    _case("mx-near", "pass", "v=spf1 mx/24 -all", "example.test MX 10 mx1.test", "mx1.test A 198.51.100.1"),
    _case("mx-is-not-implicit", "fail", "v=spf1 mx -all", f"example.test A {FOUR}"),
    _case("mx-of-eleven", "permerror", "v=spf1 mx -all", *_MX11, *_HOSTS),
    _case("mx-of-ten", "fail", "v=spf1 mx -all", *_MX10, *_HOSTS),
    _case("mx-fails", "temperror", "v=spf1 mx -all", "example.test MX SERVFAIL"),
    # include
    _case("include", "pass", "v=spf1 include:other.test -all", "other.test TXT v=spf1 +all"),
    _case("include-that-fails-is-no-match", "softfail", "v=spf1 include:other.test ~all", "other.test TXT v=spf1 -all"),
    _case(
        "include-with-another-sign", "fail", "v=spf1 -include:other.test +all", "other.test TXT v=spf1 ?ip4:1.1.1.1 all"
    ),
    _case("include-without-a-record", "permerror", "v=spf1 include:other.test -all", "other.test A 192.0.2.1"),
    _case("include-of-nobody", "permerror", "v=spf1 include:other.test -all"),
    _case("include-of-an-error", "permerror", "v=spf1 include:other.test +all", "other.test TXT v=spf1 moo"),
    _case("include-that-cannot-be-asked", "temperror", "v=spf1 include:other.test +all", "other.test TXT SERVFAIL"),
    _case("include-of-nothing", "permerror", "v=spf1 include -all"),
    _case("include-with-a-length", "permerror", "v=spf1 include:other.test/24 -all", "other.test TXT v=spf1 +all"),
    _case("include-behind-a-match", "pass", f"v=spf1 ip4:{FOUR} include:none.test -all"),
    _case(
        "a-means-the-included-domain", "pass", "v=spf1 include:o.test -all", "o.test TXT v=spf1 a", f"o.test A {FOUR}"
    ),
    # redirect and other modifiers
    _case("redirect", "softfail", "v=spf1 redirect=other.test", "other.test TXT v=spf1 ~all"),
    _case("redirect-stands-anywhere", "pass", f"v=spf1 redirect=other.test ip4:{FOUR}", "other.test TXT v=spf1 -all"),
    _case("redirect-beside-all", "fail", "v=spf1 redirect=other.test -all", "other.test TXT v=spf1 +all"),
    _case("redirect-to-nothing", "permerror", "v=spf1 redirect=other.test"),
    _case("redirect-twice", "permerror", "v=spf1 redirect=a.test redirect=b.test"),
    _case("redirect-empty", "permerror", "v=spf1 redirect="),
    _case(
        "redirect-in-include",
        "pass",
        "v=spf1 include:o.test -all",
        "o.test TXT v=spf1 redirect=p.test",
        "p.test TXT v=spf1 +all",
    ),
    _case(
        "redirect-of-redirect",
        "pass",
        "v=spf1 redirect=o.test",
        "o.test TXT v=spf1 redirect=p.test",
        "p.test TXT v=spf1 +all",
    ),
    _case("exp-is-no-mechanism", "fail", "v=spf1 -all exp=why.test", "why.test TXT because"),
    _case("exp-twice", "permerror", "v=spf1 -all exp=a.test exp=b.test"),
    _case("exp-empty", "permerror", "v=spf1 -all exp="),
    _case("unknown-modifier", "fail", "v=spf1 moo=100 -all"),
    _case("unknown-modifier-with-a-bad-macro", "permerror", "v=spf1 moo=%(d) -all"),
    # exists, ptr
    _case("exists", "pass", "v=spf1 exists:there.test -all", "there.test A 127.0.0.2"),
    _case("exists-not", "fail", "v=spf1 exists:there.test -all"),
    _case("exists-asks-for-four", "pass", "v=spf1 exists:there.test -all", "there.test A 127.0.0.2", address=SIX),
    _case("exists-of-nothing", "permerror", "v=spf1 exists -all"),
    _case("exists-with-a-length", "permerror", "v=spf1 exists:there.test/24 -all"),
    _case("ptr", "pass", "v=spf1 ptr -all", f"{PTR4} PTR mail.example.test", f"mail.example.test A {FOUR}"),
    _case("ptr-of-six", "pass", "v=spf1 ptr -all", f"{PTR6} PTR example.test", f"example.test AAAA {SIX}", address=SIX),
    _case("ptr-elsewhere", "pass", "v=spf1 ptr:isp.test -all", f"{PTR4} PTR c.isp.test", f"c.isp.test A {FOUR}"),
    _case("ptr-of-another", "fail", "v=spf1 ptr:isp.test -all", f"{PTR4} PTR c.noisp.test", f"c.noisp.test A {FOUR}"),
    _case(
        "ptr-that-does-not-lead-back",
        "fail",
        "v=spf1 ptr -all",
        f"{PTR4} PTR mail.example.test",
        "mail.example.test A 192.0.2.1",
    ),
    _case("ptr-with-a-length", "permerror", "v=spf1 ptr/0 -all"),
    # macros
    _case("macro-d", "pass", "v=spf1 exists:%{d}.list.test -all", "example.test.list.test A 127.0.0.2"),
    _case("macro-i", "pass", "v=spf1 exists:%{i}.list.test -all", f"{FOUR}.list.test A 127.0.0.2"),
    _case(
        "macro-ir-v", "pass", "v=spf1 exists:%{ir}.%{v}.list.test -all", "7.100.51.198.in-addr.list.test A 127.0.0.2"
    ),
    _case(
        "macro-i-of-six",
        "pass",
        "v=spf1 exists:%{ir}.%{v}.arpa.list.test -all",
        f"{PTR6}.list.test A 127.0.0.2",
        address=SIX,
    ),
    _case("macro-l", "pass", "v=spf1 exists:%{l}.list.test -all", "alice.list.test A 127.0.0.2"),
    _case(
        "macro-l-cut",
        "pass",
        "v=spf1 exists:%{l1r-}.list.test -all",
        "strong.list.test A 127.0.0.2",
        sender="strong-bad@example.test",
    ),
    _case(
        "macro-l-joined-by-dots",
        "pass",
        "v=spf1 exists:%{lr-}.list.test -all",
        "bad.strong.list.test A 127.0.0.2",
        sender="strong-bad@example.test",
    ),
    _case("macro-s", "pass", "v=spf1 exists:%{s}.list.test -all", "alice\\@example.test.list.test A 127.0.0.2"),
    _case(
        "macro-o-in-include",
        "pass",
        "v=spf1 include:o.test -all",
        "o.test TXT v=spf1 exists:%{o}.%{d}",
        "example.test.o.test A 127.0.0.2",
    ),
    _case(
        "macro-d2",
        "pass",
        "v=spf1 a:%{d2} -all",
        f"example.test A {FOUR}",
        "mail.example.test TXT v=spf1 a:%{d2} -all",
        sender="a@mail.example.test",
    ),
    _case("macro-h", "pass", "v=spf1 exists:%{h}.list.test -all", f"{HELO}.list.test A 127.0.0.2"),
    _case(
        "macro-p",
        "pass",
        "v=spf1 exists:%{p}.list.test -all",
        f"{PTR4} PTR mail.example.test",
        f"mail.example.test A {FOUR}",
        "mail.example.test.list.test A 127.0.0.2",
    ),
    _case("macro-p-unknown", "pass", "v=spf1 exists:%{p}.list.test -all", "unknown.list.test A 127.0.0.2"),
    _case("macro-percent", "pass", "v=spf1 exists:a%%b.list.test -all", "a%b.list.test A 127.0.0.2"),
    _case("macro-url", "pass", "v=spf1 exists:a%-b.list.test -all", "a%20b.list.test A 127.0.0.2"),
    _case(
        "macro-escaped",
        "pass",
        "v=spf1 exists:%{L}.list.test -all",
        "a%2bb.list.test A 127.0.0.2",
        sender="a+b@example.test",
    ),
    _case("macro-without-a-letter", "permerror", "v=spf1 exists:%{}.list.test -all"),
    _case("macro-unknown", "permerror", "v=spf1 exists:%{z}.list.test -all"),
    _case("macro-of-texts", "permerror", "v=spf1 exists:%{c}.list.test -all"),
    _case("percent-at-the-end", "permerror", "v=spf1 exists:list.test% -all"),
    _case("a-label-too-long", "fail", "v=spf1 exists:%{l}.list.test -all", sender=f"{'a' * 64}@example.test"),
    _case(
        "a-capital-sender",
        "pass",
        "v=spf1 exists:%{l}.list.test -all",
        "alice.list.test A 127.0.0.2",
        sender="ALICE@example.test",
    ),
    # limits
    _case("ten-terms", "pass", f"v=spf1 {_A10} +all", *_MANY_A),
    _case("eleven-terms", "permerror", f"v=spf1 {_A10} a:a11.test +all", *_MANY_A),
    _case("eleven-terms-behind-a-match", "pass", f"v=spf1 ip4:{FOUR} {_A10} a:a11.test -all", *_MANY_A),
    _case("two-in-vain", "pass", "v=spf1 a:x.test a:y.test +all"),
    _case("three-in-vain", "permerror", "v=spf1 a:x.test a:y.test exists:z.test +all"),
    _case(
        "include-of-itself-by-another",
        "permerror",
        "v=spf1 include:o.test -all",
        "o.test TXT v=spf1 include:example.test",
    ),
    _case("redirect-in-a-circle", "permerror", "v=spf1 redirect=o.test", "o.test TXT v=spf1 redirect=example.test"),
)
"""Cases in which pyspf agrees."""

_LONG = ".".join("a" * 50 for _ in range(4))

DIFFERENT: tuple[Case, ...] = (
    _case(
        "a-modifier-that-stands-twice",
        "fail",
        "v=spf1 moo=1 moo=2 -all",
        theirs="permerror",
        why="unknown modifiers are ignored no matter how often they stand (RFC 7208 §6)",
    ),
    _case(
        "ten-terms-and-a-redirect-that-is-not-used",
        "pass",
        f"v=spf1 {_A10} +all redirect=other.test",
        *_MANY_A,
        theirs="permerror",
        why="a redirect beside all is ignored (RFC 7208 §6.1), so that it asks nothing",
    ),
    _case(
        "macro-joined-by-dots",
        "pass",
        "v=spf1 exists:%{d-}.list.test -all",
        "my.host.test.list.test A 127.0.0.2",
        "my-host.test TXT v=spf1 exists:%{d-}.list.test -all",
        sender="alice@my-host.test",
        theirs="fail",
        why="the parts of any macro are joined by dots (RFC 7208 §7.3); pyspf keeps the delimiters of %{d}",
    ),
    _case(
        "macro-of-no-part",
        "permerror",
        "v=spf1 exists:%{d0}.list.test -all",
        theirs="fail",
        why="a number of parts is not zero (RFC 7208 §7.3)",
    ),
    _case(
        "macro-that-does-not-close",
        "permerror",
        "v=spf1 exists:%{d.list.test -all",
        theirs="fail",
        why="a macro has a closing brace (RFC 7208 §7.1)",
    ),
    _case(
        "mx-hosts-in-vain",
        "fail",
        "v=spf1 mx -all",
        *(f"example.test MX {number} m{number}.test" for number in range(4)),
        theirs="permerror",
        why="terms are counted, not the questions of one (RFC 7208 §4.6.4)",
    ),
    _case(
        "a-name-too-long-by-far",
        "pass",
        "v=spf1 exists:%{l}.%{l}.list.test -all",
        f"{_LONG}.list.test A 127.0.0.2",
        sender=f"{_LONG}@example.test",
        theirs="fail",
        why="labels are left out until the name fits (RFC 7208 §7.3); pyspf leaves out one",
    ),
    _case(
        "include-of-itself",
        "fail",
        "v=spf1 -ip4:198.51.100.7 include:example.test",
        theirs="permerror",
        why="only what is evaluated recurses; a term behind a match does not (RFC 7208 §4.6.2)",
    ),
)
"""Cases in which pyspf departs from the standard."""

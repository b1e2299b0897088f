"""Lines to paste: every one of them is what it says it is, and those that are pasted make the finding go away."""

import re

import dns.rdatatype
import dns.zonefile
import pytest
from msgspec.structs import replace

from mxprobe.facts.finding import Finding
from mxprobe.mx.mtasts import Policy, read_policy
from tests.lab.test_judged import CASES, PLAIN, Case
from tests.support.judged import FLAWLESS, MX1, Domain, look_at

RECORD = re.compile(r"(?P<owner>\S+)\. (?P<ttl>\d+) IN (?P<rrtype>[A-Z]+) (?P<data>.+)")
SETTING = re.compile(r"[a-z0-9_]+ = \S.*")
OF_POLICY = re.compile(r"(version: STSv1|mode: (enforce|testing)|mx: [a-z0-9.*-]+|max_age: \d+)")
POSTFIX = "220 mx1.example.test ESMTP Postfix"
OF_MAILERS = [
    Case(code="MX701", fault=PLAIN.host(MX1, kind=None, banner=POSTFIX), near=FLAWLESS, raises={}),
    Case(code="MX610", fault=FLAWLESS.host(MX1, banner="220 localhost ESMTP Exim 4.98"), near=FLAWLESS, raises={}),
]
LEAST = 20


def _pasted(domain: Domain, code: str, **wishes: object) -> tuple[Finding, ...]:
    """The findings of a rule that have lines to paste."""
    judgements = look_at(domain, **wishes).judgements
    found = [one for judgement in judgements if judgement.code == code for one in judgement.findings]
    return tuple(one for one in found if one.paste)


def _records(lines: tuple[str, ...]) -> list[dict[str, str]]:
    return [match.groupdict() for line in lines if (match := RECORD.fullmatch(line))]


def _check(lines: tuple[str, ...]) -> None:
    """Every line is a comment, a record that dnspython reads, a line of a policy or a setting of the mailer named."""
    heading = ""
    for line in lines:
        if line.startswith(("#", ";")):
            heading = line
            continue
        if match := RECORD.fullmatch(line):
            (rrset,) = dns.zonefile.read_rrsets(line, rdclass=None, default_rdclass="IN")
            assert rrset.rdtype == dns.rdatatype.from_text(match["rrtype"])
            assert rrset.name.to_text() == f"{match['owner']}."
        elif "mta-sts.txt" in heading:
            assert OF_POLICY.fullmatch(line), line
        else:
            assert "main.cf" in heading or "main section" in heading, line
            assert SETTING.fullmatch(line), line


def test_every_line_is_one_that_can_be_pasted_and_twenty_rules_have_some() -> None:
    codes = set()
    for case in (*CASES, *OF_MAILERS):
        for found in _pasted(case.fault, case.code, **case.wishes):
            _check(found.paste)
            codes.add(found.code)

    assert len(codes) >= LEAST, sorted(codes)


def test_a_flawless_domain_has_nothing_to_paste() -> None:
    assert [one for judgement in look_at(FLAWLESS).judgements for one in judgement.findings if one.paste] == []


def _apply(domain: Domain, lines: tuple[str, ...]) -> Domain:
    """The domain when the lines were pasted: records of one name and type make way, of texts those of one kind."""
    for owner, rrtype in dict.fromkeys((one["owner"], one["rrtype"]) for one in _records(lines)):
        new = [one for one in _records(lines) if (one["owner"], one["rrtype"]) == (owner, rrtype)]
        texts = [f"{one['ttl']} {rrtype} {one['data']}" for one in new]
        start = f"TXT {new[0]['data'].split('=')[0]}=" if rrtype == "TXT" else f"{rrtype} "
        if rrtype == "PTR":
            address = ".".join(reversed(owner.removesuffix(".in-addr.arpa").split(".")))
            domain = domain.named(address, *(f"PTR {one['data']}" for one in new))
            continue
        kept = [text for text in domain.records.get(owner, ()) if not text.lstrip("0123456789 ").startswith(start)]
        domain = domain.at(owner, *kept, *texts)
    body = "\n".join(line for line in lines if OF_POLICY.fullmatch(line))
    if body:
        policy = read_policy(f"{body}\n".encode())
        assert isinstance(policy, Policy)
        domain = replace(domain, policy=policy, react=lambda moment: ())
    return domain


APPLIED = [
    *("MX104", "MX107", "MX112", "MX113", "MX201", "MX202", "MX311", "MX401", "MX751", "MX754", "MX755", "MX757"),
    *("MX771", "MX774", "MX775", "MX783", "MX850", "MX855", "MX857", "MX880", "MX881"),
]


@pytest.mark.parametrize("code", APPLIED)
def test_what_is_pasted_makes_the_finding_go_away(code: str) -> None:
    applied = 0
    for case in CASES:
        if case.code != code:
            continue
        found = _pasted(case.fault, code, **case.wishes)
        mended = case.fault
        for one in found:
            mended = _apply(mended, one.paste)
        if found:
            after = look_at(mended, **case.wishes)
            assert code not in after.found, (code, found[0].paste)
            applied += 1

    assert applied, f"no case of {code} has anything to paste"

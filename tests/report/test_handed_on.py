"""What SPF says of the domain's own mail that a backup hands on, told beside what a probe cannot see."""

import pytest

from tests.support.judged import FLAWLESS, MX1, MX2, look_at


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (f"v=spf1 ip4:{MX1} ~all", f"mx2.example.test {MX2}: softfail (by ~all)"),
        (f"v=spf1 -ip4:{MX2} mx -all", f"mx2.example.test {MX2}: fail (by -ip4:{MX2})"),
        ("v=spf1 mx -all", ""),
        ("v=spf1 ?all", ""),
        ("something else", ""),
    ],
)
def test_mail_that_a_backup_hands_on_is_told_where_it_fails(record: str, says: str) -> None:
    domain = FLAWLESS.without("example.test", "TXT").plus("example.test", f'TXT "{record}"')
    text = " ".join(look_at(domain).text.split())

    assert says in text
    assert ("that a backup hands on fails SPF" in text) == bool(says)

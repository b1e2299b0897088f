"""A domain's own zone as a stage: what it says of mail, where its hosts are, and what cannot be right in it."""

import pytest
from click.testing import CliRunner

from mxprobe.cli import main
from mxprobe.errors import InputError
from mxprobe.scenario.load import Around, load
from mxprobe.scenario.mistakes import check_zone
from mxprobe.scenario.zone import Over, read_zone, restage

ZONE = """\
$TTL 3600
@ IN SOA ns1 hostmaster 1 3600 900 604800 300
@ IN MX 10 mx1
@ IN MX 20 mail
@ IN MX 30 gone
@ IN MX 40 backup.provider.test.
mx1 IN A 192.0.2.10
    IN AAAA 2001:db8::10
mail IN CNAME server
server IN A 192.0.2.20
@ IN A 192.0.2.80
"""
PAIR = ZONE.replace("@ IN MX 30 gone\n", "").replace("@ IN MX 20 mail", "@ IN MX 20 server")
ROLES = """\
story: A story of roles.
steps:
  - {at: 0m, break: primary, with: tcp-refuse, for: 1h}
  - {at: 1m, send: hello, to: anyone}
expect:
  hello: {tried: [primary, backup], arrived: {in: mailbox, after: 1h, before: 4h}}
"""


def test_a_zone_says_which_hosts_there_are_and_which_are_not() -> None:
    stage = read_zone(ZONE, "example.test", "db")

    assert [name for _, name in stage.mx] == [
        "mx1.example.test",
        "mail.example.test",
        "gone.example.test",
        "backup.provider.test",
    ]
    assert dict(stage.homes) == {
        "mx1.example.test": ("192.0.2.10", "2001:db8::10"),
        "mail.example.test": ("192.0.2.20",),
        "example.test": ("192.0.2.80",),
    }
    assert stage.absent == ("gone.example.test",)


def test_other_addresses_take_the_place_of_its_own_behind_aliases_too() -> None:
    addresses: dict[str, tuple[str, ...]] = {"mx1.example.test": ("127.1.1.1",), "mail.example.test": ("127.1.1.2",)}
    stage = read_zone(restage(ZONE, "example.test", addresses), "example.test", "db")

    assert dict(stage.homes)["mx1.example.test"] == ("127.1.1.1",)
    assert dict(stage.homes)["mail.example.test"] == ("127.1.1.2",)


def test_a_story_of_roles_fits_any_zone_and_has_a_stage_of_its_own() -> None:
    alone = load(ROLES, "roles.yaml")
    over = load(
        ROLES, "roles.yaml", Around(over=Over(domain="example.org", text="@ 60 IN MX 5 mx.other.test.", path="db"))
    )

    assert alone.chain == ((10, "mx1.example.test"), (20, "mx2.example.test"))
    assert over.chain == ((5, "mx.other.test"),)
    assert over.recipients == ("anyone@example.org",)


@pytest.mark.parametrize(
    ("zone", "says"),
    [
        (ZONE, "db:5: MX 30 gone.example.test names a host that has no address in this zone"),
        ("@ 60 IN MX ten mx1\n", "db:1: the zone of example.test cannot be read"),
        ("www 60 IN A 192.0.2.1\n", "neither an MX record nor an address"),
        ("$INCLUDE /etc/passwd\n", "cannot be read"),
    ],
)
def test_a_zone_that_cannot_be_right_is_refused_with_its_line(zone: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        check_zone(Over(domain="example.test", text=zone, path="db"))

    assert says in str(caught.value)


def test_stories_are_played_over_a_zone_from_a_file_and_from_stdin(tmp_path) -> None:  # type: ignore[no-untyped-def]
    story, zone = tmp_path / "roles.yaml", tmp_path / "db"
    story.write_text(ROLES)
    zone.write_text(PAIR)

    words = ["run", str(story), "--domain", "example.test", "--zone"]
    from_file = CliRunner().invoke(main, [*words, str(zone)])
    from_stdin = CliRunner().invoke(main, [*words, "-"], input=PAIR)
    broken = CliRunner().invoke(main, [*words, str(tmp_path / "none")])
    alone = CliRunner().invoke(main, ["run", str(story), "--zone", str(zone)])

    assert from_file.exit_code == 0, from_file.output
    assert from_stdin.exit_code == 0, from_stdin.output
    assert broken.exit_code == 2
    assert (alone.exit_code, "--domain" in alone.output) == (2, True)

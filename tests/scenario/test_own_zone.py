"""Zones as people publish them: a sound one plays every standard story, and a planted mistake is named at its line."""

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec import Struct

from mxprobe.cli import main

ZONES = Path(__file__).parent / "zones"
SOUND = sorted(path.stem for path in ZONES.glob("*.zone"))
DOMAIN = "shop.test"


def _run(*words: str) -> Result:
    return CliRunner().invoke(main, ["run", "--jobs", "1", *words])


def test_there_are_zones_of_providers_of_one_s_own_and_of_both() -> None:
    assert SOUND == ["google", "google-single", "microsoft", "mixed", "own"]


@pytest.mark.slow
@pytest.mark.parametrize("name", SOUND)
def test_a_sound_zone_plays_all_standard_stories(name: str) -> None:
    result = _run("--zone", str(ZONES / f"{name}.zone"), "--domain", DOMAIN)

    assert result.exit_code == 0, result.output
    assert "standard stories" in result.output
    assert "all as expected" in result.output
    assert ("not played" in result.output) == (name in ("google", "google-single", "microsoft"))


class Planted(Struct, frozen=True):
    """A mistake: in which zone, what is written in place of what, and the words with which it is named."""

    zone: str
    written: str
    instead_of: str
    says: tuple[str, ...]
    story: str = "quiet-day"
    hosts: str = ""
    status: int = 1


NO_DOT = "Without a final dot a name is completed by the zone's. A final dot says that it is whole: "
PLANTED = {
    "google, no final dot": Planted(
        "google",
        "aspmx.l.google.com",
        "aspmx.l.google.com.",
        ("db:10: MX 1 aspmx.l.google.com.shop.test names a host that has no address in this zone", NO_DOT),
        status=2,
    ),
    "google, null MX in company": Planted(
        "google", "0 .", "10 alt3.aspmx.l.google.com.", ("db:13: a null MX says", "Remove this record"), status=2
    ),
    "google, one name server": Planted(
        "google",
        "",
        "        IN NS   ns2.dns-host.test.\n",
        ("cause   db:7  @ IN NS ns1.dns-host.test.  the only name server",),
        "name-server-down",
    ),
    "google-single, no final dot": Planted(
        "google-single", "smtp.google.com", "smtp.google.com.", ("db:6: MX 1", f"{NO_DOT}smtp.google.com."), status=2
    ),
    "google-single, name servers at one address": Planted(
        "google-single",
        "192.0.2.53",
        "198.51.100.53",
        ("db:4  @ IN NS ns1  down with every other name server, the address of ns2 as well", "db:5  @ IN NS ns2"),
        "name-server-down",
    ),
    "google-single, the old host is still the best": Planted(
        "google-single",
        "IN MX   0 old\nold IN A 192.0.2.99\n@ IN MX 1",
        "IN MX   1",
        ("cause   db:6  @ IN MX 0 old  the best preference, and always tcp-black-hole",),
        hosts="  old: {always: tcp-black-hole}\n",
    ),
    "microsoft, no final dot": Planted(
        "microsoft",
        "outlook.com\n",
        "outlook.com.\n",
        ("db:6: MX 0", f"{NO_DOT}shop-test.mail.protection.outlook.com."),
        status=2,
    ),
    "microsoft, an alias": Planted(
        "microsoft",
        "MX 0 mail\nmail 3600 IN CNAME shop-test.mail.protection.outlook.com.\n",
        "MX   0 shop-test.mail.protection.outlook.com.\n",
        ("db:6: MX 0 mail.shop.test names an alias (line 7:", "RFC 2181 §10.3", "Name the host itself: shop-test.mail"),
        status=2,
    ),
    "microsoft, the old host is still the best": Planted(
        "microsoft",
        "MX 0 exchange\nexchange 3600 IN A 192.0.2.99\n@ 3600 IN MX 10",
        "MX   0",
        ("cause   db:6  @ 3600 IN MX 0 exchange  the best preference, and always stopped",),
        hosts="  exchange: {always: stopped}\n",
    ),
    "own, one address": Planted(
        "own",
        "192.0.2.25\n        IN AAAA 2001:db8:1::25\nns1",
        "198.51.100.25\n        IN AAAA 2001:db8:2::25\nns1",
        (
            "expected to be accepted by mx2; accepted by mx1 at",
            "db:8   shop.test. IN MX 20 mx2.shop.test.",
            "db:13  mx2 IN A 192.0.2.25                 the address of mx1 as well",
        ),
        "refused",
    ),
    "own, one site": Planted(
        "own",
        "",
        "",
        ("db:13  mx2 IN A 198.51.100.25              same site as mx1 (hq)",),
        "site-power-loss",
        hosts="  mx1: {site: hq}\n  mx2: {site: hq}\n",
    ),
    "own, all name servers at the site of the first host": Planted(
        "own",
        "",
        "",
        ("db:5  @ IN NS ns1  down with every other name server, same site as mx1 (hq)", "db:6  @ IN NS ns2"),
        "site-power-loss",
        hosts="  mx1: {site: hq}\n  ns1: {site: hq}\n  ns2: {site: hq}\n",
    ),
    "own, an alias": Planted(
        "own",
        "mx1     IN CNAME ns1\nspare IN A    192.0.2.25\n",
        "mx1     IN A    192.0.2.25\n",
        ("db:7: MX 10 mx1.shop.test names an alias", "Name the host itself: ns1.shop.test."),
        status=2,
    ),
    "mixed, a name that nobody has": Planted(
        "mixed", "MX 10 mial.shop", "MX   10 mail.shop", ("db:7: MX 10 mial.shop.test", "an address for mial"), status=2
    ),
    "mixed, an address for a name": Planted(
        "mixed",
        "MX 10 192.0.2.25.",
        "MX   10 mail.shop",
        ("db:7: MX 10 192.0.2.25 names a host by an address", "Give 192.0.2.25 a name"),
        status=2,
    ),
    "mixed, too many dead addresses": Planted(
        "mixed",
        "mail " + "".join(f"  IN A 192.0.2.{number}\n" for number in range(26, 32)),
        "mail    IN A    192.0.2.25\n",
        ("db:8   @ IN MX 50 mxbackup1.backup-mx.test.  never asked: postfix tries 5 addresses", "db:11"),
        "refused",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_named_at_its_line(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = PLANTED[name]
    monkeypatch.chdir(tmp_path)
    sound = (ZONES / f"{planted.zone}.zone").read_text()
    assert planted.instead_of in sound
    Path("db").write_text(sound.replace(planted.instead_of, planted.written, 1))
    Path("plan.yaml").write_text(
        f"story: x\ndomain: {DOMAIN}\nzone: db\nplay: [standard/{planted.story}]\nsenders: [postfix]\n"
        + (f"hosts:\n{planted.hosts}" if planted.hosts else "")
    )

    result = _run("plan.yaml")

    assert result.exit_code == planted.status, result.output
    for words in planted.says:
        assert words in result.output


@pytest.mark.parametrize(("story", "zone"), [("refused", "own"), ("name-server-down", "google-single")])
def test_what_is_planted_is_what_fails(story: str, zone: str) -> None:
    result = _run("--zone", str(ZONES / f"{zone}.zone"), "--domain", DOMAIN, f"standard/{story}")

    assert result.exit_code == 0, result.output


def test_no_packet_leaves_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a socket was used")

    for name in ("connect", "connect_ex", "sendto", "sendmsg", "bind"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)

    result = _run("--zone", str(ZONES / "google.zone"), "--domain", DOMAIN, "standard/refused")

    assert result.exit_code == 0, result.output


def test_two_equal_hosts_and_a_backup_are_sound(tmp_path: Path) -> None:
    zone = tmp_path / "db"
    zone.write_text(
        "$TTL 60\n@ IN MX 10 a\n@ IN MX 10 b\n@ IN MX 20 mx.provider.test.\n"
        "a IN A 192.0.2.1\n  IN AAAA 2001:db8::1\nb IN A 192.0.2.2\n  IN AAAA 2001:db8::2\n"
    )

    result = _run("--zone", str(zone), "--domain", DOMAIN, "standard/quiet-day", "standard/one-host-down")

    assert result.exit_code == 0, result.output


def test_where_nothing_could_be_played_nothing_is_green() -> None:
    result = _run("--zone", str(ZONES / "google-single.zone"), "--domain", DOMAIN, "-k", "backup")

    assert result.exit_code == 2, result.output
    assert "nothing could be played (standard/backup" in " ".join(result.output.split())
    assert f"no host is a backup in the zone of {DOMAIN}" in " ".join(result.output.split())


def test_a_story_of_its_own_domain_is_not_played_over_another(tmp_path: Path) -> None:
    zone = str(ZONES / "google-single.zone")

    result = _run("--zone", zone, "--domain", DOMAIN, "outage/primary-refuses")

    assert result.exit_code == 2, result.output
    assert "this story has a domain of its own, and cannot be played over" in result.output

"""The job of looking at one domain, on real sockets of this machine: input, outcome, interruption."""

import asyncio
import gc
import os
import signal
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import dns.message
import dns.rdatatype
import dns.rrset
import pytest

from mxprobe.errors import InputError
from mxprobe.facts.dns import AnswerStatus
from mxprobe.facts.session import FailureKind
from mxprobe.facts.smtp import Phase
from mxprobe.facts.snapshot import Snapshot
from mxprobe.jobs.look import LookOptions, domain_of, look, make_request
from mxprobe.settings import Settings, load_settings
from tests.wire.hosts import Issued, issue, mail_host

RECORDS = {
    ("example.test.", "MX"): ("10 mx1.example.test.",),
    ("mx1.example.test.", "A"): ("127.0.0.1",),
}


class Nameserver(asyncio.DatagramProtocol):
    """Answers from RECORDS over UDP."""

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        query = dns.message.from_wire(data)
        response = dns.message.make_response(query)
        (question,) = query.question
        rrtype = dns.rdatatype.to_text(question.rdtype)
        if texts := RECORDS.get((question.name.to_text().lower(), rrtype)):
            response.answer.append(dns.rrset.from_text(question.name, 300, "IN", rrtype, *texts))
        self.transport.sendto(response.to_wire(), addr)  # type: ignore[arg-type]


class Silent(asyncio.Protocol):
    """Takes connections and says nothing."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport


@asynccontextmanager
async def example_test(host: Any) -> AsyncIterator[LookOptions]:
    """example.test on this machine; the options that lead there."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Nameserver, local_addr=("127.0.0.1", 0))
    server = await loop.create_server(host, "127.0.0.1", 0)
    try:
        yield LookOptions(
            nameservers=(f"127.0.0.1:{transport.get_extra_info('sockname')[1]}",),
            port=server.sockets[0].getsockname()[1],
            helo="probe.example.test",
            allow_special=True,
            timeout=5.0,
            attempts=1,
        )
    finally:
        transport.close()
        server.close()
        await asyncio.sleep(0)


def with_anchor(options: LookOptions, issued: Issued, folder: Path, **changes: Any) -> LookOptions:
    file = folder / "anchor.pem"
    file.write_bytes(issued.anchor)
    values = {name: getattr(options, name) for name in options.__struct_fields__}
    return LookOptions(**{**values, "cafile": file, **changes})


async def test_a_look_at_an_address_takes_its_domain_and_tells_all_turns(tmp_path: Path) -> None:
    issued = issue(begins=0.0, ends=4e9)
    async with example_test(mail_host(issued.context)) as options:
        looked = await look(
            "postmaster@Example.Test", with_anchor(options, issued, tmp_path, recipients=("alice@example.test",))
        )

    snapshot = looked.snapshot
    assert (snapshot.domain, snapshot.asked) == ("example.test", "postmaster@Example.Test")
    assert snapshot.answers[0].status is AnswerStatus.FOUND
    (visit,) = snapshot.visits
    (session,) = visit.sessions
    assert session.failure is None
    assert session.tls is not None
    assert session.tls.verdict.is_valid is True
    assert [turn.reply.code for turn in session.recipients if turn.reply] == [250]
    assert session.round_trips == 7
    assert looked.judgements
    assert looked.forecast is not None


async def test_a_host_that_is_gone_is_a_fact_and_no_error() -> None:
    async with example_test(Silent) as options:
        pass
    async with example_test(Silent) as there:
        values = {name: getattr(there, name) for name in there.__struct_fields__}
        looked = await look("example.test", LookOptions(**{**values, "port": options.port}))

    failure = looked.snapshot.visits[0].sessions[0].failure
    assert failure is not None
    assert (failure.kind, failure.phase) == (FailureKind.REFUSED, Phase.CONNECT)


def test_ctrl_c_gives_what_was_seen_promptly_and_leaves_no_socket() -> None:
    sockets = open_sockets()

    async def story() -> Any:
        loop = asyncio.get_running_loop()
        async with example_test(Silent) as options:
            loop.call_later(0.2, signal.raise_signal, signal.SIGINT)
            before = loop.time()
            looked = await look("example.test", options)
            assert loop.time() - before < 1
            return looked

    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        with asyncio.Runner() as runner:
            looked = runner.run(story())
        gc.collect()

    assert not looked.snapshot.complete
    assert looked.snapshot.answers
    assert looked.forecast is None
    assert open_sockets() == sockets


def open_sockets() -> int:
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        pytest.skip("this system does not list open descriptors")
    links = [os.readlink(entry) for entry in folder.iterdir() if entry.is_symlink()]
    return sum(link.startswith("socket:") for link in links)


@pytest.mark.parametrize(
    ("typed", "domain"),
    [
        ("example.test", "example.test"),
        (" Example.TEST. ", "example.test"),
        ("alice@example.test", "example.test"),
        ("münchen.example", "xn--mnchen-3ya.example"),
    ],
)
def test_a_domain_may_be_typed_in_these_ways(typed: str, domain: str) -> None:
    assert domain_of(typed) == domain


@pytest.mark.parametrize(
    "typed", ["", "ex ample", "a." * 150 + "test", "192.0.2.1", "[192.0.2.1]", "::1", "a..test", "@"]
)
def test_what_is_no_domain_is_refused_in_one_message(typed: str) -> None:
    with pytest.raises(InputError, match="is not a domain") as caught:
        domain_of(typed)
    assert caught.value.exit_status == 2
    assert len(caught.value.message) < 200


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"recipients": ("alice",)}, "user@domain"),
        ({"recipients": ("al ice@example.test",)}, "local part"),
        ({"recipients": ("a\r\nRSET@example.test",)}, "local part"),
        ({"recipients": ("a>@example.test",)}, "local part"),
        ({"recipients": ("å@example.test",)}, "beyond ASCII"),
        ({"mail_from": "x@"}, "address of a sender"),
        ({"helo": "a b"}, "EHLO"),
        ({"nameservers": ("ns1.example.test",)}, "name server"),
        ({"source": "here"}, "IP address"),
        ({"source": "::1", "families": (4,)}, "only IPv4"),
        ({"port": 0}, "port"),
        ({"port": 70000}, "port"),
        ({"timeout": -1.0}, "timeout"),
        ({"attempts": 0}, "attempts"),
        ({"matrix": True}, "--to you@example.test"),
        ({"matrix": True, "recipients": ("bob@elsewhere.test",)}, "no recipient of example.test"),
        ({"matrix": True, "recipients": ("bob@example.test",), "dns_only": True}, "--dry-run"),
        ({"patient": True, "recipients": ("bob@example.test",)}, "--patient .* goes with --matrix"),
        ({"force_shared": True}, "--force-shared .* goes with --matrix"),
    ],
)
def test_an_option_that_cannot_be_right_is_named(changes: dict[str, Any], words: str) -> None:
    options = LookOptions(**{"nameservers": ("127.0.0.1",), **changes})

    with pytest.raises(InputError, match=words):
        make_request("example.test", options, Settings())


def test_the_control_of_a_matrix_is_drawn_anew_each_time_and_can_be_given() -> None:
    def control(**changes: Any) -> str:
        options = LookOptions(nameservers=("127.0.0.1",), recipients=("a@example.test",), matrix=True, **changes)
        wish = make_request("example.test", options, Settings()).matrix
        assert wish is not None
        return wish.random

    assert len(control()) == 24
    assert control().isalnum()
    assert control() != control()
    assert control(random="known") == "known"


async def test_a_matrix_needs_the_record_of_the_domain_or_the_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"recipients": ("alice@example.test",), "matrix": True}
    announced: list[Snapshot] = []
    async with example_test(mail_host(None)) as options:
        values = {name: getattr(options, name) for name in options.__struct_fields__}
        with pytest.raises(InputError, match="there is no TXT record"):
            await look("example.test", LookOptions(**{**values, **asked}), announce=announced.append)
        assert announced == []
        owned = await look(
            "example.test", LookOptions(**{**values, **asked, "i_own_this": True}), announce=announced.append
        )
        monkeypatch.setitem(RECORDS, ("_mxprobe.example.test.", "TXT"), ('"v=mxprobe1; until=2999-12-31"',))
        allowed = await look("example.test", LookOptions(**{**values, **asked}), announce=announced.append)

    assert [one.snapshot.asked_about.allowed_by for one in (owned, allowed) if one.snapshot.asked_about] == [
        "--i-own-this",
        "_mxprobe.example.test",
    ]
    assert len(announced) == 2
    assert "MX800" in {finding.code for judgement in allowed.judgements for finding in judgement.findings}


async def test_a_name_server_that_does_not_answer_is_a_fact() -> None:
    async with example_test(Silent) as options:
        nowhere = LookOptions(nameservers=options.nameservers, dns_only=True)
    looked = await look("example.test", nowhere)

    assert looked.snapshot.answers[0].status is AnswerStatus.UNREACHABLE
    assert looked.snapshot.visits == ()
    assert looked.forecast is None


def test_flags_come_before_settings_and_settings_before_defaults() -> None:
    settings = Settings(
        nameservers=("192.0.2.53",), timeout=7, controls=("192.0.2.9", "[2001:db8::9]:2525", "mx.example:26")
    )
    request = make_request("example.test", LookOptions(attempts=5), settings)

    assert (request.vantage.timeout, request.vantage.attempts, request.vantage.spacing) == (7, 5, 20)
    assert request.vantage.nameservers == ("192.0.2.53:53",)
    assert [(control.host, control.port) for control in request.controls] == [
        ("192.0.2.9", 25),
        ("2001:db8::9", 2525),
        ("mx.example", 26),
    ]


def test_selectors_and_lists_are_names_and_a_few() -> None:
    options = LookOptions(dkim_selectors=("S1", "s1", "a.b"), dnsbls=("bl.example.",))
    request = make_request("example.test", options, Settings(nameservers=("192.0.2.53",), dnsbls=("other.example",)))

    assert request.vantage.dkim_selectors == ("s1", "a.b")
    assert request.vantage.dnsbls == ("bl.example",)
    settings = Settings(nameservers=("192.0.2.53",), dnsbls=("other.example",))
    assert make_request("example.test", LookOptions(), settings).vantage.dnsbls == ("other.example",)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (LookOptions(dkim_selectors=("a b",)), "names no DKIM selector"),
        (LookOptions(dnsbls=("192.0.2.1",)), "names no list"),
        (LookOptions(dnsbls=tuple(f"l{number}.example" for number in range(9))), "at most 8"),
    ],
)
def test_what_cannot_be_a_selector_or_a_list_is_refused(options: LookOptions, said: str) -> None:
    with pytest.raises(InputError, match=said):
        make_request("example.test", options, Settings(nameservers=("192.0.2.53",)))


def test_settings_come_from_a_file_and_from_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "mxprobe.toml"
    file.write_text('timeout = 9\nnameservers = ["192.0.2.53"]\n')
    environment = {"MXPROBE_SETTINGS": str(file), "MXPROBE_TIMEOUT": "3", "MXPROBE_CONTROLS": "192.0.2.1 192.0.2.2"}

    settings = load_settings(environment)

    assert settings.timeout == 3
    assert settings.nameservers == ("192.0.2.53",)
    assert settings.controls == ("192.0.2.1", "192.0.2.2")
    assert load_settings({}) == Settings()
    assert load_settings({"MXPROBE_CONTROLS": ""}).controls == ()


@pytest.mark.parametrize(
    ("text", "variables", "words"),
    [
        ("timeouts = 9\n", {}, "timeouts"),
        ('timeout = "9"\n', {}, "timeout"),
        ("timeout = \n", {}, "not TOML"),
        ("", {"MXPROBE_ATTEMPTS": "often"}, "MXPROBE_ATTEMPTS"),
        ("", {"MXPROBE_PORT": "70000"}, "MXPROBE_PORT"),
    ],
)
def test_settings_that_cannot_be_right_are_named(
    tmp_path: Path, text: str, variables: dict[str, str], words: str
) -> None:
    file = tmp_path / "mxprobe.toml"
    file.write_text(text)
    with pytest.raises(InputError, match=words):
        load_settings({"MXPROBE_SETTINGS": str(file), **variables})


def test_a_settings_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the settings"):
        load_settings({"MXPROBE_SETTINGS": str(tmp_path / "absent.toml")})

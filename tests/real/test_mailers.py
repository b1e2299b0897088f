"""Postfix, Exim, OpenSMTPD and sendmail in a network of their own: as primary, as backup, as sender, and gone again."""

import os
import re
import signal
import smtplib
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec.structs import replace

from mxprobe.errors import MxprobeError
from mxprobe.lab.mta import MAILERS
from mxprobe.lab.mta.mailer import Ended, Mailer, Setup
from mxprobe.lab.mta.network import add_addresses, own_network, prefer_sources
from tests.support.mailers import Nsd, Sink, Tree, inhabitants, issue_certificate, kept_namespaces, state_of

pytestmark = [pytest.mark.real, pytest.mark.timeout(60)]

OWN, OWN6 = "198.51.100.25", "2001:db8::25"
PRIMARY, DEAD, SIX = "198.51.100.11", "198.51.100.12", "2001:db8::13"
NAMES, TRUSTED, ANYBODY = "198.51.100.53", "198.51.100.98", "198.51.100.99"
ZONE = f"""\
$ORIGIN .
$TTL 300
@ SOA names.test. hostmaster.test. 1 3600 900 604800 300
@ NS names.test.
names.test. A {NAMES}
origin.test. MX 10 mx1.backed.test.
backed.test. MX 10 mx1.backed.test.
backed.test. MX 20 mx2.backed.test.
dead.test. MX 10 mx.dead.test.
six.test. MX 10 mx.six.test.
mx1.backed.test. A {PRIMARY}
mx2.backed.test. A {OWN}
mx.dead.test. A {DEAD}
mx.six.test. AAAA {SIX}
"""
SETUP = Setup(
    address=OWN,
    hostname="mx2.backed.test",
    nameserver=NAMES,
    mailboxes=frozenset({"alice@kept.test"}),
    relays=("backed.test",),
    trusts=(TRUSTED,),
    pace=60.0,
)
LATEST = 20.0
"""Seconds: OpenSMTPD waits ten before it says that it could not connect."""

CRASHING = """
import sys, time
from pathlib import Path
from mxprobe.lab.mta import MAILERS
from mxprobe.lab.mta.daemon import own_folder
from mxprobe.lab.mta.mailer import Setup
from mxprobe.lab.mta.network import add_addresses, own_network
from mxprobe.lab.mta.tree import Tree
tree, name = sys.argv[1:]
with own_network(), own_folder() as folder:
    add_addresses(["198.51.100.25"])
    mailer = MAILERS[name](Tree(Path(tree)), folder, Setup(address="198.51.100.25", hostname="mx.test"))
    mailer.start()
    print(mailer.pid, folder, flush=True)
    time.sleep(60)
"""

Make = Callable[..., Mailer]


@pytest.fixture(params=[pytest.param(name, id=name) for name in MAILERS])
def kind(request: pytest.FixtureRequest) -> type[Mailer]:
    """Each kind of mailer."""
    return MAILERS[request.param]


@pytest.fixture
def network(tree: Tree, tmp_path: Path) -> Iterator[None]:
    """A network of its own for the test, with a name server that knows everything there is."""
    with own_network():
        add_addresses([OWN, OWN6, PRIMARY, DEAD, SIX, NAMES, TRUSTED, ANYBODY])
        prefer_sources([PRIMARY, DEAD, SIX], [OWN, OWN6])
        with Nsd(tree, tmp_path, {".": ZONE}, NAMES, 53):
            yield


@pytest.fixture
def make(kind: type[Mailer], tree: Tree, tmp_path: Path, network: None) -> Make:
    """A mailer of the kind in that network, with what shall be otherwise."""
    return lambda **otherwise: kind(tree, tmp_path, replace(SETUP, **otherwise))


def connect(source: str = ANYBODY) -> smtplib.SMTP:
    """A client of the mailer, at an address, that has been greeted and has said EHLO."""
    client = smtplib.SMTP(OWN, 25, local_hostname="client.test", timeout=10, source_address=(source, 0))
    client.ehlo()
    return client


def answer(recipient: str, source: str = ANYBODY) -> int:
    """What the mailer says to a recipient: the code."""
    with connect(source) as client:
        client.mail("bob@origin.test")
        return client.rcpt(recipient)[0]


def send(recipient: str, source: str = ANYBODY, sender: str = "bob@origin.test") -> None:
    """Give the mailer a message."""
    with connect(source) as client:
        client.sendmail(sender, [recipient], f"Subject: for {recipient}\r\n\r\nHello.\r\n")


def wait_for(met: Callable[[], bool], mailer: Mailer) -> None:
    """Come back when something holds; AssertionError with the mailer's log when it does not in time."""
    deadline = time.monotonic() + LATEST
    while not met():
        assert time.monotonic() < deadline, mailer.log()
        time.sleep(0.02)


def listeners() -> set[str]:
    """Where anybody listens in this network over TCP, as the kernel's table writes it."""
    tables = (Path("/proc/thread-self/net", name).read_text() for name in ("tcp", "tcp6"))
    rows = [line.split() for table in tables for line in table.splitlines()]
    return {row[1] for row in rows if row[3] == "0A"}


def mentioning(words: str) -> set[int]:
    """The processes that have these words in their command line or environment."""
    found = set()
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            said = (directory / "cmdline").read_bytes() + (directory / "environ").read_bytes()
        except OSError:
            continue
        if words.encode() in said:
            found.add(int(directory.name))
    return found


def how(mailer: Mailer, recipient: str) -> list[Ended]:
    """What the mailer's log says of a recipient."""
    return [noted.how for noted in mailer.noted() if noted.recipient == recipient]


def test_it_starts_in_time_says_who_it_is_and_listens_nowhere_else(make: Make) -> None:
    before = listeners()
    mailer = make(address6=OWN6)
    began = time.monotonic()
    with mailer:
        assert time.monotonic() - began < 3.0
        with smtplib.SMTP(timeout=10) as client:
            code, banner = client.connect(OWN, 25)
        assert (code, banner.split()[0]) == (220, b"mx2.backed.test")
        assert mailer.title.encode() in banner or mailer.name == "sendmail", banner
        assert re.fullmatch(r"\d+\.\d+(\.\d+\S*)?", mailer.version())
        assert len(listeners() - before) == 2
        assert mailer.queue() == ()
    with mailer:
        assert answer("alice@kept.test") == 250, "it starts again where it stood"
    assert listeners() == before


def test_it_keeps_mail_for_its_mailboxes_and_refuses_all_else(make: Make) -> None:
    with make() as mailer:
        assert answer("nobody@kept.test") == 550
        assert answer("alice@elsewhere.test") in (454, 550)
        assert answer("alice@elsewhere.test", PRIMARY) in (454, 550), "its neighbours on this machine are strangers"
        send("alice@kept.test")
        [message] = mailer.await_messages("alice@kept.test")
        wait_for(lambda: how(mailer, "alice@kept.test") == [Ended.DELIVERED], mailer)
    assert b"Subject: for alice@kept.test\n" in message


def test_a_backup_that_knows_nobody_takes_all_and_hands_on_to_the_better_host_alone(make: Make) -> None:
    with make() as mailer, Sink(PRIMARY) as primary:
        send("anybody@backed.test")
        taken = primary.await_message("anybody@backed.test", LATEST)
        wait_for(lambda: mailer.queue() == (), mailer)
    assert (taken.client, taken.sender) == (OWN, "bob@origin.test")


def test_a_backup_that_knows_its_recipients_refuses_others(make: Make) -> None:
    with make(knows=frozenset({"alice@backed.test"})) as mailer, Sink(PRIMARY) as primary:
        assert answer("nobody@backed.test") == 550
        send("alice@backed.test")
        primary.await_message("alice@backed.test", LATEST)
        wait_for(lambda: how(mailer, "alice@backed.test") == [Ended.DELIVERED], mailer)


@pytest.mark.parametrize("name", ["postfix", "exim"])
def test_a_backup_that_verifies_needs_the_primary(name: str, tree: Tree, tmp_path: Path, network: None) -> None:
    with MAILERS[name](tree, tmp_path, replace(SETUP, verifies=True)):
        assert answer("early@backed.test") // 100 == 4, "the primary is down"
        with Sink(PRIMARY) as primary:
            assert answer("alice@backed.test") == 250
            # Postfix defers those whom the other host refuses, unless unverified_recipient_reject_code says otherwise.
            assert answer("ghost@backed.test") == (450 if name == "postfix" else 550)
            assert answer("alice@kept.test") == 250
    assert primary.asked == ["alice@backed.test", "ghost@backed.test"]
    assert primary.taken == []


@pytest.mark.parametrize("name", ["opensmtpd", "sendmail"])
def test_what_cannot_verify_says_so(name: str, tmp_path: Path, tree: Tree) -> None:
    with pytest.raises(MxprobeError, match="cannot ask another host about a recipient"):
        MAILERS[name](tree, tmp_path, replace(SETUP, verifies=True)).start()


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=[pytest.mark.slow] * (name == "opensmtpd"), id=name) for name, kind in MAILERS.items()],
)
def test_what_becomes_of_mail_is_noted_queued_and_tried_again(make: Make) -> None:
    with make() as mailer, Sink(PRIMARY) as primary:
        for recipient in ("alice@backed.test", "ghost@backed.test", "late@dead.test"):
            send(recipient, TRUSTED)
        wait_for(lambda: how(mailer, "alice@backed.test") == [Ended.DELIVERED], mailer)
        wait_for(lambda: how(mailer, "ghost@backed.test") == [Ended.BOUNCED], mailer)
        notification = primary.await_message("bob@origin.test", LATEST)
        wait_for(lambda: Ended.DEFERRED in how(mailer, "late@dead.test"), mailer)
        wait_for(lambda: mailer.queue() == ("late@dead.test",), mailer)
        said = {noted.recipient: noted for noted in mailer.noted()}
        with Sink(DEAD) as risen:
            mailer.run_queue()
            assert risen.await_message("late@dead.test", LATEST).client == OWN
            wait_for(lambda: mailer.queue() == (), mailer)
        assert how(mailer, "late@dead.test")[-1] is Ended.DELIVERED
    assert (notification.client, notification.sender) == (OWN, "")
    assert b"ghost@backed.test" in notification.content
    assert PRIMARY in said["alice@backed.test"].host
    assert "No such user" in said["ghost@backed.test"].words
    assert re.search("Connection refused|Network error", said["late@dead.test"].words)


def test_it_sends_over_ipv6_from_its_address_there(make: Make) -> None:
    with make(address6=OWN6), Sink(SIX) as six:
        send("alice@six.test", TRUSTED)
        assert six.await_message("alice@six.test", LATEST).client == OWN6


@pytest.mark.parametrize("kind", [pytest.param(kind, id=name) for name, kind in MAILERS.items() if name != "opensmtpd"])
def test_it_shows_the_certificate_that_it_was_given_and_none_without(make: Make, tmp_path: Path) -> None:
    given = issue_certificate(tmp_path, "mx2.backed.test")
    trusting = ssl.create_default_context(cafile=str(given.authority))
    trusting.check_hostname = False  # the client knows an address
    with make(certificate=given), connect() as client:
        assert client.starttls(context=trusting)[0] == 220
        assert isinstance(client.sock, ssl.SSLSocket)
        leaf = x509.load_pem_x509_certificates(given.chain.read_bytes())[0]
        assert client.sock.getpeercert(binary_form=True) == leaf.public_bytes(Encoding.DER)
        assert client.ehlo()[0] == 250
    with make(), connect() as client:
        assert not client.has_extn("starttls")


def test_opensmtpd_offers_no_starttls_that_would_fail(tree: Tree, tmp_path: Path, network: None) -> None:
    given = issue_certificate(tmp_path, "mx2.backed.test")
    with MAILERS["opensmtpd"](tree, tmp_path, replace(SETUP, certificate=given)), connect() as client:
        assert not client.has_extn("starttls")


def test_a_stopped_mailer_leaves_nothing_outside_its_directory(make: Make, tree: Tree, tmp_path: Path) -> None:
    before, mounts = state_of(tree.path), Path("/proc/self/mounts").read_text()
    mailer = make()
    with mailer:
        pid = mailer.pid
        assert pid is not None
        with kept_namespaces(pid) as its:
            with connect(TRUSTED):
                send("late@dead.test", TRUSTED)
                assert len(inhabitants(its)) >= 2, "the daemon and what serves this client"
            mailer.stop()
            assert inhabitants(its) == set()
    assert mailer.pid is None
    assert Path("/proc/self/mounts").read_text() == mounts
    assert state_of(tree.path) == before


def test_a_mailer_ends_with_the_program_that_runs_it_however_that_ends(
    kind: type[Mailer], tree: Tree, tmp_path: Path
) -> None:
    command = (sys.executable, "-c", CRASHING, str(tree.path), kind.name)
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        pid, folder = child.stdout.readline().split()
        workdir = Path(folder)
        with kept_namespaces(int(pid)) as its:
            assert inhabitants(its)
            assert workdir.is_dir()
            child.send_signal(signal.SIGKILL)
            deadline = time.monotonic() + 5
            while (inhabitants(its) or workdir.exists()) and time.monotonic() < deadline:
                time.sleep(0.01)
            assert inhabitants(its) == set()
    assert folder not in Path("/proc/self/mounts").read_text()
    assert not workdir.exists()


def test_a_measurement_that_is_killed_leaves_nothing(tree: Tree, tmp_path: Path) -> None:
    command = (sys.executable, "-m", "mxprobe", "measure", "real:postfix", "-k", "connections", "--jobs", "2")
    environment = os.environ | {"TMPDIR": str(tmp_path), "MXPROBE_MAILERS": str(tree.path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as child:
        deadline = time.monotonic() + 20
        while len(outputs := [*tmp_path.glob("*/*/output")]) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(outputs) == 2, "no mailer was started"
        assert len(mentioning(str(tmp_path))) >= 2
        child.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while (left := {*mentioning(str(tmp_path)), *tmp_path.iterdir()}) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert left == set()

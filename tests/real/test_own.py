"""Stories with a mailer of the user's own: a command that is given each message, and what becomes of it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mxprobe.errors import InputError, MxprobeError
from mxprobe.facts.run import EventKind, Run
from mxprobe.jobs.play import Beside, play_one
from mxprobe.lab.mta.play import Wanted, play_real
from mxprobe.scenario.load import load
from mxprobe.scenario.model import Scenario
from tests.support.mailers.needed import require

pytestmark = [pytest.mark.real, pytest.mark.timeout(120), pytest.mark.usefixtures("root")]

MAILER = """\
import os, smtplib, sys
import dns.resolver
mail_from, *people = sys.argv[1:]
content = sys.stdin.buffer.read()
names = dns.resolver.Resolver(configure=False)
names.nameservers = [os.environ["MXPROBE_RESOLVER"]]
for mx in sorted(names.resolve(os.environ["MXPROBE_DOMAIN"], "MX"), key=lambda mx: mx.preference):
    for found in names.resolve(mx.exchange, "A"):
        try:
            with smtplib.SMTP(found.address, 25, "sender.elsewhere.test", timeout=5) as host:
                refused = host.sendmail(mail_from, people, content)
            sys.exit(2 if refused else 0)
        except (OSError, smtplib.SMTPException) as error:
            print(f"{os.environ['MXPROBE_MESSAGE']}: {error}", file=sys.stderr)
sys.exit(1)
"""
"""A mailer for one message: it asks for the hosts, and tries them in order, once."""

STAYS = """\
import os, smtplib, socket, sys
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
class Relay:
    async def handle_DATA(self, server, session, envelope):
        with smtplib.SMTP(socket.gethostbyname("mx2.example.test"), 25, "sender.elsewhere.test", timeout=5) as host:
            host.sendmail(envelope.mail_from, envelope.rcpt_tos, envelope.content)
        return "250 2.0.0 Ok"
Controller(Relay(), "127.0.0.1", 2525).start()
signal = __import__("signal").sigwait([15])
"""
"""A mailer that stays: it takes mail at port 2525, and asks the system for the address of the backup."""

BACKUP = """\
import os, smtplib, socket, sys, time
from aiosmtpd.controller import Controller
held = []
class Queue:
    async def handle_DATA(self, server, session, envelope):
        held.append(envelope)
        return "250 2.0.0 Ok: queued"
Controller(Queue(), os.environ["MXPROBE_ADDRESS"], 25, ready_timeout=10).start()
while True:
    time.sleep(0.5)
    for envelope in list(held):
        try:
            with smtplib.SMTP(socket.gethostbyname("mx1.example.test"), 25, "mx2.example.test", timeout=5) as host:
                host.sendmail(envelope.mail_from, envelope.rcpt_tos, envelope.content)
            held.remove(envelope)
        except OSError:
            pass
"""
"""A backup: it takes all mail, and tries the primary again and again."""

HAND_OVER = """\
import smtplib, sys
with smtplib.SMTP("127.0.0.1", 2525, "client.elsewhere.test", timeout=10) as mailer:
    mailer.sendmail(sys.argv[1], sys.argv[2].removeprefix("to=").split(","), sys.stdin.buffer.read())
"""

STAGE = """\
story: A mailer of the user's own takes part.
domain: example.test
mx: [10 mx1, 20 mx2]
recipients: [alice, bob]
hosts: {mx2: {store: second}}
senders: [own]
"""
DOWN = "  - {at: 0m, break: mx1, with: tcp-refuse}\n"
SLOWLY = Beside(pace=20.0)
"""What a program's start costs is some seconds of a story then."""


@pytest.fixture
def root() -> None:
    """A network of their own is for root."""
    require(os.geteuid() == 0, "a network of the play's own needs root")


def _story(tmp_path: Path, own: str, rest: str) -> Scenario:
    for name, text in (("mailer.py", MAILER), ("stays.py", STAYS), ("over.py", HAND_OVER), ("backup.py", BACKUP)):
        (tmp_path / name).write_text(text)
    return load(f"{STAGE}own: {{{own}}}\nsteps:\n{rest}", str(tmp_path / "own.yaml"))


def _inject(*words: str) -> str:
    return "inject: [" + ", ".join(f'"{word}"' for word in (sys.executable, *words)) + "]"


def _start(*words: str) -> str:
    return _inject(*words).replace("inject", "start")


def _missed(run: Run) -> list[str]:
    assert run.verdict is not None
    return [miss.says for miss in run.verdict.misses]


def _run_with(word: str) -> list[int]:
    """The processes that have a word in their command lines."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word.encode() in path.read_bytes() and int(path.parent.name) != os.getpid():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


ONE = "  - {at: 20s, send: letter, to: alice}\nexpect:\n  letter: "


def test_it_goes_to_the_backup_and_every_attempt_is_seen(tmp_path: Path) -> None:
    scenario = _story(
        tmp_path,
        _inject("mailer.py", "{from}", "{to}"),
        DOWN + ONE + "{tried: [mx1, mx2], accepted: mx2, arrived: second}\n",
    )

    run = play_one(scenario, "own", 1, beside=SLOWLY)

    assert _missed(run) == []
    refused = [event for event in run.events if event.kind is EventKind.REFUSED]
    assert [(event.who, event.host, event.cell) for event in refused] == [("sender", "mx1", "C1")]


def test_what_it_does_not_take_comes_back_with_its_last_words(tmp_path: Path) -> None:
    scenario = _story(
        tmp_path,
        _inject("mailer.py", "{from}", "{to}"),
        "  - {at: 0m, break: [mx1, mx2], with: tcp-refuse}\n" + ONE + "{tried: [mx1, mx2], bounced: {by: sender}}\n",
    )

    run = play_one(scenario, "own", 1, beside=SLOWLY)

    assert _missed(run) == []
    (bounced,) = (event for event in run.events if event.kind is EventKind.BOUNCED)
    assert bounced.text.endswith("letter: [Errno 111] Connection refused")


def test_whom_a_host_took_it_for_has_it_whatever_the_command_says(tmp_path: Path) -> None:
    scenario = _story(
        tmp_path,
        _inject("mailer.py", "{from}", "{to}"),
        "  - {at: 20s, send: letter, to: [alice, ghost]}\nexpect:\n"
        "  letter/alice: {tried: [mx1], accepted: mx1, arrived: mailbox}\n"
        "  letter/ghost: {tried: [mx1], bounced: {by: sender}}\n",
    )

    assert _missed(play_one(scenario, "own", 1, beside=SLOWLY)) == []


def test_a_mailer_that_stays_is_given_mail_once_it_listens_and_resolves_by_the_lab_alone(tmp_path: Path) -> None:
    scenario = _story(
        tmp_path,
        _inject("over.py", "{from}", "to={to}") + ", " + _start("stays.py", str(tmp_path)) + ", listens: 2525",
        "  - {at: 0m, send: letter, to: [alice, bob]}\nexpect:\n"
        "  letter: {tried: [mx2], accepted: mx2, arrived: second}\n  findings: [MX957, MX966]\n",
    )

    run = play_one(scenario, "own", 1, beside=SLOWLY)

    assert _missed(run) == []
    assert _run_with(str(tmp_path)) == []


def test_a_mailer_that_ends_in_the_middle_is_named_with_its_last_words(tmp_path: Path) -> None:
    scenario = _story(
        tmp_path,
        _inject("over.py") + ", " + _start("-c", "import sys; sys.exit('no licence')"),
        ONE + "{arrived: mailbox}\n",
    )

    with pytest.raises(MxprobeError, match=r"of `start` has ended .*\(exit status 1\); it said last:\nno licence"):
        play_one(scenario, "own", 1, beside=SLOWLY)


def test_a_command_that_is_not_here_is_refused_at_its_line(tmp_path: Path) -> None:
    scenario = _story(tmp_path, "inject: [./no-such-mailer]", ONE + "{arrived: mailbox}\n")

    with pytest.raises(InputError, match=r"own.yaml:7: `own` runs the program `./no-such-mailer`, and there is none"):
        play_one(scenario, "own", 1)


def test_a_command_that_hangs_is_ended_with_the_play_and_so_is_what_has_left_its_group(tmp_path: Path) -> None:
    sleep = "import time; time.sleep(600)"
    leave = (
        f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', '{sleep}', *sys.argv], start_new_session=1)"
    )
    scenario = _story(
        tmp_path,
        _inject("-c", f"{leave}; {sleep}", str(tmp_path)),
        ONE + "{queued: sender}\n",
    )

    run = play_real(Wanted(scenario=scenario, sender="own", pace=60.0, horizon=120.0))

    assert [(fate.message, fate.held) for fate in run.fates] == [("letter", ("sender",))]
    assert _run_with(str(tmp_path)) == []


def _backup(tmp_path: Path, rest: str, *words: str) -> Scenario:
    (tmp_path / "backup.py").write_text(BACKUP)
    hosts = f"hosts: {{mx2: {{own: {{{_start(*words)}}}, recipients: any}}}}\nsenders: [rfc5321]\nsteps:\n"
    stage = STAGE.replace("hosts: {mx2: {store: second}}\nsenders: [own]\n", hosts)
    return load(stage + rest, str(tmp_path / "own.yaml"))


def test_a_backup_of_the_users_own_keeps_mail_and_hands_it_on_once(tmp_path: Path) -> None:
    scenario = _backup(
        tmp_path,
        "  - {at: 0m, break: mx1, with: tcp-refuse, for: 2m}\n  - {at: 20s, send: letter, to: alice}\nexpect:\n"
        "  hosts: {mx2: {queue: empty, before: 1h}}\n"
        "  letter: {tried: [mx1, mx2], accepted: mx2, arrived: {in: mailbox, copies: 1, after: 2m, before: 1h}}\n",
        "backup.py",
        str(tmp_path),
    )

    run = play_one(scenario, "rfc5321", 1, beside=SLOWLY)

    assert _missed(run) == []
    handed = [(event.kind, event.host) for event in run.events if event.who == "mx2" and event.host == "mx1"]
    assert handed[0] == (EventKind.TRIED, "mx1")
    assert handed[-1] == (EventKind.ACCEPTED, "mx1")
    assert _run_with(str(tmp_path)) == []


def test_a_backup_of_the_users_own_that_is_stopped_takes_nothing(tmp_path: Path) -> None:
    scenario = _backup(
        tmp_path,
        "  - {at: 0m, break: [mx1, mx2], with: stopped, for: 2m}\n  - {at: 20s, send: letter, to: alice}\nexpect:\n"
        "  letter: {tried: [mx1, mx2], accepted: mx1, arrived: {in: mailbox, after: 2m, before: 2h}}\n",
        "backup.py",
        str(tmp_path),
    )

    assert _missed(play_one(scenario, "rfc5321", 1)) == []


def test_a_backup_of_the_users_own_that_ends_is_named(tmp_path: Path) -> None:
    rest = "  - {at: 20s, send: letter, to: alice}\nexpect:\n  letter: {accepted: mx1, arrived: mailbox}\n"
    scenario = _backup(tmp_path, rest, "-c", "raise SystemExit('no disk')")

    with pytest.raises(MxprobeError, match=r"has ended in the middle of the play \(exit status 1\).*\nno disk"):
        play_one(scenario, "rfc5321", 1)


def test_nothing_is_left_when_mxprobe_is_killed(tmp_path: Path) -> None:
    story = tmp_path / "own.yaml"
    _story(tmp_path, _inject("x"), ONE + "{queued: sender}\n")
    own = _inject("-c", "import time; time.sleep(600)", str(tmp_path))
    story.write_text(f"{STAGE}own: {{{own}}}\nsteps:\n{ONE}{{queued: sender}}\n")
    command = [sys.executable, "-m", "mxprobe", "run", "own.yaml"]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL) as program:
        _await(lambda: len(_run_with("sleep(600)")) > 0 and len(_run_with(str(tmp_path))) > 0)
        program.send_signal(signal.SIGKILL)
        program.wait(20)
    _await(lambda: not _run_with(str(tmp_path)) and not any(tmp_path.glob("mxprobe-mta-*")))

    assert _run_with(str(tmp_path)) == []
    assert not any(tmp_path.glob("mxprobe-mta-*"))


def _await(met: object) -> None:
    deadline = time.monotonic() + 20
    while callable(met) and not met() and time.monotonic() < deadline:
        time.sleep(0.05)


HERE = """
import subprocess, sys
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
def state():
    shown = [["ip", "address", "show", "dev", "lo"], ["ip", "route", "show", "table", "all"]]
    return [subprocess.run(one, capture_output=True, check=True).stdout for one in shown]
before = state()
done = subprocess.run([sys.executable, "-m", "mxprobe", "run", "own.yaml", "--network", "here", "--pace", "20"], HOW)
assert state() == before, "the network is not as it was"
sys.exit(done.returncode)
"""


def _run_here(tmp_path: Path, before: str = "", how: str = "") -> subprocess.CompletedProcess[str]:
    own = _inject("mailer.py", "{from}", "{to}")
    _story(tmp_path, own, DOWN + ONE + "{tried: [mx1, mx2], accepted: mx2, arrived: second}\n")
    rest = DOWN + ONE + "{tried: [mx1, mx2], accepted: mx2, arrived: second}\n"
    (tmp_path / "own.yaml").write_text(f"{STAGE}own: {{{own}}}\nsteps:\n{rest}")
    command = ["unshare", "--net", sys.executable, "-c", before + HERE.replace("HOW", how)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)


def test_a_play_in_the_network_that_is_there_leaves_it_as_it_was(tmp_path: Path) -> None:
    done = _run_here(tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert "all as expected" in done.stdout


def test_a_network_where_somebody_listens_at_every_address_is_refused(tmp_path: Path) -> None:
    done = _run_here(tmp_path, "import socket; taken = socket.create_server(('', 25))")

    assert done.returncode == 2
    assert "port 25 of 198.18.0" in done.stderr or "port 25 of 192.0.2" in done.stderr
    assert "may listen at 127.0.0.1, not at every address" in done.stderr


def test_a_network_that_may_not_be_changed_is_refused_with_what_that_takes(tmp_path: Path) -> None:
    without = "import ctypes; before_it_runs = lambda: ctypes.CDLL(None).prctl(24, 12)\n"  # PR_CAPBSET_DROP, NET_ADMIN

    done = _run_here(tmp_path, without, "preexec_fn=before_it_runs")

    assert done.returncode == 2
    assert "that takes root, or CAP_NET_ADMIN" in done.stderr

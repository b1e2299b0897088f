"""sendmail, with the configuration that its own macros make.

Its waits are those of its operations guide at the story's pace. Its host status is kept within one queue run, as
shipped. Its queue runs every half hour of the story.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from mxprobe.errors import MxprobeError
from mxprobe.lab.mta.mailer import Ended, Mailer, Noted, Setup
from mxprobe.lab.mta.syslog import Syslog
from mxprobe.lab.mta.tree import Tree
from mxprobe.mx.outcome import TlsPolicy

_CF = "/usr/share/sendmail/cf"
_WAITS = {
    "INITIAL": 300,
    "CONNECT": 300,
    "ICONNECT": 300,
    "HELO": 300,
    "MAIL": 600,
    "RCPT": 3600,
    "DATAINIT": 300,
    "DATABLOCK": 3600,
    "DATAFINAL": 3600,
    "STARTTLS": 3600,
    "QUIT": 120,
    "RSET": 300,
    "MISC": 120,
    "QUEUERETURN": 432000,
    "HOSTSTATUS": 1800,
}
"""Its waits in seconds, as shipped."""

_QUEUE = 1800
_MAKEMAP = "/usr/libexec/sendmail/makemap"
_MAILDIR = (
    "Mmaildir, P=/usr/libexec/opensmtpd/mail.maildir, F=lsDFMPSnu, U=mail:mail, S=EnvFromL/HdrFromL,",
    "\tR=EnvToSMTP/HdrToL, A=mail.maildir /rig/mail/$u",
)
"""Mail that stays here goes to a program of OpenSMTPD's that keeps Maildirs; sendmail has none."""

_LINE = re.compile(
    r": to=(?P<to>[^ ]*), .*?(?: relay=(?P<host>[^,]*),)? dsn=(?P<dsn>[245])\.\d+\.\d+,"
    r"(?: reply=(?P<reply>.*?),)? stat=(?P<words>.*)$"
)
_ENDED = {"2": Ended.DELIVERED, "4": Ended.DEFERRED, "5": Ended.BOUNCED}


def read_log(text: str) -> tuple[Noted, ...]:
    """What a log of sendmail says of recipients; of several that share a line each is told."""
    found = []
    for line in text.splitlines():
        match = _LINE.search(line)
        if match is None or match["words"].startswith("queued"):
            continue
        for recipient in match["to"].split(","):
            noted = Noted(
                recipient=recipient.strip("<>").lower(),
                how=_ENDED[match["dsn"]],
                host=match["host"] or "",
                words=match["reply"] or match["words"],
            )
            found.append(noted)
    return tuple(found)


class Sendmail(Mailer):
    """A sendmail whose `extra` are macros of its .mc file, without `conf`: `{"TO_HELO": "10s"}`."""

    name, title = "sendmail", "sendmail"

    def __init__(self, tree: Tree, workdir: Path, setup: Setup) -> None:
        super().__init__(tree, workdir, setup)
        self._syslog: Syslog | None = None

    def command(self) -> Sequence[str]:
        """Its daemon in the foreground."""
        queue = f"-q{self.setup.seconds(_QUEUE)}s"
        return ("/usr/libexec/sendmail/sendmail", "-C", "/rig/sendmail.cf", "-X", "/rig/log/talk", "-bD", queue)

    def version(self) -> str:
        """What it says of itself."""
        said = self.run("/usr/libexec/sendmail/sendmail", "-C", "/rig/sendmail.cf", "-d0.1", "-bt", stdin="/quit\n")
        found = re.search(r"Version (\S+)", said.stdout)
        return found[1] if found else ""

    def settings(self) -> Mapping[str, str]:
        """The macros of its .mc file that set what is shipped otherwise."""
        waits = {f"TO_{name}": f"{self.setup.seconds(wait)}s" for name, wait in _WAITS.items()}
        return (waits if self.setup.pace != 1.0 else {}) | dict(self.setup.extra)

    def noted(self) -> tuple[Noted, ...]:
        """By its log."""
        return read_log(self.log())

    def queue(self) -> tuple[str, ...]:
        """By its list of the queue."""
        said = self._call("-bp").stdout
        return tuple(found.lower() for found in re.findall(r"^\s+<?([^\s<>()]+@[^\s<>()]+)>?$", said, re.MULTILINE))

    def run_queue(self) -> None:
        """One run over everything, after it has been made to forget the state of hosts."""
        for path in (self.home / "host_status").iterdir():
            shutil.rmtree(path)
        self._call("-q")

    def _call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("/usr/libexec/sendmail/sendmail", "-C", "/rig/sendmail.cf", *arguments, timeout=60)

    def start(self) -> None:
        """Listen to what it logs, and start it."""
        self.home.mkdir(mode=0o755, parents=True, exist_ok=True)
        self.make_directory("log")
        self._syslog = Syslog(self.home / "syslog", self.home / "log" / "main")
        try:
            super().start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End it, and listen no more."""
        super().stop()
        if self._syslog is not None:
            self._syslog.close()
            self._syslog = None

    def configure(self) -> None:
        """Write its .mc file, have sendmail.cf made of it, and make tables and queue."""
        setup = self.setup
        if setup.verifies:
            raise MxprobeError(f"{self.title} cannot ask another host about a recipient")
        if setup.tls not in (TlsPolicy.MAY, TlsPolicy.NONE):
            raise MxprobeError(f"{self.title} has no TLS policy `{setup.tls}` as it is packaged")
        self.lay_out("root")
        for directory in ("queue", "host_status", "authorities"):
            self.make_directory(directory, mode=0o700)
        (self.home / "mailname").write_text(f"{setup.hostname}\n")
        (self.home / "sendmail.mc").write_text("\n".join(self._macros()) + "\n")
        # What it says of programs that are not there is about a comment at the head of the file.
        self.run("sh", "-c", f"m4 -D _CF_DIR_={_CF}/ {_CF}/m4/cf.m4 /rig/sendmail.mc >/rig/sendmail.cf 2>/dev/null")
        (self.home / "sendmail.cf").chmod(0o644)
        tables = {"access": self._access(), "mailers": [f"{domain}\tmaildir:here" for domain in setup.domains]}
        for name, rows in tables.items():
            text = "".join(f"{row}\n" for row in rows)
            done = self.run(_MAKEMAP, "-C", "/rig/sendmail.cf", "hash", f"/rig/{name}", stdin=text)
            if done.returncode:
                raise MxprobeError(f"{self.title} has no table of {name}: {done.stdout.strip()}")

    def _access(self) -> list[str]:
        """Whom it takes mail from and for: what is said of a recipient comes before what is said of the domain."""
        setup = self.setup
        known = [*setup.mailboxes, *(setup.knows or ())]
        closed = [*setup.domains, *(setup.relays if setup.knows is not None else ())]
        rows = [f"Connect:{address}\tRELAY" for address in setup.trusts]
        rows += [f"To:{recipient}\tOK" for recipient in sorted({*known})]
        rows += [f'To:{domain}\tERROR:5.1.1:"550 User unknown"' for domain in sorted({*closed})]
        return rows + (["Try_TLS:\tNO"] if setup.tls is TlsPolicy.NONE else [])

    def _macros(self) -> list[str]:
        setup = self.setup
        doors = [("inet", setup.address), *([("inet6", setup.address6)] if setup.address6 else [])]
        lines = [
            "OSTYPE(`debian')dnl",
            f"define(`confDOMAIN_NAME', `{setup.hostname}')dnl",
            "define(`QUEUE_DIR', `/rig/queue')dnl",
            "define(`STATUS_FILE', `')dnl",
            "define(`confHOST_STATUS_DIRECTORY', `/rig/host_status')dnl",
            "define(`confPID_FILE', `/rig/pid')dnl",
            "define(`ALIAS_FILE', `')dnl",
            "define(`confDONT_PROBE_INTERFACES', `true')dnl",
            "define(`confDONT_BLAME_SENDMAIL', `groupwritabledirpathsafe')dnl",
            "FEATURE(`no_default_msa')dnl",
            "FEATURE(`access_db', `hash -T<TMPF> /rig/access')dnl",
            "FEATURE(`blocklist_recipients')dnl",
            "FEATURE(`mailertable', `hash /rig/mailers')dnl",
            "FEATURE(`delay_checks')dnl",
            "FEATURE(`accept_unresolvable_domains')dnl",
        ]
        for family, address in doors:
            lines.append(f"DAEMON_OPTIONS(`Family={family}, Name=MTA-{family}, Addr={address}, Port={setup.port}')dnl")
            lines.append(f"CLIENT_OPTIONS(`Family={family}, Address={address}')dnl")
        lines += [f"RELAY_DOMAIN(`{domain}')dnl" for domain in (*setup.domains, *setup.relays)]
        if setup.cafile is not None:
            lines.append("define(`confCACERT', `/rig/authorities.pem')dnl")
        if setup.certificate is not None:
            # It serves TLS only where it has authorities, in a file and in a directory.
            lines.append("define(`confCACERT_PATH', `/rig/authorities')dnl")
            if setup.cafile is None:
                lines.append("define(`confCACERT', `/rig/chain.pem')dnl")
            lines.append("define(`confSERVER_CERT', `/rig/chain.pem')dnl")
            lines.append("define(`confSERVER_KEY', `/rig/key.pem')dnl")
        lines += [f"define(`conf{name}', `{value}')dnl" for name, value in self.settings().items()]
        return [*lines, "MAILER(`local')dnl", "MAILER(`smtp')dnl", "MAILER_DEFINITIONS", *_MAILDIR]

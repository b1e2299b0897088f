"""OpenSMTPD, as it is shipped; its waits cannot be set, and at the story's pace they are longer than those of others.

Only the lifetime of its queue follows the pace. It tries again after 400 s at the earliest, and keeps an idle session
for ten seconds, in which it gives a host further mail without connecting anew.

As a host it offers no STARTTLS, whatever certificate it is given: Debian's 6.8 stands on OpenSSL 3, with which every
handshake that it accepts fails, over TLS 1.2 and 1.3, with RSA and ECDSA (its issues 1171 and 1239). As a sender it
does TLS.
"""

import re
from collections.abc import Mapping, Sequence

from mxprobe.errors import MxprobeError
from mxprobe.lab.mta.mailer import SMTP, Ended, Mailer, Noted
from mxprobe.mx.outcome import TlsPolicy

_LIFETIME = 345600
_LINE = re.compile(
    r" (?:mta|mda) delivery evpid=\S+ from=<[^>]*> to=<(?P<recipient>[^>]*)>.*?(?: relay=\"(?P<host>[^\"]*)\")?"
    r" delay=\S+ result=\"?(?P<how>\w+)\"? stat=\"?(?P<words>.*?)\"?$"
)
_ENDED = {"Ok": Ended.DELIVERED, "TempFail": Ended.DEFERRED, "PermFail": Ended.BOUNCED, "Loop": Ended.BOUNCED}
_TLS = {TlsPolicy.MAY: "", TlsPolicy.ENCRYPT: " tls no-verify"}


def read_log(text: str) -> tuple[Noted, ...]:
    """What a log of OpenSMTPD says of recipients."""
    return tuple(
        Noted(
            recipient=found["recipient"].lower(),
            how=_ENDED[found["how"]],
            host=found["host"] or "",
            words=found["words"],
        )
        for line in text.splitlines()
        if (found := _LINE.search(line)) and found["how"] in _ENDED
    )


class OpenSmtpd(Mailer):
    """An OpenSMTPD whose `extra` are lines of smtpd.conf: from the words at a line's beginning to the rest of it."""

    name, title = "opensmtpd", "OpenSMTPD"

    def command(self) -> Sequence[str]:
        """Its parent process in the foreground, which logs to what it writes."""
        return ("/usr/sbin/smtpd", "-d", "-f", "/rig/smtpd.conf")

    def version(self) -> str:
        """What it says of itself."""
        words = self.run("smtpd", "-h").stdout.split()
        return words[words.index("OpenSMTPD") + 1] if "OpenSMTPD" in words else ""

    def settings(self) -> Mapping[str, str]:
        """What stands in its smtpd.conf beside doors and tables."""
        return {"queue ttl": f"{self.setup.seconds(_LIFETIME)}s"} | dict(self.setup.extra)

    def noted(self) -> tuple[Noted, ...]:
        """By what it writes."""
        return read_log(self.log())

    def log(self) -> str:
        """It writes its log to its error output."""
        path = self.home / "output"
        return path.read_text(errors="replace") if path.exists() else ""

    def queue(self) -> tuple[str, ...]:
        """By smtpctl."""
        lines = self._control("show", "queue").splitlines()
        fields = [line.split("|") for line in lines if line.count("|") > 5]
        return tuple(field[5] for field in fields)

    def run_queue(self) -> None:
        """By smtpctl, which opens the routes again that the mailer has closed for a while after a failure."""
        for route in self._control("show", "routes").splitlines():
            self._control("resume", "route", route.split(".")[0])
        self._control("schedule", "all")

    def _control(self, *arguments: str) -> str:
        done = self.run("smtpctl", *arguments, group="opensmtpq")
        if done.returncode:
            raise MxprobeError(f"{self.title} does not do what it is told: {done.stdout.strip()}")
        return done.stdout

    def configure(self) -> None:
        """Write smtpd.conf, and make the queue and the socket's directory."""
        setup = self.setup
        if setup.port != SMTP and not setup.mailboxes:
            raise MxprobeError(f"{self.title} sends to port {SMTP} alone")
        if setup.verifies:
            raise MxprobeError(f"{self.title} cannot ask another host about a recipient")
        if setup.tls not in _TLS:
            raise MxprobeError(f"{self.title} has no TLS policy `{setup.tls}`")
        self.lay_out("root")
        self.make_directory("on/run")
        self.make_directory("on/var/spool/smtpd", mode=0o711)
        (self.home / "mailname").write_text(f"{setup.hostname}\n")
        path = self.home / "smtpd.conf"
        path.write_text("\n".join([*self._tables(), *self._doors(), *self._actions(), *self._matches()]) + "\n")
        path.chmod(0o600)

    def _tables(self) -> list[str]:
        setup = self.setup
        own = [setup.address, *([setup.address6] if setup.address6 else [])]
        tables = {
            "own": own,
            "trusted": setup.trusts or ("127.0.0.255",),
            "boxes": sorted(setup.mailboxes) or ("nobody@invalid",),
            "known": sorted(setup.knows or ()) or ("nobody@invalid",),
            "kept": setup.domains or ("invalid",),
            "relayed": setup.relays or ("invalid",),
        }
        quoted = {name: ", ".join(f'"{one}"' for one in found) for name, found in tables.items()}
        lines = [f"table {name} {{ {found} }}" for name, found in quoted.items()]
        return [*lines, 'table owner { "@" = "mail" }']

    def _doors(self) -> list[str]:
        setup = self.setup
        addresses = [setup.address, *([setup.address6] if setup.address6 else [])]
        return [f'listen on {one} port {setup.port} hostname "{setup.hostname}"' for one in addresses]

    def _actions(self) -> list[str]:
        setup = self.setup
        options = [f"{name} {value}" for name, value in self.settings().items()]
        backup = " ".join(f'backup mx "{setup.hostname}"' for _ in setup.relays[:1])
        return [
            *options,
            'action "keep" maildir "/rig/mail/%{dest}" virtual <owner>',
            f'action "send" relay{_TLS[setup.tls]} helo "{setup.hostname}"',
            # Its own notifications: of several mailers in one network each sends them from its address.
            f'action "tell" relay{_TLS[setup.tls]} helo "{setup.hostname}" src <own>',
            f'action "hand" relay {backup}{_TLS[setup.tls]} helo "{setup.hostname}" src <own>',
        ]

    def _matches(self) -> list[str]:
        known = "" if self.setup.knows is None else " rcpt-to <known>"
        return [
            'match from any for domain <kept> rcpt-to <boxes> action "keep"',
            f'match from any for domain <relayed>{known} action "hand"',
            'match from src <trusted> for any action "send"',
            'match from socket for any action "tell"',
        ]

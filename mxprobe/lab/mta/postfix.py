"""Postfix, with what it is shipped with where nothing else is said.

Its waits are those of postconf(5) at the story's pace. It makes IPv6 connections only where it has such an address.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence

from mxprobe.errors import MxprobeError
from mxprobe.lab.mta.mailer import Ended, Mailer, Noted
from mxprobe.mx.outcome import TlsPolicy

_OWNED_QUEUES = (
    "active",
    "bounce",
    "corrupt",
    "defer",
    "deferred",
    "flush",
    "hold",
    "incoming",
    "private",
    "saved",
    "trace",
)

# Debian's services less the foreign delivery programs, none of them chrooted: the rig does that for all of them.
_SERVICES = """\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


_WAITS = {
    "smtp_connect_timeout": 30,
    "smtp_helo_timeout": 300,
    "smtp_starttls_timeout": 300,
    "smtp_mail_timeout": 300,
    "smtp_rcpt_timeout": 300,
    "smtp_data_init_timeout": 120,
    "smtp_data_xfer_timeout": 180,
    "smtp_data_done_timeout": 600,
    "smtp_rset_timeout": 20,
    "smtp_quit_timeout": 300,
    "minimal_backoff_time": 300,
    "maximal_backoff_time": 4000,
    "queue_run_delay": 300,
    "address_verify_poll_delay": 3,
    "maximal_queue_lifetime": 432000,
    "bounce_queue_lifetime": 432000,
}
"""Its waits in seconds, as shipped."""

_LEVELS = {
    TlsPolicy.NONE: "none",
    TlsPolicy.MAY: "may",
    TlsPolicy.ENCRYPT: "encrypt",
    TlsPolicy.DANE: "dane",
}
_LINE = re.compile(
    r": to=<(?P<recipient>[^>]*)>,(?: orig_to=<[^>]*>,)? relay=(?P<host>[^,]*),"
    r".* status=(?P<how>\w+) \((?P<words>.*)\)$"
)
_ENDED = {"sent": Ended.DELIVERED, "deferred": Ended.DEFERRED, "bounced": Ended.BOUNCED, "expired": Ended.BOUNCED}


def read_log(text: str) -> tuple[Noted, ...]:
    """What a log of Postfix says of recipients; probes of addresses are left out."""
    return tuple(
        Noted(recipient=found["recipient"].lower(), how=_ENDED[found["how"]], host=found["host"], words=found["words"])
        for line in text.splitlines()
        if (found := _LINE.search(line)) and found["how"] in _ENDED
    )


class Postfix(Mailer):
    """A Postfix whose `extra` are lines of main.cf; `run("postqueue", "-c", "/rig", "-p")` and its like reach it."""

    name, title = "postfix", "Postfix"

    def command(self) -> Sequence[str]:
        """Its master, as the first process: it ends its daemons when it is told to end."""
        return ("/usr/lib/postfix/sbin/master", "-c", "/rig", "-i")

    def version(self) -> str:
        """What postconf says."""
        return self.run("postconf", "-h", "-d", "mail_version").stdout.strip()

    def settings(self) -> Mapping[str, str]:
        """Its main.cf."""
        return self._settings() | dict(self.setup.extra)

    def noted(self) -> tuple[Noted, ...]:
        """By its log."""
        return read_log(self.log())

    def queue(self) -> tuple[str, ...]:
        """By postqueue."""
        lines = self.run("postqueue", "-c", "/rig", "-j").stdout.splitlines()
        letters = [json.loads(line) for line in lines if line.startswith("{")]
        return tuple(str(one["address"]) for letter in letters for one in letter["recipients"])

    def run_queue(self) -> None:
        """By postqueue."""
        self.run("postqueue", "-c", "/rig", "-f")

    def configure(self) -> None:
        """Write main.cf, master.cf, the recipient tables, and the queue as `postfix check` would make it."""
        self.lay_out("postfix")
        self._write("main.cf", "".join(f"{name} = {value}\n" for name, value in self.settings().items()))
        addresses = [self.address, *([f"[{self.setup.address6}]"] if self.setup.address6 else [])]
        doors = "".join(f"{address}:{self.port} inet n - n - - smtpd\n" for address in addresses)
        self._write("master.cf", doors + _SERVICES)
        mailboxes = "".join(f"{mailbox} {mailbox}/\n" for mailbox in sorted(self.setup.mailboxes))
        self._write("recipients", mailboxes)
        self._write("known", "".join(f"{recipient} known\n" for recipient in sorted(self.setup.knows or ())))
        self.make_directory("data", owner="postfix", mode=0o700)
        self.make_directory("queue")
        self.make_directory("queue/pid")
        for queue in _OWNED_QUEUES:
            self.make_directory(f"queue/{queue}", owner="postfix", group="root", mode=0o700)
        self.make_directory("queue/maildrop", owner="postfix", group="postdrop", mode=0o730)
        self.make_directory("queue/public", owner="postfix", group="postdrop", mode=0o710)

    def _write(self, name: str, text: str) -> None:
        """Write a file that looks a minute old: one written this second Postfix reads again and again, for 1.5 s."""
        path = self.home / name
        path.write_text(text)
        written = path.stat().st_mtime - 60
        os.utime(path, (written, written))

    def explain(self) -> str:
        """Master has nowhere to write before its configuration is read, so another program is asked to read it."""
        return self.run("postqueue", "-c", "/rig", "-p").stdout

    def _settings(self) -> dict[str, str]:
        mail, setup = self.tree.user("mail"), self.setup
        settings = {
            "compatibility_level": "3.6",
            "myhostname": setup.hostname,
            "inet_protocols": "all" if setup.address6 else "ipv4",
            # Only addresses that are set on an interface may stand in inet_interfaces; in proxy_interfaces any may, and
            # both tell Postfix which MX host it is itself.
            "inet_interfaces": "loopback-only",
            "proxy_interfaces": " ".join(filter(None, (self.address, setup.address6))),
            "smtp_bind_address": self.address,
            "mydestination": "",
            "mynetworks": " ".join(setup.trusts),
            "alias_maps": "",
            "smtpd_peername_lookup": "no",
            "virtual_mailbox_domains": " ".join(setup.domains),
            "virtual_mailbox_maps": "texthash:/rig/recipients",
            "virtual_mailbox_base": "/rig/mail",
            "virtual_minimum_uid": str(mail.uid),
            "virtual_uid_maps": f"static:{mail.uid}",
            "virtual_gid_maps": f"static:{mail.gid}",
            "queue_directory": "/rig/queue",
            "data_directory": "/rig/data",
            "maillog_file": "/rig/log/main",
            "maillog_file_prefixes": "/rig",
            **self._tls(),
            **self._relaying(),
        }
        if setup.address6:
            settings["smtp_bind_address6"] = setup.address6
        if setup.pace != 1.0:
            settings |= {name: f"{setup.seconds(shipped)}s" for name, shipped in _WAITS.items()}
        return settings

    def _tls(self) -> dict[str, str]:
        setup = self.setup
        if setup.tls not in _LEVELS:
            raise MxprobeError(f"{self.title} has no TLS policy `{setup.tls}` of its own")
        settings = {"smtp_tls_security_level": _LEVELS[setup.tls]}
        if setup.tls is TlsPolicy.DANE:
            settings["smtp_dns_support_level"] = "dnssec"
        if setup.cafile is not None:
            settings["smtp_tls_CAfile"] = "/rig/authorities.pem"
        if setup.certificate is not None:
            settings["smtpd_tls_security_level"] = "may"
            settings["smtpd_tls_chain_files"] = "/rig/key.pem, /rig/chain.pem"
        return settings

    def _relaying(self) -> dict[str, str]:
        setup = self.setup
        if not setup.relays:
            return {}
        settings = {"relay_domains": " ".join(setup.relays)}
        if setup.knows is not None:
            settings["relay_recipient_maps"] = "texthash:/rig/known"
        if setup.verifies:
            checks = ", ".join(f"{{{domain} = reject_unverified_recipient}}" for domain in setup.relays)
            checked = f"check_recipient_access inline:{{{checks}}}"
            settings["smtpd_recipient_restrictions"] = f"permit_mynetworks, {checked}"
            settings["address_verify_map"] = ""
        return settings

"""Postfix on one address and port, with a configuration of its own and Debian's defaults where a test asks no other."""

import os
from collections.abc import Sequence

from tests.support.mailers.mailer import Mailer

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
{address}:{port} inet n - n - - smtpd
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


class Postfix(Mailer):
    """A Postfix whose `extra` are lines of main.cf; `run("postqueue", "-c", "/rig", "-p")` and its like reach it."""

    def command(self) -> Sequence[str]:
        """Its master, as the first process: it ends its daemons when it is told to end."""
        return ("/usr/lib/postfix/sbin/master", "-c", "/rig", "-i")

    def configure(self) -> None:
        """Write main.cf, master.cf, the recipient table, and the queue as `postfix check` would make it."""
        self.lay_out("postfix")
        settings = self._settings() | dict(self.setup.extra)
        main = "".join(f"{name} = {value}\n" for name, value in settings.items())
        self._write("main.cf", main)
        self._write("master.cf", _SERVICES.format(address=self.address, port=self.port))
        mailboxes = "".join(f"{recipient} {recipient}/\n" for recipient in sorted(self.setup.recipients))
        self._write("recipients", mailboxes)
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
        mail = self.tree.user("mail")
        settings = {
            "compatibility_level": "3.6",
            "myhostname": self.setup.hostname,
            "inet_protocols": "ipv4",
            # Only addresses that are set on an interface may stand in inet_interfaces; in proxy_interfaces any may, and
            # both tell Postfix which MX host it is itself.
            "inet_interfaces": "loopback-only",
            "proxy_interfaces": self.address,
            "smtp_bind_address": self.address,
            "mydestination": "",
            "mynetworks": "",
            "alias_maps": "",
            "smtpd_peername_lookup": "no",  # nobody answers for 127.in-addr.arpa
            "virtual_mailbox_domains": " ".join(self.setup.domains),
            "virtual_mailbox_maps": "texthash:/rig/recipients",
            "virtual_mailbox_base": "/rig/mail",
            "virtual_minimum_uid": str(mail.uid),
            "virtual_uid_maps": f"static:{mail.uid}",
            "virtual_gid_maps": f"static:{mail.gid}",
            "queue_directory": "/rig/queue",
            "data_directory": "/rig/data",
            "maillog_file": "/rig/log/main",
            "maillog_file_prefixes": "/rig",
        }
        if self.setup.certificate is not None:
            settings["smtpd_tls_security_level"] = "may"
            settings["smtpd_tls_chain_files"] = "/rig/key.pem, /rig/chain.pem"
        return settings

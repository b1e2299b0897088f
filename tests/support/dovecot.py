"""Dovecot, an IMAP server, on a loopback address: two ports, one with TLS from the first octet and one with STARTTLS.

The tree of Debian's mailers needs `dovecot-imapd` beside them (`.ci/debian-packages`).
"""

import os
from collections.abc import Sequence
from pathlib import Path

from mxprobe.lab.mta.daemon import Daemon, listens
from mxprobe.lab.mta.tree import Tree, give_resolver
from tests.support.mailers.certificates import Certificate

PROGRAM = "/usr/sbin/dovecot"

# Its own users are not in the tree: `mail` and `nobody` stand in for them.
_CONFIGURATION = """\
base_dir = /rig/dovecot/run
state_dir = /rig/dovecot/state
instance_name = rig
log_path = /rig/dovecot/log/main
protocols = imap
listen = {address}
default_internal_user = mail
default_internal_group = mail
default_login_user = nobody
first_valid_uid = 1
mail_location = maildir:~
disable_plaintext_auth = yes
auth_failure_delay = 0
ssl = required
ssl_cert = </rig/dovecot/chain.pem
ssl_key = </rig/dovecot/key.pem
ssl_dh = </usr/share/dovecot/dh.pem
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {starttls_port}
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u /rig/dovecot/users
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home=/rig/mail/%u
}}
namespace inbox {{
  inbox = yes
  mailbox {junk} {{
    special_use = \\Junk
    auto = create
  }}
}}
"""


class Dovecot(Daemon):
    """An IMAP server for the accounts `users` with one `password`, whose unwanted mail lies in the folder `junk`.

    Its home may be that of a running mailer, whose Maildirs it serves then; `nameserver` is the mailer's.
    """

    password, junk = 'p"s w\\rd', "Unwanted"

    def __init__(
        self,
        tree: Tree,
        home: Path,
        certificate: Certificate,
        doors: tuple[str, int, int],
        users: tuple[str, ...] = ("alice@example.test",),
    ) -> None:
        address, port, self.starttls_port = doors
        super().__init__(tree, home, address, port)
        self.certificate = certificate
        self.users = users
        self.user = users[0]
        self.nameserver: str | None = None

    def command(self) -> Sequence[str]:
        """Its master process in the foreground."""
        return (PROGRAM, "-F", "-c", "/rig/dovecot/dovecot.conf")

    def configure(self) -> None:
        """Write its configuration, its account and what holds its Maildirs."""
        give_resolver(self.home, self.nameserver)
        for name in ("dovecot", "dovecot/run", "dovecot/state", "dovecot/log", "mail"):
            self.make_directory(name)
        for user in self.users:
            if not (self.home / "mail" / user).exists():
                self.make_directory(f"mail/{user}", owner="mail")
        self.copy_file(self.certificate.chain, "dovecot/chain.pem")
        self.copy_file(self.certificate.key, "dovecot/key.pem")
        accounts = "".join(f"{user}:{{PLAIN}}{self.password}\n" for user in self.users)
        (self.home / "dovecot" / "users").write_text(accounts)
        (self.home / "dovecot" / "dovecot.conf").write_text(
            _CONFIGURATION.format(
                address=self.address,
                port=self.port,
                starttls_port=self.starttls_port,
                junk=self.junk,
            )
        )

    def is_ready(self) -> bool:
        """Whether it listens on both ports."""
        return super().is_ready() and listens(self.address, self.starttls_port)

    def log(self) -> str:
        """What it has logged so far, over all its starts."""
        path = self.home / "dovecot" / "log" / "main"
        return path.read_text(errors="replace") if path.exists() else ""

    def maildir(self, folder: str = "") -> Path:
        """A folder of the account, INBOX where none is named."""
        path = self.home / "mail" / self.user
        return path / f".{folder}" if folder else path

    def put(self, name: str, content: bytes, folder: str = "") -> Path:
        """A message as a delivery agent leaves it."""
        user = self.tree.user("mail")
        for part in ("", "tmp", "new", "cur"):
            directory = self.maildir(folder) / part
            directory.mkdir(parents=True, exist_ok=True)
            os.chown(directory, user.uid, user.gid)
        path = self.maildir(folder) / "new" / name
        path.write_bytes(content)
        os.chown(path, user.uid, user.gid)
        return path

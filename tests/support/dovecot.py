"""Dovecot, an IMAP server, on a loopback address: two ports, one with TLS from the first octet and one with STARTTLS.

The tree of Debian's mailers needs `dovecot-imapd` beside them (`.ci/debian-packages`).
"""

import os
from collections.abc import Sequence
from pathlib import Path

from mxprobe.lab.mta.daemon import Daemon, listens
from mxprobe.lab.mta.tree import Tree
from tests.support.mailers.certificates import Certificate

PROGRAM = "/usr/sbin/dovecot"

# Its own users are not in the tree: `mail` and `nobody` stand in for them.
_CONFIGURATION = """\
base_dir = /rig/run
state_dir = /rig/state
instance_name = rig
log_path = /rig/log/main
protocols = imap
listen = {address}
default_internal_user = mail
default_internal_group = mail
default_login_user = nobody
first_valid_uid = 1
mail_location = maildir:~/Maildir
disable_plaintext_auth = yes
auth_failure_delay = 0
ssl = required
ssl_cert = </rig/chain.pem
ssl_key = </rig/key.pem
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
  args = scheme=PLAIN username_format=%u /rig/users
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
    """An IMAP server for one account, `user` with `password`, whose unwanted mail lies in the folder `junk`."""

    user, password, junk = "alice@example.test", 'p"s w\\rd', "Unwanted"

    def __init__(
        self, tree: Tree, workdir: Path, certificate: Certificate, address: str, ports: tuple[int, int]
    ) -> None:
        super().__init__(tree, workdir / f"dovecot-{address}-{ports[0]}", address, ports[0])
        self.starttls_port = ports[1]
        self.certificate = certificate

    def command(self) -> Sequence[str]:
        """Its master process in the foreground."""
        return (PROGRAM, "-F", "-c", "/rig/dovecot.conf")

    def configure(self) -> None:
        """Write its configuration, its account and an empty Maildir."""
        for name in ("run", "state", "log"):
            self.make_directory(name)
        for name in ("mail", f"mail/{self.user}"):
            self.make_directory(name, owner="mail")
        self.copy_file(self.certificate.chain, "chain.pem")
        self.copy_file(self.certificate.key, "key.pem")
        (self.home / "users").write_text(f"{self.user}:{{PLAIN}}{self.password}\n")
        (self.home / "dovecot.conf").write_text(
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
        path = self.home / "log" / "main"
        return path.read_text(errors="replace") if path.exists() else ""

    def maildir(self, folder: str = "") -> Path:
        """A folder of the account, INBOX where none is named."""
        path = self.home / "mail" / self.user / "Maildir"
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

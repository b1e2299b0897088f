"""Exim on one address and port, with a configuration of its own in the manner of its default one."""

from collections.abc import Sequence

from tests.support.mailers.mailer import Mailer

# The recipient table gives each mailbox's name, and the transport looks it up: Exim uses nothing tainted as a path.
_SECTIONS = """\
begin acl
check_recipient:
  require message = relay not permitted
          domains = +local_domains : +relay_to_domains
  require verify = recipient
  accept

relay_or_check_recipient:
  accept hosts = +relay_from_hosts
  accept acl = check_recipient

begin routers
mailbox:
  driver = accept
  domains = +local_domains
  condition = ${lookup{$local_part@$domain}lsearch{/rig/recipients}{yes}{no}}
  transport = maildir

nobody:
  driver = redirect
  domains = +local_domains
  allow_fail
  data = :fail: Unrouteable address

elsewhere:
  driver = dnslookup
  domains = ! +local_domains
  transport = remote_smtp
  self = pass
  no_more

begin transports
maildir:
  driver = appendfile
  directory = /rig/mail/${lookup{$local_part@$domain}lsearch{/rig/recipients}}
  maildir_format
  user = mail
  group = mail
  delivery_date_add
  envelope_to_add
  return_path_add

remote_smtp:
  driver = smtp
  interface = {address}

begin retry
* * F,2h,15m; G,16h,1h,1.5; F,4d,6h
"""


class Exim(Mailer):
    """An Exim whose `extra` are options of the main section; `domainlist` and `hostlist` lines are settings too.

    To make it a sender: `extra={"hostlist relay_from_hosts": "127.0.0.0/8"}` and a `dns`. It runs no queue by itself:
    `run("exim4", "-C", "/rig/exim.conf", "-q")` does so once.
    """

    def command(self) -> Sequence[str]:
        """Its daemon in the foreground."""
        return ("/usr/sbin/exim4", "-C", "/rig/exim.conf", "-bdf")

    def configure(self) -> None:
        """Write its configuration and recipient table, and make its spool."""
        self.lay_out("Debian-exim")
        self.make_directory("spool", owner="Debian-exim", mode=0o750)
        (self.home / "mailname").write_text(f"{self.setup.hostname}\n")
        settings = self._settings() | dict(self.setup.extra)
        main = "".join(f"{name} = {value}\n" for name, value in settings.items())
        path = self.home / "exim.conf"
        path.write_text(f"{main}\n" + _SECTIONS.replace("{address}", self.address))
        path.chmod(0o644)
        mailboxes = "".join(f"{recipient}: {recipient}\n" for recipient in sorted(self.setup.recipients))
        (self.home / "recipients").write_text(mailboxes)

    def _settings(self) -> dict[str, str]:
        settings = {
            "primary_hostname": self.setup.hostname,
            "local_interfaces": self.address,
            "daemon_smtp_ports": str(self.port),
            "domainlist local_domains": " : ".join(self.setup.domains),
            "domainlist relay_to_domains": "",
            "hostlist relay_from_hosts": "",
            "acl_smtp_rcpt": "relay_or_check_recipient",
            "spool_directory": "/rig/spool",
            "log_file_path": "/rig/log/%s",
            "disable_ipv6": "true",
            "keep_environment": "",
            "rfc1413_query_timeout": "0s",  # nobody runs identd, and asking costs time
            "tls_advertise_hosts": "",
        }
        if self.setup.certificate is not None:
            settings["tls_advertise_hosts"] = "*"
            settings["tls_certificate"] = "/rig/chain.pem"
            settings["tls_privatekey"] = "/rig/key.pem"
        return settings

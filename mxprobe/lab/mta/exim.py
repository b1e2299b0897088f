"""Exim, with a configuration in the manner of the one it is shipped with.

Its waits and its retry rule are the shipped ones at the story's pace; its queue runs every five minutes of the story,
so that it tries again when the rule lets it. TLS is as shipped: tried wherever it is offered, certificates looked at
and not insisted on.
"""

import re
from collections.abc import Mapping, Sequence

from mxprobe.errors import MxprobeError
from mxprobe.lab.mta.mailer import Ended, Mailer, Noted
from mxprobe.mx.outcome import TlsPolicy

# The recipient tables give each mailbox's name, and the transport looks it up: Exim uses nothing tainted as a path.
_SECTIONS = """\
begin acl
check_recipient:
  require message = relay not permitted
          domains = +local_domains : +relay_to_domains
  require verify = recipient{callout}
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

unknown:
  driver = redirect
  domains = +checked_domains
  condition = ${lookup{$local_part@$domain}lsearch{/rig/known}{no}{yes}}
  allow_fail
  data = :fail: Unrouteable address

elsewhere:
  driver = dnslookup
  domains = ! +local_domains
  transport = remote_smtp
  self = pass
{secure}  no_more

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
  interface = {interface}
{transport}
begin retry
* * F,{2h},{15m}; G,{16h},{1h},1.5; F,{4d},{6h}
"""

_WAITS = {"connect_timeout": 300, "command_timeout": 300, "data_timeout": 300, "final_timeout": 600}
"""The waits of its SMTP transport in seconds, as shipped."""

_TIMES = {"15m": 900, "1h": 3600, "2h": 7200, "6h": 21600, "16h": 57600, "4d": 345600}
_QUEUE = 300
_LINE = re.compile(
    r"^\S+ \S+ \S+ (?P<mark>=>|->|\*\*|==) (?P<recipient>[^ :]+)(?: \([^)]*\))?(?: <(?P<whole>[^>]*)>)?(?P<rest>.*)$"
)
_HOST = re.compile(r" H=(?P<host>\S+ \[[^\]]*\])")
_ENDED = {"=>": Ended.DELIVERED, "->": Ended.DELIVERED, "**": Ended.BOUNCED, "==": Ended.DEFERRED}


def read_log(text: str) -> tuple[Noted, ...]:
    """What a main log of Exim says of recipients."""
    found = []
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is not None:
            host = _HOST.search(match["rest"])
            noted = Noted(
                recipient=(match["recipient"] if "@" in match["recipient"] else match["whole"] or "").lower(),
                how=_ENDED[match["mark"]],
                host=host["host"] if host else "",
                words=match["rest"].strip(),
            )
            found.append(noted)
    return tuple(found)


class Exim(Mailer):
    """An Exim whose `extra` are options of the main section; `domainlist` and `hostlist` lines are settings too."""

    name, title = "exim", "Exim"

    def command(self) -> Sequence[str]:
        """Its daemon in the foreground."""
        return ("/usr/sbin/exim4", "-C", "/rig/exim.conf", "-bdf", f"-q{self.setup.seconds(_QUEUE)}s")

    def version(self) -> str:
        """What it says of itself."""
        words = self.run("exim4", "-bV").stdout.split()
        return words[words.index("version") + 1] if "version" in words else ""

    def settings(self) -> Mapping[str, str]:
        """Its main section, and the options of its SMTP transport."""
        return self._settings() | dict(self.setup.extra) | self._transport()

    def noted(self) -> tuple[Noted, ...]:
        """By its main log."""
        return read_log(self.log())

    def queue(self) -> tuple[str, ...]:
        """By its list of the queue."""
        lines = self.run("exim4", "-C", "/rig/exim.conf", "-bpu").stdout.splitlines()
        return tuple(line.strip() for line in lines if line.startswith("          "))

    def run_queue(self) -> None:
        """One run over everything, due or not."""
        self.run("exim4", "-C", "/rig/exim.conf", "-qff")

    def configure(self) -> None:
        """Write its configuration and recipient tables, and make its spool."""
        self.lay_out("Debian-exim")
        self.make_directory("spool", owner="Debian-exim", mode=0o750)
        (self.home / "mailname").write_text(f"{self.setup.hostname}\n")
        settings = self._settings() | dict(self.setup.extra)
        path = self.home / "exim.conf"
        main = "".join(f"{name} = {value}\n" for name, value in settings.items())
        path.write_text(f"{main}\n" + self._sections())
        path.chmod(0o644)
        self._table("recipients", self.setup.mailboxes)
        self._table("known", self.setup.knows or ())

    def _table(self, name: str, entries: Sequence[str] | frozenset[str]) -> None:
        (self.home / name).write_text("".join(f"{entry}: {entry}\n" for entry in sorted(entries)))

    def _sections(self) -> str:
        setup = self.setup
        text = _SECTIONS.replace("{callout}", "/callout" if setup.verifies else "")
        secure = "  dnssec_request_domains = *\n" if setup.tls is TlsPolicy.DANE else ""
        text = text.replace("{secure}", secure)
        text = text.replace("{interface}", "<; " + " ; ".join(filter(None, (self.address, setup.address6))))
        options = "".join(f"  {name} = {value}\n" for name, value in self._transport().items())
        text = text.replace("{transport}", options)
        for word, seconds in _TIMES.items():
            text = text.replace(f"{{{word}}}", f"{setup.seconds(seconds)}s")
        return text

    def _transport(self) -> dict[str, str]:
        """The options of its SMTP transport that are not those of its shipped configuration."""
        setup = self.setup
        options = {name: f"{setup.seconds(wait)}s" for name, wait in _WAITS.items()} if setup.pace != 1.0 else {}
        if setup.cafile is not None:
            options["tls_verify_certificates"] = "/rig/authorities.pem"
        match setup.tls:
            case TlsPolicy.NONE:
                options["hosts_avoid_tls"] = "*"
            case TlsPolicy.ENCRYPT:
                options["hosts_require_tls"] = "*"
            case TlsPolicy.MTA_STS:
                raise MxprobeError(f"{self.title} has no TLS policy `{setup.tls}`")
            case _:
                pass
        return options

    def _settings(self) -> dict[str, str]:
        setup = self.setup
        settings = {
            "primary_hostname": setup.hostname,
            "local_interfaces": "<; " + " ; ".join(filter(None, (self.address, setup.address6))),
            "daemon_smtp_ports": str(self.port),
            "domainlist local_domains": " : ".join(setup.domains),
            "domainlist relay_to_domains": " : ".join(setup.relays),
            "domainlist checked_domains": " : ".join(setup.relays if setup.knows is not None else ()),
            "hostlist relay_from_hosts": "<; " + " ; ".join(setup.trusts),
            "acl_smtp_rcpt": "relay_or_check_recipient",
            "spool_directory": "/rig/spool",
            "log_file_path": "/rig/log/%s",
            "disable_ipv6": "false" if setup.address6 else "true",
            "keep_environment": "",
            "rfc1413_query_timeout": "0s",  # nobody runs identd, and asking costs time
            "tls_advertise_hosts": "",
        }
        if setup.certificate is not None:
            settings["tls_advertise_hosts"] = "*"
            settings["tls_certificate"] = "/rig/chain.pem"
            settings["tls_privatekey"] = "/rig/key.pem"
        return settings

"""What to write into a real mailer so that it takes the lab for the world: names, port, patience. One text a mailer.

Each finds its way by the lab's name server, so that order, equals and faults of names are the story's. The patience is
short, so that nobody waits an hour for the next round.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct

_RESOLVER_PORT = 53
_SMTP_PORT = 25


class Surroundings(Struct, frozen=True, kw_only=True):
    """Where the lab is: its domain, the name server's address and port, the hosts' port, and files that it wrote.

    `resolver_file` is a resolv.conf that names the lab's name server, `cafile` the authority of its certificates.
    """

    domain: str
    nameserver: str
    dns_port: int
    port: int
    resolver_file: str
    cafile: str


def _postfix(lab: Surroundings) -> str:
    return f"""\
# main.cf of Postfix 3.0 or newer. Without brackets the port is that of every host of the MX records.
transport_maps = inline:{{ {{ {lab.domain} = smtp:{lab.domain}:{lab.port} }} }}
smtp_tls_CAfile = {lab.cafile}
smtp_connect_timeout = 5s
smtp_helo_timeout = 10s
smtp_mail_timeout = 10s
smtp_rcpt_timeout = 10s
smtp_data_done_timeout = 20s
minimal_backoff_time = 10s
maximal_backoff_time = 60s
queue_run_delay = 10s
"""


def _exim(lab: Surroundings) -> str:
    return f"""\
# Exim: first of the routers. Every address of the lab is this machine's own: `self = send` allows that.
mxprobe_lab:
  driver = dnslookup
  domains = {lab.domain}
  transport = mxprobe_lab
  self = send
  no_more

# Among the transports.
mxprobe_lab:
  driver = smtp
  port = {lab.port}
  allow_localhost
  tls_verify_certificates = {lab.cafile}
  tls_try_verify_hosts = *
  connect_timeout = 5s
  command_timeout = 10s
  data_timeout = 20s
  final_timeout = 20s

# First of the retry rules. Let the queue run as often: exim -bd -q10s
{lab.domain}  *  F,1h,10s
"""


def _opensmtpd(lab: Surroundings) -> str:
    return f"""\
# smtpd.conf of OpenSMTPD, which follows MX records at port 25 alone. Its waits cannot be set; the age of mail can.
queue ttl 1h
action "mxprobe_lab" relay
match from any for domain "{lab.domain}" action "mxprobe_lab"
"""


def _sendmail(lab: Surroundings) -> str:
    timeouts = "".join(
        f"define(`confTO_{name}', `{seconds}s')dnl\n"
        for name, seconds in (
            ("ICONNECT", 5),
            ("CONNECT", 5),
            ("INITIAL", 10),
            ("HELO", 10),
            ("MAIL", 10),
            ("RCPT", 10),
        )
    )
    return f"""\
dnl sendmail.mc, above the MAILER lines. Let the queue run often: sendmail -bd -q10s
define(`SMTP_MAILER_ARGS', `TCP $h {lab.port}')dnl
define(`ESMTP_MAILER_ARGS', `TCP $h {lab.port}')dnl
define(`confCACERT', `{lab.cafile}')dnl
{timeouts}define(`confMIN_QUEUE_AGE', `10s')dnl
"""


def _container(lab: Surroundings) -> str:
    return f"""\
# A container in the network of this machine. Where the lab is in a container itself: --network container:LAB, and a
# volume that both have in place of the files.
docker run --rm --network host \\
  -v {lab.resolver_file}:/etc/resolv.conf:ro -v {lab.cafile}:/etc/mxprobe-lab.pem:ro IMAGE
# The mailer in it asks the lab for every name. What it needs beside that: --export postfix, exim, ...
"""


EXPORTS: Mapping[str, Callable[[Surroundings], str]] = {
    "postfix": _postfix,
    "exim": _exim,
    "opensmtpd": _opensmtpd,
    "sendmail": _sendmail,
    "container": _container,
}
"""The texts by the names that people type."""

_NEEDS_PORT_25 = ("opensmtpd",)


def what_is_missing(mailer: str, lab: Surroundings) -> str:
    """Why the mailer could not find this lab, and what would help; empty where it can."""
    if mailer in _NEEDS_PORT_25 and lab.port != _SMTP_PORT:
        return f"{mailer} connects to port {_SMTP_PORT} alone: add --port {_SMTP_PORT}"
    if mailer == "container" and lab.dns_port != _RESOLVER_PORT:
        return f"a resolver asks port {_RESOLVER_PORT} alone: add --dns-port {_RESOLVER_PORT}"
    return ""


def render_export(mailer: str, lab: Surroundings) -> str:
    """What to write into the mailer, and how it comes to ask the lab's name server."""
    if mailer == "container":
        return EXPORTS[mailer](lab)
    return EXPORTS[mailer](lab) + _names(lab, "dnl" if mailer == "sendmail" else "#")


def _names(lab: Surroundings, mark: str) -> str:
    """How a mailer comes to ask the lab's name server, as comments."""
    if lab.dns_port == _RESOLVER_PORT:
        lines = [f"In the mailer's resolv.conf, or a copy of {lab.resolver_file} in its place:"]
        lines += [f"nameserver {lab.nameserver}"]
    else:
        lines = [f"A resolver asks port {_RESOLVER_PORT} alone: hold the lab with --dns-port {_RESOLVER_PORT}, or let"]
        lines += ["the machine's own resolver ask it for this domain. dnsmasq:"]
        lines += [f"server=/{lab.domain}/{lab.nameserver}#{lab.dns_port}", "Unbound:"]
        lines += ["server: do-not-query-localhost: no", f'stub-zone: name: "{lab.domain}"']
        lines += [f"           stub-addr: {lab.nameserver}@{lab.dns_port}"]
    return "".join(f"{mark} {line}\n" for line in lines)

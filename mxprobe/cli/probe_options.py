"""The options of `mxprobe probe`, in the groups in which its help lists them."""

from pathlib import Path

import click

from mxprobe.cli.grouped import Group, option
from mxprobe.cli.watch_options import WATCH_OPTIONS
from mxprobe.report.formats import LOOK_FORMATS

FAIL_ON = "From which severity on the exit status tells of findings (default error; nagios: warning)."
THRESHOLD = "With nagios: bounds of a figure (connect, banner, tls, elapsed, queries; cert, hosts: below)."
_FILE = click.Path(path_type=Path)
_PORT = click.IntRange(1, 65535)

_RECIPIENTS = (
    option("--to", "recipients", multiple=True, metavar="ADDRESS", help="Ask for this recipient; sends no mail."),
    option("--from", "mail_from", default="", metavar="ADDRESS", help="Envelope sender with --to."),
    option("--matrix", is_flag=True, help="With --to: ask for a random one, postmaster, another domain's, too."),
    option("--i-own-this", is_flag=True, help="The domain is mine: allow --matrix without a TXT record."),
    option("--force-shared", is_flag=True, help="With --matrix: ask hosts of large providers too."),
    option("--patient", is_flag=True, help="With --matrix: ask once more, 5 min later, what was put off."),
    option("--dry-run", is_flag=True, help="Print what would be said to whom; dial nobody."),
)
_SEEN = (
    option("--dns-only", is_flag=True, help="Look at the DNS alone."),
    option("-4", "only_4", is_flag=True, help="IPv4 alone."),
    option("-6", "only_6", is_flag=True, help="IPv6 alone."),
    option("--dnssec", is_flag=True, help="Check DNSSEC signatures here, from the root down."),
    option("--trust-anchor", type=_FILE, help="With --dnssec: another root's DS or DNSKEY records."),
    option("--dkim-selector", "dkim_selectors", multiple=True, metavar="NAME", help="Look for this DKIM key."),
    option("--dnsbl", "dnsbls", multiple=True, metavar="ZONE", help="Ask this list about the MX hosts."),
)
_ZONE = (
    option("--zone", type=_FILE, help="Read this master file (-: stdin) in place of the DNS."),
    option("--domain", metavar="NAME", help="The domain of --zone."),
)
_BESIDE = (
    option("--baseline", type=_FILE, help="Compare with this earlier probe (saved with --save)."),
    option("--expect", type=_FILE, help="What is expected, and waived (YAML); all else is a finding, with its line."),
    option("--write-expect", type=_FILE, help="Begin such a file with what is so today."),
    option("--migration", type=_FILE, help="The plan of a move (YAML): what may be done now, what must wait."),
)
_TOLD = (
    option("--format", "form", type=click.Choice(["text", *LOOK_FORMATS]), default="text", show_default=True),
    option("--output", type=_FILE, help="Write the report into this file, all at once."),
    option("--save", type=_FILE, help="Keep what was seen in this file (mode 0600), for report, diff, --baseline."),
    option("--fail-on", type=click.Choice(["error", "warning", "info"]), help=FAIL_ON),
    option("--select", multiple=True, metavar="CODE", help="Judge by these rules alone (MX3: all MX3xx)."),
    option("--ignore", multiple=True, metavar="CODE", help="Leave these rules out."),
    option("--threshold", multiple=True, metavar="FIGURE=WARN[:CRIT]", help=THRESHOLD),
)
_ASKED = (
    option("--nameserver", "nameservers", multiple=True, metavar="ADDR[:PORT]", help="Ask this name server."),
    option("--authority-port", type=_PORT, metavar="PORT", help="Port of the zone's own servers (default 53)."),
    option("--helo", metavar="NAME", help="The name to say in EHLO."),
    option("--port", type=_PORT, metavar="PORT", help="Port of the MX hosts, 25 unless you test a lab."),
    option("--source", metavar="ADDR", help="Dial from this address."),
    option("--timeout", type=float, metavar="SECONDS", help="How long to wait for each reply."),
    option("--attempts", type=int, metavar="N", help="Attempts before a failure is an error (default 3 over 40 s)."),
    option("--spacing", type=float, metavar="SECONDS", help="From one attempt to the next (default 20)."),
    option("--queries", type=int, metavar="N", help="The most DNS queries (default 200)."),
    option("--in-order", is_flag=True, help="Dial a worse preference only when the better one is done."),
    option("--allow-special", is_flag=True, help="Dial private and loopback addresses."),
    option("--cafile", type=_FILE, help="Trust the authorities in this PEM file."),
)

CONSENT = (
    'RCPT is said, never DATA. --matrix needs the consent of the domain: a TXT record _mxprobe.DOMAIN "v=mxprobe1; '
    'until=YYYY-MM-DD", or --i-own-this.'
)
QUIET = (
    "With --history this look is kept beside those before. With --alarm, too, nothing is printed but what changed "
    "since then, once, and only what lasts: exit 1 for trouble, 0 for its end and for nothing to say."
)

GROUPS = (
    Group("Recipients", CONSENT, _RECIPIENTS),
    Group("What is looked at", "", _SEEN),
    Group("A zone not published yet", "Nobody is asked or dialled; each host is assumed to answer.", _ZONE),
    Group("Compare", "", _BESIDE),
    Group("Report", "", _TOLD),
    Group("Watch", QUIET, WATCH_OPTIONS),
    Group("How hosts and name servers are asked", "", _ASKED),
)

LOOKED_WITH = (
    *("recipients", "dns_only", "helo", "mail_from", "port", "nameservers", "authority_port", "source"),
    *("timeout", "attempts", "spacing", "queries", "in_order", "allow_special", "cafile"),
    *("matrix", "i_own_this", "force_shared", "patient", "dry_run", "dkim_selectors", "dnsbls"),
    *("dnssec", "trust_anchor"),
)
"""What stands in `LookOptions` under the same name."""

DIALS = {
    one.name: one.opts[0]
    for one in (*_RECIPIENTS, *_SEEN, *_ASKED)
    if one.name not in ("dns_only", "dkim_selectors")  # a zone file answers these
}
"""What means nothing where a zone file is read, since nobody is asked or dialled: names and flags."""

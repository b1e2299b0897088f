"""The options of `mxprobe survey`, in the groups in which its help lists them."""

from pathlib import Path

import click

from mxprobe.cli.grouped import Group, option

_FILE = click.Path(path_type=Path)
_COUNT = click.IntRange(min=1)

DEPTHS = ("dns", "connect", "ehlo", "tls", "rcpt")
"""As `facts.survey.Depth` has them; a test holds the two together."""

FAMILIES = (
    "DNS facts beside the chain, in place of mta-sts,tlsa: tlsrpt, authorities, registered, intended, reverse, dmarc, "
    "spf; or none."
)

_RESULTS = (
    option("--out", metavar="WHERE", help="Results: FILE.jsonl, FILE.parquet or sqlite:FILE."),
    option("--resume", is_flag=True, help="Go on with the survey whose results lie there."),
    option("--journal", type=_FILE, help="Where its state is kept (default: beside the results)."),
    option("--summary", is_flag=True, help="Print the summary: at the end; of a file of results without --out."),
    option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Of the summary."),
    option("--no-findings", is_flag=True, help="Keep what was seen, and do not judge or forecast."),
    option("--strict", is_flag=True, help="Refuse a list with a line that names no domain."),
    option("--quiet", is_flag=True, help="Say nothing of how far it is."),
)
_ASKED = (
    option("--depth", type=click.Choice(DEPTHS), default="dns", show_default=True, help="How far to go."),
    option("--ask", multiple=True, metavar="FAMILY,...", help=FAMILIES),
    option("--from", "mail_from", default="", metavar="ADDRESS", help="Envelope sender at depth rcpt."),
    option("-4", "only_4", is_flag=True, help="Dial IPv4 alone."),
    option("-6", "only_6", is_flag=True, help="Dial IPv6 alone."),
    option("--exclude", type=_FILE, help="Do not dial these: names, addresses, networks, one a line."),
)
_LOOKS = (
    option("--contact", default="", metavar="WHO", help="Your address or https page, for those who are looked at."),
    option("--helo", metavar="NAME", help="The name to say in EHLO: that of the address you dial from."),
    option("--probing-txt", is_flag=True, help="Print the file to serve at https://NAME/.well-known/probing.txt."),
)
_SPEED = (
    option("--workers", type=click.IntRange(min=0), metavar="N", help="Processes (default: one a core; 0: this one)."),
    option("--sessions", "at_once", type=_COUNT, metavar="N", help="Sessions at once in each (default 1000)."),
    option("--lookups", type=_COUNT, metavar="N", help="DNS lookups at once in each (default 500)."),
    option("--per-operator", type=click.IntRange(min=0), metavar="N", help="Sessions at once with one (default 8)."),
    option("--spacing", type=float, metavar="SECONDS", help="Between two sessions with one (default 0.1)."),
    option("--scheduler", metavar="ADDR", help="Use the workers of this Dask cluster: tcp://HOST:PORT."),
    option("--vantage", "vantages", metavar="A,B", help="With --scheduler: look from workers of each resource."),
)
_OWN = (
    option("--i-own-these", is_flag=True, help="Domains and hosts are mine: RCPT without a TXT record, and these:"),
    option("--no-pacing", is_flag=True, help="No limits for each operator."),
    option("--no-dedup", is_flag=True, help="Visit the hosts of each domain anew, to compare."),
    option("--allow-special", is_flag=True, help="Dial private and loopback addresses."),
)
_MEANS = (
    option("--nameserver", "nameservers", multiple=True, metavar="ADDR[:PORT]", help="Ask this name server."),
    option("--port", type=click.IntRange(1, 65535), metavar="PORT", help="Port of the MX hosts (default 25)."),
    option("--source", metavar="ADDR", help="Dial from this address."),
    option("--timeout", type=float, metavar="SECONDS", help="How long to wait for each reply."),
    option("--attempts", type=int, metavar="N", help="Attempts before a failure is an error (default 3)."),
    option("--cafile", type=_FILE, help="Trust the authorities in this PEM file."),
)

MANNERS = (
    "From --depth connect on, hosts of others are dialled: each address once, so many sessions at once with each "
    "operator and so far apart, fewer where one throttles. Who looks has to be known: --contact."
)

GROUPS = (
    Group("Results", "", _RESULTS),
    Group("What is asked", "", _ASKED),
    Group("Who looks", MANNERS, _LOOKS),
    Group("How fast", "", _SPEED),
    Group("Hosts of your own", "", _OWN),
    Group("How hosts and name servers are asked", "", _MEANS),
)

LOOKED_WITH = (
    *("contact", "helo", "mail_from", "ask", "exclude", "i_own_these", "allow_special", "nameservers", "port"),
    *("source", "timeout", "attempts", "cafile", "at_once", "lookups", "per_operator", "spacing", "no_pacing"),
    *("no_dedup", "no_findings"),
)
"""What stands in `MannerOptions` under the same name."""

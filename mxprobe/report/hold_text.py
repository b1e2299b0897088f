"""How hosts can be taken down for a drill, and up again: for a person to type, for mxprobe does neither."""

import ipaddress

from mxprobe.facts.proof import Proof
from mxprobe.report.words import wrap

_MAILERS = (
    ("postfix stop", "postfix start"),
    ("systemctl stop exim4", "systemctl start exim4"),
    ("systemctl stop opensmtpd", "systemctl start opensmtpd"),
    ("systemctl stop sendmail", "systemctl start sendmail"),
)


def render_hold(proof: Proof, hosts: tuple[str, ...], port: int, at_most: str) -> str:
    """What to type on the machine of each host, how to undo it, and what happens meanwhile."""
    lines: list[str] = []
    for host in hosts:
        lines += [*_one_host(host, dict(proof.addresses).get(host, ()), port), ""]
    others = ", ".join(host for _, host in proof.chain if host not in hosts)
    waits = (
        f"mxprobe touches no firewall. It waits up to {at_most} until nobody answers there, then writes to {others},"
        " and says when to undo it. Ctrl-C ends the wait: nothing was sent then."
    )
    return "\n".join([*lines, *wrap("", waits)])


def _one_host(host: str, addresses: tuple[str, ...], port: int) -> list[str]:
    rules = [
        f"    nft add rule inet mxprobe input {_family(address)} daddr {address} tcp dport {port} reject with tcp reset"
        for address in addresses
    ]
    where = f" ({', '.join(addresses)})" if addresses else ""
    return [
        *wrap("", f"Take {host} down for a while. On its own machine{where}, do one of these:"),
        "  refuse connections, by nftables (behind NAT: with the machine's own addresses)",
        "    nft add table inet mxprobe",
        "    nft add chain inet mxprobe input '{ type filter hook input priority -10; }'",
        *rules,
        "    undo:  nft delete table inet mxprobe",
        "  stop its mailer",
        *(f"    {stop:<25} undo:  {start}" for stop, start in _MAILERS),
    ]


def _family(address: str) -> str:
    return "ip6" if ipaddress.ip_address(address).version == 6 else "ip"

"""What a lab host answers when nothing is wrong with it: the hooks of aiosmtpd, each asking its host first.

Standards: RFC 5321 §4.1.1.
"""

from typing import Any

from aiosmtpd.smtp import Session as Client

from mxprobe.facts.smtp import Phase

# The commands of the lab's hosts, and the phases that they belong to; what has no phase is not written down.
_SPOKEN = (Phase.EHLO, Phase.HELO, Phase.STARTTLS, Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.RSET, Phase.QUIT)
COMMANDS = {phase.value.upper(): phase for phase in _SPOKEN} | {"NOOP": None, "VRFY": None}

# The phases that begin with a reply of the host's, not with a command.
AFTER: dict[tuple[Phase | None, str], Phase] = {(Phase.STARTTLS, "220"): Phase.TLS, (Phase.DATA, "354"): Phase.DOT}


class Dialogue:
    """The hooks that aiosmtpd calls; the answers are the host's. A positive reply of the story counts as the usual."""

    async def handle_EHLO(self, server: Any, client: Client, _envelope: Any, name: str, _lines: Any) -> list[str]:
        said = await server.meet(Phase.EHLO, argument=name)
        if said is not None and not said.startswith("2"):
            return [said]
        client.host_name = name
        return [said] if said is not None else fold("250 " + "\n".join((server.hostname, *server.offers())))

    async def handle_HELO(self, server: Any, client: Client, _envelope: Any, name: str) -> str:
        said = await server.meet(Phase.HELO, argument=name)
        if said is None or said.startswith("2"):
            client.host_name = name
        return said or f"250 {server.hostname}"

    async def handle_MAIL(self, server: Any, _client: Any, envelope: Any, address: str, options: list[str]) -> str:
        said = await server.meet(Phase.MAIL, argument=plain(address), parameters=tuple(options))
        if said is None or said.startswith("2"):
            envelope.mail_from = address
        return said or "250 2.1.0 Ok"

    async def handle_RCPT(self, server: Any, _client: Any, envelope: Any, address: str, _options: Any) -> str:
        said = await server.meet(Phase.RCPT, argument=address, recipient=address)
        if said is None or said.startswith("2"):
            envelope.rcpt_tos.append(address)
        return said or "250 2.1.5 Ok"

    async def handle_DATA(self, server: Any, _client: Any, _envelope: Any) -> str:
        return await server.meet(Phase.DOT) or f"250 2.0.0 Ok: queued as {server.next_number()}"

    async def handle_RSET(self, server: Any, _client: Any, _envelope: Any) -> str:
        return await server.meet(Phase.RSET) or "250 2.0.0 Ok"

    async def handle_QUIT(self, server: Any, _client: Any, _envelope: Any) -> str:
        return await server.meet(Phase.QUIT) or "221 2.0.0 Bye"


def plain(address: str | None) -> str:
    """aiosmtpd says "<>" for the null sender."""
    return "" if address in (None, "<>") else str(address)


def declared_size(parameters: tuple[str, ...]) -> int | None:
    """The octets that the parameters of MAIL declare (RFC 1870 §6)."""
    sizes = (value for name, _, value in (one.partition("=") for one in parameters) if name.upper() == "SIZE")
    return next((int(size) for size in sizes if size.isdecimal()), None)


def fold(text: str) -> list[str]:
    """The lines of a reply whose text has line ends."""
    first, *rest = text.split("\n")
    if not rest:
        return [text]
    code, parts = first[:3], [first[4:], *rest]
    return [f"{code}-{part}" for part in parts[:-1]] + [f"{code} {parts[-1]}"]

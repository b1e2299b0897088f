"""The README's table of rules, made from the rules. `python -m tests.support.readme` writes it anew."""

import re
from pathlib import Path

from mxprobe.rules.all import ALL_RULES
from mxprobe.rules.domain import RULES as DOMAIN_RULES
from mxprobe.rules.sender import RULES as SENDER_RULES

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- rules: begin -->\n", "<!-- rules: end -->\n"
FAMILIES = {
    "MX0": "The probe itself",
    "MX1": "MX records and names",
    "MX2": "Addresses of MX hosts",
    "MX3": "Preferences, redundancy, backups",
    "MX4": "TTL, propagation, migration",
    "MX5": "DNSSEC, hijack, drift, expectations",
    "MX6": "Connection, greeting, SMTP",
    "MX70": "STARTTLS and certificates",
    "MX71": "STARTTLS and certificates",
    "MX75": "DANE",
    "MX77": "MTA-STS and TLS reports",
    "MX78": "MTA-STS and TLS reports",
    "MX80": "Recipients and relaying",
    "MX81": "Recipients and relaying",
    "MX82": "Recipients and relaying",
    "MX85": "SPF, DKIM, DMARC",
    "MX86": "SPF, DKIM, DMARC",
    "MX88": "Reputation of MX hosts",
    "MX90": "Providers",
    "MX91": "Providers",
    "MX92": "Forwarding",
    "MX95": "Runs of the lab",
    "MX96": "Runs of the lab",
    "MX97": "Runs of the lab",
}
"""What the rules whose codes begin so are about."""


def render_rules() -> str:
    """The table, a part for each family, in the order of the codes."""
    lines: list[str] = []
    family = ""
    for module in sorted(ALL_RULES, key=lambda module: str(module.RULE.code)):
        rule, page = module.RULE, str(module.__doc__)
        told = next(name for start, name in FAMILIES.items() if rule.code.startswith(start))
        if told != family:
            family = told
            lines += [
                "",
                f"**{family}**",
                "",
                "| code | name | severity | says | judges |",
                "| --- | --- | --- | --- | --- |",
            ]
        says = re.sub(r"\s+", " ", page.strip().split("\n\n")[0])
        judges = [
            word
            for word, is_so in (
                ("probe", module in DOMAIN_RULES),
                ("run", module in SENDER_RULES),
                ("proof", hasattr(module, "find_in_proof")),
            )
            if is_so
        ]
        lines.append(f"| {rule.code} | {rule.name} | {rule.severity.value} | {says} | {', '.join(judges)} |")
    return "\n".join([*lines[1:], ""])


def with_rules(text: str) -> str:
    """The README with the table as it should be."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{render_rules()}{END}{after}"


if __name__ == "__main__":
    README.write_text(with_rules(README.read_text(encoding="utf-8")), encoding="utf-8")

"""What a look is going to say, before it says it: how much for a person to agree to, or all of it."""

from mxprobe.facts.matrix import AskedAbout, Role
from mxprobe.facts.session import Endpoint
from mxprobe.facts.snapshot import NotVisited, Snapshot
from mxprobe.mx.consent import FLAG
from mxprobe.mx.matrix import DEFAULT_WAIT, asked_about, envelopes, numbers_for
from mxprobe.report.words import count_of, say_span, wrap

_ROLES = {
    Role.GOOD: "the recipient",
    Role.POSTMASTER: "postmaster",
    Role.RANDOM: "a random recipient",
    Role.FOREIGN: "one of another domain",
}


def render_announcement(snapshot: Snapshot) -> str:
    """What a matrix will ask, how often, at which hosts, and what allows it."""
    asked = asked_about(snapshot)
    endpoints = [visit.endpoint for visit in snapshot.all_visits if visit.not_visited in (None, NotVisited.INTERRUPTED)]
    counts = {endpoint: most_rcpts(asked, endpoint) for endpoint in endpoints}
    roles = dict.fromkeys(_ROLES[question.role] for question in asked.questions)
    senders = [f"MAIL FROM:<{sender}>" for sender in dict.fromkeys(one.sender for one in asked.questions)]
    until = f" (until {asked.until})" if asked.until else ""
    again = f"; once more, after {say_span(DEFAULT_WAIT)} or the stated wait, what is put off" if asked.patient else ""
    lines = wrap("asking   ", f"{', '.join(roles)}; {' and '.join(senders)}{again}; no message is sent")
    for endpoint, count in counts.items():
        lines += wrap("  at     ", f"{endpoint.id}: at most {count_of(count, 'RCPT')}{_shared(asked, endpoint)}")
    lines += wrap(
        "  in all ", f"at most {count_of(sum(counts.values()), 'RCPT')}; allowed by {asked.allowed_by}{until}"
    )
    if asked.allowed_by == FLAG:
        lines += wrap("  warning ", f"{FLAG} is your word that {snapshot.domain} is yours; its hosts see who asks")
    return "\n".join(lines)


def most_rcpts(asked: AskedAbout, endpoint: Endpoint) -> int:
    """The most RCPTs that an address is told."""
    return len(numbers_for(asked, endpoint.host)) * (2 if asked.patient else 1)


def _shared(asked: AskedAbout, endpoint: Endpoint) -> str:
    whose = dict(asked.shared).get(endpoint.host)
    return f" (a shared host of {whose}: the good recipients alone; --force-shared asks all)" if whose else ""


def render_dry_run(snapshot: Snapshot) -> str:
    """All that would be said, host by host, in the order it would be said."""
    asked = asked_about(snapshot)
    lines = [f"{snapshot.domain}: what would be said; nobody was dialled."]
    if asked.refused:
        lines += wrap("  NOT ALLOWED  ", f"{asked.refused}; a look would end here (exit 2). {FLAG} would allow it.")
    if asked.allowed_by:
        lines += wrap("  allowed by ", asked.allowed_by + (f", until {asked.until}" if asked.until else ""))
    endpoints = [visit.endpoint for visit in snapshot.all_visits if visit.not_visited is NotVisited.DRY_RUN]
    if not endpoints:
        lines.append("  There is no host to dial.")
    for endpoint in endpoints:
        lines += ["", *_dialogue(snapshot, asked, endpoint)]
    for visit in snapshot.all_visits:
        if visit.not_visited is not NotVisited.DRY_RUN:
            lines += ["", f"{visit.endpoint.id}", f"  would not be dialled: {visit.not_visited}"]
    total = sum(most_rcpts(asked, endpoint) for endpoint in endpoints)
    queries = snapshot.queries or sum(answer.tries for answer in snapshot.answers)
    sent = f"At most {count_of(total, 'RCPT')} at {count_of(len(endpoints), 'address', 'addresses')}; no message."
    asked_now = count_of(queries, "DNS query", "DNS queries")
    return "\n".join([*lines, "", f"{sent} Asked just now: {asked_now}.  Exit 0: a dry run."])


def _dialogue(snapshot: Snapshot, asked: AskedAbout, endpoint: Endpoint) -> list[str]:
    """What one address would be told."""
    numbers = numbers_for(asked, endpoint.host)
    helo = snapshot.vantage.helo
    lines = [
        f"{endpoint.id}{_shared(asked, endpoint)}",
        f"  EHLO {helo}",
        "  STARTTLS, and EHLO again, where it is offered",
    ]
    for sender, group in envelopes(asked, numbers):
        lines.append(f"  MAIL FROM:<{sender}>")
        for number in group:
            question = asked.questions[number]
            lines.append(f"  RCPT TO:<{question.recipient}>  ({question.role})")
        lines.append("  RSET")
    lines.append("  QUIT")
    if asked.patient:
        lines += wrap(
            "  ", f"Once more, after {say_span(DEFAULT_WAIT)} or the stated wait: what of this was answered by later."
        )
    attempts = snapshot.vantage.attempts
    if attempts > 1:
        lines += wrap("  ", f"Up to {attempts} sessions where it fails before MAIL; RCPTs are said in one of them.")
    return lines

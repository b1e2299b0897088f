"""The words of a scenario file, each with what it means and an example that is played as a test.

An example is a story without a stage: it is played over the usual pair of hosts, mx1 and mx2.
"""

from msgspec import Struct


class Word(Struct, frozen=True, kw_only=True):
    """One word: what it is for, and a story in which it stands, from `hosts` or `steps` on."""

    told: str
    example: str


def _steps(*lines: str) -> str:
    return "\n".join(["steps:", *(f"  - {line}" for line in lines)])


_SENT = "{at: 1m, send: letter, to: anyone}"
_DOWN = "{at: 0m, break: mx1, with: tcp-refuse, for: 1h}"
_OVER = "expect:\n  letter: {tried: [mx1, mx2], accepted: mx2, arrived: {in: mailbox, before: 4h}}"
_USUAL = "expect:\n  letter: {accepted: mx1, arrived: mailbox}"

STEPS = {
    "send": Word(
        told="The sender under test gets a message. `to` names one recipient or several; `from` the envelope sender; "
        "`count` messages are sent `every` so long, and are called after the step: letter-1, letter-2. "
        "`size` makes each as large as that: 500B 200kB 10MB.",
        example=_steps("{at: 1m, send: letter, to: anyone, from: shop@elsewhere.test, count: 3, every: 10s}")
        + f"\n{_USUAL}",
    ),
    "break": Word(
        told="A host, several, a role (`primary`, `backup`, `everyone`, `site:hq`), `dns`, a name server or `mta-sts` "
        "gets the fault named by `with`, `for` a time or until mended. `phase` or `query` say where it strikes, `only` "
        "how often: first 2, every 3rd, after 100, counted per host, or `first 2 per session`, `first 2 per message`; "
        "`1 in 4` is chance, by the seed. The newest fault counts. A part of a host: mx1/v4 or mx1/v6, its addresses "
        "of one family, mx1/192.0.2.1, one address.",
        example=_steps("{at: 0m, break: mx1, with: {reply: 421 4.3.2 busy}, phase: banner, for: 30m}", _SENT)
        + f"\n{_OVER}",
    ),
    "mend": Word(
        told="Every fault that steps gave to these hosts ends. What a host `always` has stays with it.",
        example=_steps("{at: 0m, break: mx1, with: tcp-refuse}", _SENT, "{at: 40m, mend: primary}") + f"\n{_OVER}",
    ),
    "publish": Word(
        told="The domain gets new MX records (with their `ttl`), or a new MTA-STS policy under a new id. All name "
        "servers have them at once, or those named by `on`. What resolvers and senders keep, they keep until it is too "
        "old.",
        example=_steps("{at: 0m, publish: {mx: [10 new], ttl: 5m}}", _SENT)
        + "\nexpect:\n  letter: {accepted: new, arrived: new}",
    ),
    "probe": Word(
        told="The domain is looked at in this moment, as `mxprobe probe` does, and the recipients `to` are asked for. "
        "What the look must find stands under its name in `expect`; an empty list is nothing.",
        example=_steps(_DOWN, _SENT, "{at: 6m, probe: during, to: anyone}")
        + f"\n{_OVER}\n  during: {{findings: [MX308 primary-tier-down]}}",
    ),
    "prove": Word(
        told="A labelled message is sent straight to each MX host, as `mxprobe prove` does, and for `watch` (30m) is "
        "looked for in the mailbox of `to`. `unknown` gets one over each backup: somebody who is not there. Hosts that "
        "are `down` are known to be, and not written to. What is found stands under its name in `expect`, and what is "
        "proven of hosts: while-up, in-outage, no, or open where it may still come.",
        example=_steps(_DOWN, _SENT, "{at: 6m, prove: drill, to: anyone, down: primary, watch: 3h}")
        + f"\n{_OVER}\n  drill: {{findings: [], proven: {{mx2: in-outage}}}}",
    ),
    "at": Word(
        told="The trigger of a step: so long after the story's start. It waits for nothing.",
        example=_steps(_SENT) + f"\n{_USUAL}",
    ),
    "after": Word(
        told="The trigger of a step: so long after the step above it.",
        example=_steps(_DOWN, "{after: 5m, send: letter, to: anyone}") + f"\n{_OVER}",
    ),
    "when": Word(
        told="The trigger of a step: when a queue holds just so many messages, {queue: mx2, holds: 3}, or when "
        "something has become of a message so many `times`, {message: order, tried: mx1, times: 2}: tried, accepted, "
        "arrived or bounced. It is watched once the step above has come; `after` beside it waits so long behind. A "
        "step that never comes fails the story.",
        example=_steps(
            "{at: 0m, break: mx1, with: tcp-refuse}", _SENT, "{when: {queue: mx2, holds: 1}, after: 5m, mend: mx1}"
        )
        + f"\n{_OVER}",
    ),
}
"""The deeds of steps, and their triggers."""

EXPECTATIONS = {
    "arrived": Word(
        told="The message is stored: in the `mailbox`, in another host's store, or at a host. `copies` is 1 unless "
        "said; `after` and `before` count from the story's start. One of the four ways in which a message can end.",
        example=_steps(_DOWN, _SENT)
        + "\nexpect:\n"
        + "  letter: {tried: [mx1, mx2], accepted: mx2, arrived: {in: mailbox, copies: 1, after: 1h, before: 4h}}",
    ),
    "bounced": Word(
        told="The message is given back once, `by` the `sender` or a host, with this `status` where one is named.",
        example=_steps("{at: 1m, send: letter, to: ghost}")
        + "\nexpect:\n  letter: {tried: [mx1], bounced: {by: sender, status: 5.1.1, before: 2m}}",
    ),
    "queued": Word(
        told="The message is still in the queue of the `sender`, or of a host, when the story ends.",
        example=_steps(_DOWN, _SENT, "{when: {queue: mx2, holds: 1}, break: mx2, with: stopped}")
        + "\nexpect:\n  letter: {tried: [mx1, mx2], accepted: mx2, queued: mx2}",
    ),
    "lost": Word(
        told="Somebody took the message, and it is nowhere: not stored, not queued, not given back.",
        example=_steps("{at: 0m, break: mx1, with: message-loss}", _SENT)
        + "\nexpect:\n  letter: {accepted: mx1, lost: true}\n  findings: [MX953 mail-lost]",
    ),
    "tried": Word(
        told="The hosts of a round, in order; `mx1|mx2` is either in that place, a role is all of its hosts. A round "
        "may end early only because the message is settled. No other host may be asked.",
        example=_steps(_DOWN, _SENT) + f"\n{_OVER}",
    ),
    "accepted": Word(
        told="The host that takes the message from the sender under test, or several of which one does: mx1|mx2.",
        example=_steps(_SENT) + f"\n{_USUAL}",
    ),
    "rounds": Word(
        told="How many passes over the chain the sender needs: a number, or {from: 2, to: 5}.",
        example=_steps(_DOWN, "{at: 0m, break: mx2, with: tcp-refuse, for: 1h}", _SENT)
        + "\nexpect:\n  letter: {tried: [mx1, mx2], accepted: mx1, rounds: {from: 2, to: 5}, arrived: mailbox}",
    ),
    "never": Word(
        told="Hosts that no attempt of the message may connect to.",
        example=_steps(_SENT) + "\nexpect:\n  letter: {accepted: mx1, never: [mx2], arrived: mailbox}",
    ),
    "tls": Word(
        told="How the content travels from the sender to the host that takes it: `none` in clear, `unverified` over "
        "TLS with anybody, `verified` with a host that has proved who it is (senders +dane and +mta-sts).",
        example=_steps("{at: 0m, break: mx1, with: {extension-withheld: STARTTLS}}", _SENT)
        + "\nexpect:\n  letter: {accepted: mx1, tls: none, arrived: mailbox}",
    ),
    "shares": Word(
        told="Over the messages of one step, each of the equals in the first place of `tried` is asked first about as "
        "often as the others: a chi-square test, whose bound a failure names.",
        example="domain: example.test\nmx: [10 mx1, 10 mx2]\nrecipients: [anyone]\n"
        + _steps("{at: 0m, send: letter, to: anyone, count: 100, every: 10s}")
        + "\nexpect:\n  letter: {tried: [mx1|mx2], shares: equal, arrived: mailbox}",
    ),
    "in-order": Word(
        told="Messages that arrive in this order: every copy of one before the first copy of the next.",
        example=_steps(_SENT, "{at: 5m, send: second, to: anyone}")
        + f"\n{_USUAL}\n  second: {{accepted: mx1, arrived: mailbox}}\n  in-order: [letter, second]",
    ),
    "findings": Word(
        told="What the rules say of the run: exactly these warnings and errors, by code and, if you like, by name.",
        example="hosts: {mx1: {always: {greylist: {wait: 5m, trusts: [mx2]}}}}\n"
        + _steps(_SENT)
        + "\nexpect:\n  letter: {tried: [mx1, mx2], accepted: mx2, arrived: mailbox}\n  findings: [MX957]",
    ),
    "queue": Word(
        told="Under `hosts` in `expect`: the queue of a host is empty, by a time or at the end.",
        example=_steps(_DOWN, _SENT) + f"\n{_OVER}\n  hosts:\n    mx2: {{queue: empty, before: 2h}}",
    ),
}
"""What can be expected of messages, queues and runs."""

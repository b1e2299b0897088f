"""Every fault, in every phase it can strike in, under every profile: the forecast is what happens."""

import pytest

from mxprobe.facts.run import Run
from mxprobe.facts.session import FailureKind
from mxprobe.facts.smtp import Phase
from mxprobe.lab.play import play_story
from mxprobe.mx.forecast import FateKind, forecast_mailer
from mxprobe.mx.outcome import TlsPolicy
from mxprobe.mx.profile import Profile
from mxprobe.mx.senders import MODELLED, PROFILES
from mxprobe.scenario.load import load
from tests.support.chains import chain, outcomes_of

QUEUEING = (PROFILES[0], *MODELLED)
"""The mailers that try again."""

STORY = """\
story: One fault for half a day.
domain: example.test
mx: [10 mx1, 20 mx2]
recipients: [alice]
steps:
  - {{at: 0m, break: {host}, with: {fault}, {where} for: 12h}}
  - {{at: 1m, send: letter, to: alice}}
expect:
  letter: {{queued: sender}}
"""
FAULTS = [
    ("tcp-refuse", ""),
    ("tcp-black-hole", ""),
    ("silence", "phase: banner,"),
    ("silence", "phase: ehlo,"),
    ("silence", "phase: mail,"),
    ("silence", "phase: rcpt,"),
    ("silence", "phase: data,"),
    ("silence", "phase: dot,"),
    ("{reply: 421 4.3.2 Busy}", "phase: banner,"),
    ("{reply: 554 5.3.2 No}", "phase: banner,"),
    ("{reply: 421 4.3.2 Busy}", "phase: ehlo,"),
    ("{reply: 454 4.7.0 TLS not now}", "phase: starttls,"),
    ("{reply: 451 4.3.0 later}", "phase: mail,"),
    ("{reply: 550 5.7.0 no}", "phase: mail,"),
    ("{reply: 450 4.2.0 later}", "phase: rcpt,"),
    ("{reply: 550 5.1.1 no}", "phase: rcpt,"),
    ("{reply: 451 4.3.0 later}", "phase: data,"),
    ("{reply: 554 5.3.0 no}", "phase: data,"),
    ("{reply: 451 4.3.0 later}", "phase: dot,"),
    ("{reply: 554 5.6.0 no}", "phase: dot,"),
    ("close", "phase: banner,"),
    ("close", "phase: ehlo,"),
    ("close", "phase: mail,"),
    ("close", "phase: rcpt,"),
    ("close", "phase: data,"),
    ("close", "phase: dot,"),
    ("{greylist: 13h}", ""),
    ("tls-handshake-failure", ""),
    ("{certificate: expired}", ""),
    ("{certificate: wrong-name}", ""),
    ("{certificate: self-signed}", ""),
    ("{certificate: not-yet-valid}", ""),
    ("{certificate: unknown-authority}", ""),
    ("tcp-unreachable", ""),
    ("{delay: 20s}", "phase: banner,"),
    ("{delay: 20s}", "phase: dot,"),
    ("reset", "phase: banner,"),
    ("reset", "phase: mail,"),
    ("reset", "phase: data,"),
    ("reset", "phase: dot,"),
    ("garbage", "phase: banner,"),
    ("garbage", "phase: ehlo,"),
    ("garbage", "phase: mail,"),
    ("garbage", "phase: rcpt,"),
    ("garbage", "phase: data,"),
    ("garbage", "phase: dot,"),
    ("endless", "phase: banner,"),
    ("endless", "phase: ehlo,"),
    ("endless", "phase: rcpt,"),
    ("endless", "phase: dot,"),
    ("{tarpit: 1s}", ""),
    ("{rate-limit: {connections: 0}}", ""),
    ("{recipient-limit: 0}", ""),
    ("disk-full", ""),
    ("message-loss", ""),
    ("{extension-withheld: STARTTLS}", ""),
    ("{extension-withheld: PIPELINING SIZE}", ""),
    ("starttls-injection", ""),
    ("{tcp-slow: 20s}", ""),
    ("{tcp-slow: 10m}", ""),
    ("{connection-limit: 0}", ""),
    ("{size-limit: 100B}", ""),
    ("{extension-promised: {keyword: STARTTLS, refusal: 502 5.5.1 No}}", ""),
    ("{extension-promised: {keyword: STARTTLS, refusal: 454 4.7.0 TLS not now}}", ""),
    ("{extension-promised: {keyword: SIZE, refusal: 555 5.5.4 No}}", ""),
    ("{extension-promised: {keyword: DSN, refusal: 555 5.5.4 No}}", ""),
    *(
        (f"{{malformed-reply: {kind}}}", f"phase: {phase},")
        for kind in ("mixed-codes", "missing-code", "bare-text", "wrong-separator")
        for phase in ("banner", "ehlo", "mail", "rcpt", "data", "dot")
    ),
    *((f"{{tls-version: {version}}}", "") for version in ("1.0", "1.1", "1.2", "1.3")),
    *((f"{{certificate: {kind}}}", "") for kind in ("missing-intermediate", "weak-key", "new-key", "by-sni")),
    *(
        (fault, f"phase: {phase},")
        for phase in ("starttls", "tls")
        for fault in ("silence", "close", "reset", "{reply: 554 5.7.0 no TLS}", "{reply: 421 4.3.2 Busy}")
    ),
    ("garbage", "phase: starttls,"),
    *((fault, "phase: body,") for fault in ("close", "reset", "silence")),
    *(("{reply: 421 4.3.2 Busy}", f"phase: {phase},") for phase in ("mail", "rcpt", "data", "dot")),
    ('{reply: "451 4.3.0 not\\nnow"}', "phase: mail,"),
]
SLOW = ("delay", "tarpit", "tcp-slow", "silence")
PAIR = chain([(10, ["mx1.example.test"]), (20, ["mx2.example.test"])])


def _play(fault: str, where: str, sender: str, host: str = "mx1") -> tuple[Run, str]:
    story = load(STORY.format(host=host, fault=fault, where=where), "story.yaml")
    use = next(step.use for step in story.steps if hasattr(step, "use"))
    return play_story(story, sender, 1), use.fault.cell(use.phase) or ""


# aiosmtplib cannot say HELO after a line without a code, which Postfix would do.
UNREADABLE = ("garbage", "{malformed-reply: missing-code}", "{malformed-reply: bare-text}")


def _comparable(profile: Profile, fault: str, where: str) -> bool:
    """Whether a forecast can know what the fault is to this mailer."""
    timeouts = profile.timeouts
    if fault in UNREADABLE and (where, profile.name) == ("phase: ehlo,", "postfix"):
        return False
    if "tarpit" in fault:  # a forecast knows no delays, and so not who tires of them
        return min(timeouts.banner, timeouts.starttls) >= 60
    if profile.tls is TlsPolicy.NONE:  # it never comes to this phase
        return where not in ("phase: starttls,", "phase: tls,")
    # Whoever needs TLS does not go on after an EHLO of which it understands the first line alone.
    return (profile.tls, fault, where) != (TlsPolicy.ENCRYPT, "{malformed-reply: wrong-separator}", "phase: ehlo,")


CASES = [(profile, *fault) for fault in FAULTS for profile in QUEUEING if _comparable(profile, *fault)]


@pytest.mark.parametrize(("profile", "fault", "where"), CASES, ids=lambda value: getattr(value, "name", value))
def test_the_forecast_is_what_happens(profile, fault: str, where: str) -> None:  # type: ignore[no-untyped-def]
    run, cell = _play(fault, where, profile.name)
    (prospect,) = forecast_mailer(profile, PAIR, outcomes_of(PAIR, {"mx1.example.test": cell})).prospects
    fate = run.fates[0]

    if prospect.kind is FateKind.ACCEPTED:
        assert fate.accepted[0][0] + ".example.test" == prospect.host
        assert len(fate.tried) == 1
        # A forecast knows no delays: a slow host that is waited for takes as long as it takes.
        slack = 600 if any(word in fault for word in SLOW) else 5
        assert prospect.soonest <= fate.accepted[0][1] - fate.sent_at < prospect.latest + slack
    elif prospect.kind is FateKind.BOUNCES:
        assert fate.bounces
        assert fate.bounces[0][0] == "sender"
        assert fate.bounces[0][1] - fate.sent_at < prospect.latest + 60
    else:
        assert len(fate.tried) > 1, fate


def test_a_servfail_makes_everybody_wait_and_connect_to_nobody() -> None:
    for profile in QUEUEING:
        run, cell = _play("dns-servfail", "query: MX,", profile.name, host="dns")
        first = [event for event in run.events if event.kind.value == "tried"]

        assert cell == "D4"
        assert first[0].at >= 12 * 3600
        assert run.fates[0].arrivals


def test_the_host_writes_down_what_it_did() -> None:
    run, _ = _play("{reply: 554 5.3.2 No}", "phase: banner,", "postfix")
    session = run.sessions[0]

    assert session.banner is not None
    assert session.banner.text == "554 5.3.2 No"
    closed, _ = _play("close", "phase: mail,", "postfix")
    assert closed.sessions[0].failure is not None
    assert (closed.sessions[0].failure.kind, closed.sessions[0].failure.phase) == (FailureKind.CLOSED, Phase.MAIL)

"""The command `mxprobe`: the list of its commands, and the page that `--help` prints.

A command is one file here with a click command named `command`, and one line in `COMMANDS`. A command returns its exit
status (nothing means 0) and raises `MxprobeError` for what the person has to mend; `LazyGroup` does the rest.
"""

import click

from mxprobe import __version__
from mxprobe.cli.lazy import LazyCommand, LazyGroup

COMMANDS = (
    LazyCommand("probe", "mxprobe.cli.probe:command", "Look at live domains: MX chain, addresses, findings, forecast."),
    LazyCommand("survey", "mxprobe.cli.survey:command", "Look at many domains, each distinct address visited once."),
    LazyCommand("run", "mxprobe.cli.run:command", "Play scenario files and give verdicts, with no network."),
    LazyCommand("lab", "mxprobe.cli.lab:command", "Hold a scenario's world up on real loopback sockets."),
    LazyCommand("prove", "mxprobe.cli.prove:command", "Send a labelled message over each MX host; prove it arrives."),
    LazyCommand("report", "mxprobe.cli.report:command", "Look again at a saved probe or run with today's rules."),
    LazyCommand("diff", "mxprobe.cli.diff:command", "What changed between two saved probes of a domain."),
    LazyCommand("measure", "mxprobe.cli.measure:command", "Measure how a real mailer behaves, case by case."),
    LazyCommand("explain", "mxprobe.cli.explain:command", "Print a page: rule, cell, fault, step, mailer, story."),
)

EPILOG = """\b
Examples:
  mxprobe probe example.com                    is it right, and what if mx1 dies?
  mxprobe probe --to me@example.com            would every MX take my mail? (sends none)
  mxprobe probe example.com --save before.json keep what was seen, for later
  mxprobe survey domains.txt --out results.jsonl
                                               many domains; then --summary results.jsonl
  mxprobe report before.json                   the same, judged with today's rules
  mxprobe diff before.json after.json          what changed: a renewal, or somebody else?
  mxprobe run scenarios/                       rehearse outages; for a CI job
  mxprobe run --zone db.example.com --domain example.com
                                               the standard outages, over a zone not published yet
  mxprobe lab scenarios/outage/primary-refuses.yaml
                                               the same world for swaks or your own mailer
  mxprobe measure real:postfix                 whom does a real Postfix try when mx1 fails?
  mxprobe explain MX104                        what is that, what do I do

\b
Exit status:
  0  nothing at or above --fail-on (default: error)
  1  findings, or a scenario that did not go as expected
  2  wrong use, or input that cannot be read
  3  could not look: no resolver, no network, or port 25 is blocked here

Reports go to standard output, progress and complaints to standard error.
What a command takes: mxprobe COMMAND --help."""


@click.group(
    cls=LazyGroup,
    listed=COMMANDS,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="mxprobe", message="%(prog)s %(version)s")
def main() -> None:
    """What happens to your mail when a mail host dies.

    mxprobe looks at a domain's MX chain the way a sender would, forecasts where mail goes when a host fails,
    and rehearses such failures in a lab with a virtual clock.
    """

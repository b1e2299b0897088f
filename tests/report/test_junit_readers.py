"""JUnit of runs and of proofs is what its readers document."""

from pathlib import Path

from msgspec.structs import replace

from mxprobe.facts.run import Run
from mxprobe.jobs.play import play_one
from mxprobe.report.json import ProofDocument
from mxprobe.report.junit import render_proof_junit, render_runs_junit
from mxprobe.rules import judge_proof
from mxprobe.scenario.load import load
from tests.support.junit import faults_of
from tests.support.proofs import MX1, MX2, proof, route, silent, taken

STORY = (Path(__file__).parents[2] / "scenarios/greeting/primary-554.yaml").read_text()


def _runs() -> tuple[Run, ...]:
    story = load(STORY.partition("\ndiffers:")[0] + "\n", "greeting/primary-554.yaml")
    return tuple(play_one(story, sender, 1) for sender in ("postfix", "haraka"))


def test_runs_that_went_well_and_did_not() -> None:
    runs = _runs()

    assert faults_of(render_runs_junit(runs)) == []
    assert faults_of(render_runs_junit(())) == []
    assert faults_of(render_runs_junit([replace(run, not_played="no such mailer", verdict=None) for run in runs])) == []


def test_a_proof() -> None:
    seen = proof(route(MX1, taken(MX1)), route(MX2, silent(MX2, "C1")))
    text = render_proof_junit(ProofDocument(proof=seen, judgements=judge_proof(seen)))

    assert faults_of(text) == []
    assert "<failure" in text

"""Says of each step of a migration whether it is done, may be done now, must wait until when, or was done too early.

The order: lower the TTL; make the new hosts take mail; let the MTA-STS policy allow both sets (the file first, then the
id of its record); TLSA records of the new hosts; the new MX records; then the old ones go, the old hosts, their place
in the policy, and the low TTL.

Standards: RFC 1035 §3.2.1, RFC 2181 §8 (TTL); RFC 2308 §5 (absence is cached, too); RFC 5321 §4.5.4.1 (queues);
RFC 7672 §2.2; RFC 8461 §3.3, §5.1, §8.1.
"""

from msgspec.structs import replace

from mxprobe.facts.advice import Advice, MigrationStep, StepState
from mxprobe.facts.migration import LOW_TTL, Migration
from mxprobe.facts.snapshot import Snapshot
from mxprobe.mx.migration import AROUND, QUEUES, STS_REFRESH, WHOLE_TTL, is_drafted, keeps_old_id, old_record_ends
from mxprobe.mx.movers import Fitness
from mxprobe.mx.mtasts import Policy
from mxprobe.mx.policyseen import policy_of
from mxprobe.mx.scene import TTL_NOT_IN_FILE, Scene, address_ttls

DONE, NOW, WAIT = StepState.DONE, StepState.NOW, StepState.WAIT
_MOST_NAMED = 4
OVERDUE, WRONG, UNKNOWN = StepState.OVERDUE, StepState.WRONG, StepState.UNKNOWN


def advise(plan: Migration, snapshot: Snapshot, before: Snapshot | None = None) -> Advice:
    """What a look says of the steps of a plan; an earlier look, where there is one, tells since when things are so."""
    scene = Scene(plan, snapshot, before)
    cut_over = _publish_new(scene)
    steps = (
        _lower_ttl(scene),
        _lower_address_ttl(scene),
        *_prepare_hosts(scene),
        _extend_policy(scene),
        _change_id(scene),
        _publish_tlsa(scene),
        cut_over,
        _remove_old(scene, cut_over),
        _switch_off(scene),
        _prune_policy(scene),
        _raise_ttl(scene),
    )
    return Advice(
        at=scene.now,
        cut_over=plan.cut_over,
        file=scene.file,
        earliest=None if scene.is_moved else scene.earliest,
        steps=tuple(step for step in steps if step is not None),
    )


def _step(name: str, what: str, state: StepState, reason: str = "", until: float | None = None) -> MigrationStep:
    return MigrationStep(name=name, what=what, state=state, reason=reason, until=until)


# -- before the cut-over -----------------------------------------------------------------------------------------------


def _in_time(scene: Scene, step: MigrationStep, by: float) -> MigrationStep:
    """A step that may be done now: overdue where the last moment for it is over."""
    if scene.now <= by:
        return replace(step, by=by)
    return replace(step, state=OVERDUE, reason=f"{step.reason}: put the cut-over off")


def _lower_ttl(scene: Scene) -> MigrationStep | None:
    plan = scene.plan
    name, what = "lower-ttl", f"lower the TTL of the MX records to {plan.ttl} s"
    if plan.old_ttl <= LOW_TTL or plan.old == plan.new:
        return None
    if scene.is_moved:
        return _step(name, what, DONE, "the new records are published")
    if scene.ttl is None:
        return _step(name, what, UNKNOWN, "no server of the zone told the TTL")
    if scene.file and (scene.low_since is None or not scene.low_since.is_known):
        return _lower_by_file(scene, _step(name, what, NOW))
    if scene.low_since is not None:
        return _step(name, what, DONE, f"it is {scene.ttl} s" if not scene.file else _say_told(scene))
    reason = f"it is {scene.ttl} s, and caches keep the old records so long"
    return _in_time(scene, _step(name, what, NOW, reason), _latest(plan, scene.ttl))


def _say_told(scene: Scene) -> str:
    return "so the plan says" if scene.plan.ttl_lowered is not None else "so the earlier probe says"


def _lower_by_file(scene: Scene, step: MigrationStep) -> MigrationStep:
    """Of a zone file: whether it lowers the TTL when it is published."""
    plan, ttl = scene.plan, scene.ttl or 0
    if is_drafted(plan, scene.snapshot):
        return replace(step, state=UNKNOWN, reason=TTL_NOT_IN_FILE)
    if ttl <= scene.low_limit:
        return _in_time(scene, replace(step, reason=f"publish {scene.file}: it has {ttl} s"), _latest(plan, ttl))
    reason = f"{scene.file} has {ttl} s, and caches keep the old records so long"
    return _in_time(scene, replace(step, reason=reason), _latest(plan, ttl))


def _latest(plan: Migration, ttl: int) -> float:
    """The last moment to lower a TTL."""
    return plan.cut_over - max(ttl, plan.old_ttl)


def _lower_address_ttl(scene: Scene) -> MigrationStep | None:
    plan = scene.plan
    hosts = ", ".join(scene.addresses_left)
    if not plan.addresses:
        return None
    name, what = "lower-address-ttl", f"lower the TTL of the addresses that change to {plan.ttl} s"
    if not hosts and scene.file:
        return _step(name, what, UNKNOWN, f"{scene.file} has the new addresses, and nothing of the TTL of the old ones")
    if not hosts:
        return _step(name, what, DONE, "the new addresses are published")
    ttls = address_ttls(plan, scene.snapshot)
    high = {host: ttl for host, ttl in ttls.items() if ttl > scene.low_limit}
    if high:
        told = ", ".join(f"{host} {ttl} s" for host, ttl in high.items())
        return _in_time(scene, _step(name, what, NOW, told), plan.cut_over - max(high.values()))
    if scene.file and ttls:
        return _step(name, what, NOW, f"publish {scene.file}: it has {max(ttls.values())} s")
    return _step(name, what, UNKNOWN, "a cache shows what is left of a TTL; ask a server of the zone for " + hosts)


def _prepare_hosts(scene: Scene) -> list[MigrationStep]:
    steps = []
    for host in scene.coming:
        name, what = "prepare-host", f"let {host.host} take mail for {scene.snapshot.domain}"
        if host.fitness is Fitness.TAKES:
            steps.append(_step(name, what, DONE, "it accepts the recipient"))
            continue
        if not host.fitness.is_bad:
            reason = host.doubt or f"{host.host} {host.fitness}: look again later"
            steps.append(_step(name, what, UNKNOWN, reason))
            continue
        reason = f"it {host.fitness}"
        if host.negative_ttl:
            reason += f"; caches keep that for up to {host.negative_ttl} s"
        if scene.with_new:
            steps.append(
                _step(name, what, WRONG, f"{reason}, and MX records name it already: mail waits or comes back")
            )
        else:
            by = scene.plan.cut_over - (host.negative_ttl or 0)
            steps.append(_in_time(scene, _step(name, what, NOW, reason), by))
    return steps


def _extend_policy(scene: Scene) -> MigrationStep | None:
    name, what = "extend-policy", "serve an MTA-STS policy that allows old and new hosts"
    if not scene.plan.coming:
        return None
    if scene.policy_unknown:
        return _step(name, what, UNKNOWN, scene.policy_unknown)
    policy = scene.policy
    if policy is None:
        return None
    missing = ", ".join(scene.not_allowed)
    if not missing:
        return _step(name, what, DONE, f"mx: {', '.join(policy.mx[:8])}")
    if scene.with_new:
        return _step(name, what, WRONG, f"MX records name {missing}, and senders that enforce it do not go there")
    reason = f"it does not allow {missing}, and senders look for a new one once a day"
    return _in_time(scene, _step(name, what, NOW, reason), scene.plan.cut_over - STS_REFRESH)


def _change_id(scene: Scene) -> MigrationStep | None:
    name, what = "change-policy-id", "then change the id of the MTA-STS record"
    if not scene.plan.coming or scene.policy is None or scene.policy_unknown:
        return None
    if scene.not_allowed:
        return _step(name, what, WAIT, "the policy comes first: an id that is new too early has the old one fetched")
    record = policy_of(scene.snapshot).record
    told = f"id {record.id}" if record is not None and record.id else "the record has no id"
    since = scene.extended_since
    if since is None:
        return _step(name, what, NOW, f"{told}, as before the policy changed: nobody fetches the new one")
    if since.is_known or scene.is_moved:
        return _step(name, what, DONE, told)
    if scene.before is not None and not keeps_old_id(scene.snapshot, scene.before):
        return _step(name, what, DONE, f"{told}, since the earlier probe")
    return _step(
        name, what, UNKNOWN, f"{told}: whether it is new, `sts-published` of the plan or --baseline would tell"
    )


def _publish_tlsa(scene: Scene) -> MigrationStep | None:
    name, what = "publish-tlsa", "publish TLSA records that fit the new hosts"
    if scene.unproven:
        told = "; ".join(f"{host}: {why}" for host, why in scene.unproven)
        if scene.with_new:
            return _step(name, what, WRONG, f"{told}; senders that do DANE go there already")
        return _in_time(scene, _step(name, what, NOW, told), scene.plan.cut_over)
    return _step(name, what, DONE, "they fit") if scene.is_promised else None


# -- the cut-over ------------------------------------------------------------------------------------------------------


def _publish_new(scene: Scene) -> MigrationStep:
    plan = scene.plan
    name = "publish-new"
    what = "publish the new MX records" if plan.old != plan.new else "publish the new addresses"
    if plan.old != plan.new and plan.addresses:
        what += " and addresses"
    if scene.has_draft:
        what += f", by {scene.file}"
    if not scene.sets:
        return _step(name, what, UNKNOWN, "no server of the zone was heard")
    if scene.is_moved:
        return _judge_moved(scene, name, what)
    if scene.with_new:
        others = ", ".join(one.by for one in scene.sets if one.by not in scene.with_new)
        return _step(name, what, NOW, f"finish it: {others} still without them")
    closed = [gate for gate in scene.gates if gate.until is None and not gate.is_open_question]
    if closed:
        return _step(name, what, WAIT, f"not before this is mended: {closed[0].reason}")
    sure = [gate for gate in scene.gates if gate.until is not None and not gate.is_open_question]
    last = max(sure, key=lambda gate: gate.until or 0.0, default=None)
    until = max(plan.cut_over, last.until or 0.0) if last is not None else plan.cut_over
    doubts = [
        gate
        for gate in scene.gates
        if gate.is_open_question and (gate.until is None or gate.until > max(until, scene.now))
    ]
    if doubts:
        return _step(name, what, UNKNOWN, doubts[0].reason, until if until > scene.now else None)
    if last is not None and (last.until or 0.0) > plan.cut_over:
        return _step(name, what, WAIT, f"{last.reason}; the planned moment is too early", until)
    if until > scene.now:
        return _step(name, what, WAIT, "as planned", until)
    return _step(name, what, NOW, "nothing forbids it")


def _judge_moved(scene: Scene, name: str, what: str) -> MigrationStep:
    """The new records are there: whether they came too early."""
    plan = scene.plan
    bad = [host.host for host in scene.coming if host.fitness.is_bad]
    if bad:
        return _step(name, what, WRONG, f"{bad[0]} takes no mail: put the old records back, or mend it at once")
    if scene.not_allowed:
        return _step(name, what, WRONG, f"the MTA-STS policy does not allow {scene.not_allowed[0]}: mail waits there")
    safe = plan.ttl_lowered + plan.old_ttl if plan.ttl_lowered is not None else 0.0
    if scene.now < safe and plan.old_ttl > LOW_TTL:
        reason = "too early: caches have the old records with the old TTL; keep the old hosts taking mail"
        return _step(name, what, WRONG, reason, old_record_ends(plan))
    if scene.policy is not None and plan.sts_published is not None and scene.now < plan.sts_published + STS_REFRESH:
        reason = "too early: senders with the MTA-STS policy of yesterday do not go to the new hosts"
        return _step(name, what, WRONG, reason, plan.sts_published + STS_REFRESH)
    if scene.now < plan.cut_over:
        return _step(name, what, DONE, "earlier than planned: write the real moment into `cut-over`")
    return _step(name, what, DONE, f"{scene.sets[0].by} has them" if len(scene.sets) == 1 else "all servers have them")


# -- after the cut-over ------------------------------------------------------------------------------------------------


def _remove_old(scene: Scene, cut_over: MigrationStep) -> MigrationStep | None:
    plan = scene.plan
    name, what = "remove-old", f"remove {_named(plan.leaving)} from the MX records"
    if not plan.leaving:
        return None
    if not scene.sets:
        return _step(name, what, UNKNOWN, "no server of the zone was heard")
    if not scene.still_old and not scene.file:
        if scene.with_new or not plan.coming:
            return _step(name, what, DONE, "no server has them any more")
        return _step(name, what, WRONG, "no server has them any more, and the new ones are not there")
    if not scene.is_moved:
        state = NOW if cut_over.state is NOW and not scene.with_new else WAIT
        return _step(name, what, state, "together with the new records, or later", cut_over.until)
    if plan.keep_old_until is not None and plan.keep_old_until > scene.now:
        return _step(name, what, WAIT, "kept as a backup, as planned", plan.keep_old_until)
    late = scene.now >= plan.cut_over
    return _step(name, what, OVERDUE if late else NOW, f"still given by {', '.join(scene.still_old[:3])}")


def _switch_off(scene: Scene) -> MigrationStep | None:
    plan = scene.plan
    if not plan.leaving:
        return None
    name, what, ends = "switch-off", f"switch {_named(plan.leaving)} off", scene.old_ends
    bad = [host for host in scene.leaving if host.fitness.is_bad]
    if scene.now < ends or scene.still_old or not scene.is_moved:
        if bad:
            reason = f"{bad[0].host} {bad[0].fitness}, and senders still go there: start it again"
            return _step(name, what, WRONG, reason, ends)
        if not scene.sets:
            return _step(name, what, UNKNOWN, "no server of the zone was heard", ends)
        if not scene.is_moved and scene.earliest is None:
            return _step(name, what, WAIT, "first the new MX records")
        reason = "from `cut-over` on caches keep the old records for the old TTL, and queues two hours more"
        return _step(name, what, WAIT, reason, ends)
    if len(bad) == len(scene.leaving):
        return _step(name, what, DONE, f"{bad[0].host} {bad[0].fitness}")
    better = plan.cut_over + QUEUES
    if scene.now < better:
        return _step(name, what, NOW, "better five days after the cut-over: so long mail waits in queues")
    return _step(name, what, NOW, "caches and queues are done with it")


def _prune_policy(scene: Scene) -> MigrationStep | None:
    plan, policy = scene.plan, scene.policy
    if policy is None or not plan.leaving:
        return None
    name, what = "prune-policy", f"take {_named(plan.leaving)} out of the MTA-STS policy"
    named = [host for host in plan.leaving if policy.allows(host)]
    if len(named) < len(plan.leaving) and scene.now < scene.old_ends:
        lost = next(host for host in plan.leaving if host not in named)
        reason = f"it does not allow {lost}, where senders with old MX records still go: their mail waits"
        return _step(name, what, WRONG, reason, scene.old_ends)
    staying = [record.host for record in plan.new]
    useless = [
        pattern
        for pattern in policy.mx
        if any(_only(pattern, policy).allows(host) for host in plan.leaving)
        and not any(_only(pattern, policy).allows(host) for host in staying)
    ]
    if not useless:
        return _step(name, what, DONE, "it names none of them" if not named else "its patterns are those of new hosts")
    if scene.now < scene.old_ends or not scene.is_moved:
        return _step(name, what, WAIT, "senders with old MX records still need it", scene.old_ends)
    return _step(name, what, NOW, f"mx: {', '.join(useless[:8])}; the file first, then the id")


def _named(hosts: tuple[str, ...]) -> str:
    """Hosts as a step names them: of very many the first."""
    more = f" and {len(hosts) - _MOST_NAMED} more" if len(hosts) > _MOST_NAMED else ""
    return ", ".join(hosts[:_MOST_NAMED]) + more


def _only(pattern: str, policy: Policy) -> Policy:
    """The policy with this pattern alone."""
    return replace(policy, mx=(pattern,))


def _raise_ttl(scene: Scene) -> MigrationStep | None:
    plan, ends = scene.plan, scene.old_ends
    if plan.old_ttl < WHOLE_TTL or plan.old == plan.new:
        return None
    name, what = "raise-ttl", "raise the TTL of the MX records again"
    if not scene.is_moved or scene.now < ends:
        if scene.is_moved and scene.ttl is not None and scene.ttl >= WHOLE_TTL:
            return _step(name, what, DONE, f"it is {scene.ttl} s; a way back takes as long now")
        return _step(name, what, WAIT, "a low TTL is the way back", ends)
    if scene.ttl is None:
        return _step(name, what, UNKNOWN, "no server of the zone told the TTL")
    if scene.ttl >= WHOLE_TTL:
        return _step(name, what, DONE, f"it is {scene.ttl} s")
    late = scene.now > plan.cut_over + AROUND
    return _step(name, what, OVERDUE if late else NOW, f"it is {scene.ttl} s")

import type { Context, Finding, Item, Verdict } from '../../contract/hazard.ts'
import { detector, isUnread } from '../../contract/reads.ts'
import { absent, clear, found, unknown } from '../../contract/verdicts.ts'
import { durationText, timeText } from '../../objects/time.ts'
import { flapping } from './flapping.ts'
import { type Judging, readySeen } from './judging.ts'
import { nodeEvents, readyNodes, type SeenNode } from './reads.ts'
import { findContainer, lookAtRuntime, restartRuntime } from './remedy.ts'
import { forecast, healthOf, type Remembered, remembered, type Stall, stallOf } from './stall.ts'

/** Does the kubelet call itself unhealthy, and does it do so again and again? */
export const cluster = detector({
  of: readyNodes,
  with: { events: nodeEvents },
  judge(item: Item<SeenNode>, view, context: Context<unknown, Remembered>): Verdict<Remembered> {
    const { ready } = item.object
    if (!ready) return absent
    const { now } = context
    const health = healthOf(ready)
    const stall = stallOf(ready, health, now)
    const memory = remembered(context.before, stall, now)
    const events = isUnread(view.events) ? [] : (view.events.get(item.subject.name) ?? [])
    const finding = findingOf({ item, ready, health, stall, memory, events, now })
    const remember = memory && { remember: memory }
    if (finding) return { ...found(finding), ...remember }
    if (!isUnread(view.events)) return { ...clear, ...remember }
    if (view.events.elsewhere) return { ...absent, ...remember }
    return { ...unknown(`how often it was NotReady only its events tell: ${view.events.unread}`), ...remember }
  },
})

/** One incident is one finding: the runtime is the wider cause, and a node that flaps is stalled every now and then. */
function findingOf(judging: Judging): Finding | undefined {
  if (judging.health?.runtimeDown) return runtimeDown(judging)
  const flaps = flapping(judging)
  if (flaps?.state === 'occurring') return flaps
  return plegStalled(judging) ?? flaps
}

const relistText = ({ lastRelist, ageMs, thresholdMs }: Stall): string =>
  `the last relist began ${durationText(ageMs)} ago (${timeText(lastRelist)}); the kubelet calls that unhealthy after ${durationText(thresholdMs)}`

function runtimeDown(judging: Judging): Finding {
  const { item, ready, stall, now } = judging
  const since = ready.changed === undefined ? '' : ` for ${durationText(Math.max(now - ready.changed, 0))}`
  return {
    reason: 'runtime-down',
    state: 'occurring',
    fact: `NotReady${since}: the container runtime is down, says the kubelet${stall ? `; ${relistText(stall)}` : ''}`,
    evidence: [readySeen(judging)],
    remedy: [lookAtRuntime(item.subject.name, item.object), restartRuntime(item.object)],
  }
}

function plegStalled(judging: Judging): Finding | undefined {
  const { item, stall } = judging
  if (!stall) return undefined
  return {
    reason: 'pleg-stalled',
    state: 'occurring',
    fact: `${relistText(stall)}; ${forecast(stall)}`,
    evidence: [readySeen(judging)],
    remedy: [findContainer(item.subject.name), restartRuntime(item.object)],
  }
}

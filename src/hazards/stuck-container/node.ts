import type { Pod } from 'kubernetes-types/core/v1.js'
import type { Context, Evidence, Finding, Item, Unread, Verdict } from '../../contract/hazard.ts'
import { detector, index, isUnread, list, maybe } from '../../contract/reads.ts'
import { absent, clear, found, read, unknown } from '../../contract/verdicts.ts'
import { type ContainerSeen, containersSeen } from '../../linux/container.ts'
import { pods } from '../../objects/kinds.ts'
import { timeOf } from '../../objects/time.ts'
import { supervisors } from './facts.ts'
import { climb, type Remembered, type Stage } from './ladder.ts'
import { adviceFor, stepsFor } from './remedy.ts'
import type { Settings } from './settings.ts'

/** When each Pod should be gone (ms UTC), by its uid: deletionTimestamp is the end of its grace period. */
const goneBy = maybe(
  index(
    pods,
    ({ metadata }: Pod) => metadata?.uid,
    ({ metadata }) => timeOf(metadata?.deletionTimestamp),
  ),
)

/** Does this container answer, and if not: what else is wrong with it? */
export const node = detector({
  of: list(containersSeen),
  with: { goneBy },
  judge(item: Item<ContainerSeen>, view, context: Context<Settings, Remembered>): Verdict<Remembered> {
    const seen = item.object
    if (!isRunning(seen)) return absent
    if (seen.condition.is === 'unknown' && seen.inspection.answer !== 'told') {
      return { ...unknown(seen.condition.because), ...(context.before && { remember: context.before }) }
    }
    const overdueMs = overdue(item, view.goneBy, context)
    const { stage, remember } = climb(seen, context.before, {
      ticks: context.ticks,
      overdueMs,
      settings: context.settings,
    })
    if (stage.is === 'healthy') return { ...clear, remember }
    return { ...found(finding(item, stage)), remember }
  },
})

/** By what the runtime says when it is asked, else by its list; one that went between the two is no question any more. */
function isRunning({ claims, inspection }: ContainerSeen): boolean {
  if (inspection.answer === 'gone') return false
  const state = inspection.answer === 'told' ? inspection.state : claims
  return state === 'running' || state === 'unknown'
}

function overdue(
  { object: { pod } }: Item<ContainerSeen>,
  pods: ReadonlyMap<string, readonly Item<number>[]> | Unread,
  { now, settings }: Context<Settings, Remembered>,
): number | undefined {
  const gone = isUnread(pods) || !pod ? undefined : pods.get(pod.uid)?.[0]?.object
  return gone === undefined ? undefined : now - gone - settings.overdueSeconds * 1000
}

function finding(item: Item<ContainerSeen>, stage: Exclude<Stage, { is: 'healthy' }>): Finding {
  const { symptom, facts, forMs } = stage
  const condemned = stage.is === 'condemned'
  const said = [...(symptom ? [symptom] : []), ...facts.map(({ text }) => text)].join('; ')
  return {
    reason: facts[0]?.reason ?? 'inspect-timeout',
    state: 'occurring',
    severity: condemned ? 'critical' : 'medium',
    fact: `${condemned ? 'condemned' : 'suspicious'}${forMs > 0 ? ` for ${Math.round(forMs / 1000)} s` : ''}: ${said}`,
    evidence: evidenceOf(item),
    remedy: condemned ? stepsFor(item.subject, item.object, facts) : [adviceFor(facts)],
  }
}

function evidenceOf({ object: seen }: Item<ContainerSeen>): Finding['evidence'] {
  const { inspection, condition, processes, pod } = seen
  const answer =
    inspection.answer === 'told'
      ? `${inspection.state}, after ${inspection.ms} ms`
      : `${inspection.answer}, after ${inspection.ms} ms${'earlier' in inspection ? ', when it was last asked' : ''}`
  const states = processes.map(({ pid, name, state }) => `${pid} ${name} ${state}`).join(', ')
  const shims = supervisors(seen.shims).map(
    ({ self, program }): Evidence =>
      read(
        'shim',
        `${program} ${self.pid}, state ${self.state}, started at tick ${self.startTicks}`,
        `/proc/${self.pid}/stat`,
      ),
  )
  return [
    read('inspection', answer, 'the runtime'),
    read('container', seen.id, 'the runtime'),
    ...(pod ? [read('pod', `${pod.namespace}/${pod.name}`, 'labels of the runtime')] : []),
    read('processes', states === '' ? condition.is : `${condition.is}: ${states}`, '/proc and its cgroup'),
    ...shims,
  ]
}

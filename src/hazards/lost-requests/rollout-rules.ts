// Whether enough Pods are left while some go: replicas, rollouts, probes, disruption budgets.
import type { HorizontalPodAutoscaler } from 'kubernetes-types/autoscaling/v2.js'
import type { PodDisruptionBudget, PodDisruptionBudgetSpec } from 'kubernetes-types/policy/v1.js'
import type { Evidence, Finding, Item, Unread } from '../../contract/hazard.ts'
import { index, isUnread, maybe } from '../../contract/reads.ts'
import { seen } from '../../contract/verdicts.ts'
import { horizontalPodAutoscalers, podDisruptionBudgets } from '../../objects/kinds.ts'
import { matches } from '../../objects/selectors.ts'
import { type Judging, reachSeen } from './judging.ts'
import { advise, fewerAtATime } from './remedy.ts'

/** Of autoscalers: the least number of Pods, by what they scale. */
export const scaledAtLeast = maybe(
  index(
    horizontalPodAutoscalers,
    ({ metadata, spec }: HorizontalPodAutoscaler) =>
      spec && `${spec.scaleTargetRef.kind} ${metadata?.namespace ?? ''}/${spec.scaleTargetRef.name}`,
    ({ spec }) => spec?.minReplicas ?? 1,
  ),
)

interface Budget {
  readonly name: string
  readonly spec: PodDisruptionBudgetSpec | undefined
  /** How many Pods it lets go right now. */
  readonly allowed: number | undefined
}

export const budgets = maybe(
  index(
    podDisruptionBudgets,
    ({ metadata }: PodDisruptionBudget) => metadata?.namespace ?? '',
    ({ metadata, spec, status }): Budget => ({ name: metadata?.name ?? '', spec, allowed: status?.disruptionsAllowed }),
  ),
)

export interface RolloutView {
  readonly scaled: ReadonlyMap<string, readonly Item<number>[]> | Unread
  readonly budgets: ReadonlyMap<string, readonly Item<Budget>[]> | Unread
}

/** How many Pods there are at least; undefined where the object does not say (DaemonSets, Pods). */
function replicasOf({ item }: Judging, view: RolloutView): number | undefined {
  const { kind, namespace, name } = item.subject
  if (kind === 'DaemonSet' || kind === 'Pod') return undefined
  const replicas: unknown = item.object.spec?.replicas ?? 1
  if (typeof replicas !== 'number') return undefined
  const scaled = isUnread(view.scaled) ? undefined : view.scaled.get(`${kind} ${namespace ?? ''}/${name}`)?.[0]?.object
  return Math.max(replicas, scaled ?? 0)
}

const isZero = (value: string | number | undefined): boolean => value === 0 || value === '0' || value === '0%'

/** A budget that never lets this single Pod go: `kubectl drain` waits for ever. */
function blockingBudget({ item, template }: Judging, view: RolloutView): Item<Budget> | undefined {
  if (isUnread(view.budgets)) return undefined
  return view.budgets.get(item.subject.namespace ?? '')?.find(({ object: { spec, allowed } }) => {
    if (!matches(spec?.selector, template.labels)) return false
    const { minAvailable, maxUnavailable } = spec ?? {}
    return allowed === 0 || isZero(maxUnavailable) || (minAvailable !== undefined && !isZero(minAvailable))
  })
}

/** One Pod: nothing serves while it moves to another node. A rollout starts the new one first, so that is fine. */
export function oneReplica(judging: Judging, view: RolloutView): Finding[] {
  const { item, reach } = judging
  if (replicasOf(judging, view) !== 1) return []
  const budget = blockingBudget(judging, view)
  const drained = budget
    ? `PodDisruptionBudget ${budget.object.name} lets it never go, so kubectl drain waits for ever`
    : `nothing answers ${reach.text} while its node is drained`
  return [
    {
      reason: 'one-replica',
      state: 'exposed',
      severity: budget ? 'medium' : 'low',
      fact: `one replica: ${drained}`,
      evidence: [
        seen('replicas', 1, item.subject, 'spec', 'replicas'),
        ...(budget ? [seen('disruption budget', budget.object.name, budget.subject, 'spec')] : []),
        ...reachSeen(judging),
      ],
      remedy: [advise('run two or more, if the application can; with a budget of maxUnavailable 1')],
    },
  ]
}

/** A number of Pods, or a share of them as text; down for what may be missing, up for the surplus (apps/v1, Deployment). */
function ofReplicas(value: string | number | undefined, replicas: number, round: (n: number) => number): number {
  if (typeof value === 'number') return value
  const percent = /^(\d+)%$/.exec(value ?? '25%')?.[1]
  return percent === undefined ? 0 : round((Number(percent) * replicas) / 100)
}

/** A rollout that may stop every Pod before a new one is ready. */
export function allAtOnce(judging: Judging, view: RolloutView): Finding[] {
  const { item } = judging
  if (item.subject.kind === 'Deployment') return deploymentAtOnce(judging, replicasOf(judging, view) ?? 1)
  return item.subject.kind === 'DaemonSet' ? daemonSetAtOnce(judging) : []
}

function deploymentAtOnce(judging: Judging, replicas: number): Finding[] {
  const { item } = judging
  const strategy = item.object.spec?.strategy ?? {}
  if (strategy.type === 'Recreate') {
    const type = seen('strategy', 'Recreate', item.subject, 'spec', 'strategy', 'type')
    return [
      found(judging, 'strategy Recreate: each rollout stops all Pods before the first new one starts', type, false),
    ]
  }
  const most = strategy.rollingUpdate?.maxUnavailable ?? undefined
  if (replicas < 2 || ofReplicas(most, replicas, Math.floor) < replicas) return []
  return [
    found(
      judging,
      `maxUnavailable ${most} of ${replicas}: a rollout may stop all Pods at once`,
      mostSeen(judging, 'strategy', most),
      true,
    ),
  ]
}

function daemonSetAtOnce(judging: Judging): Finding[] {
  const most = judging.item.object.spec?.updateStrategy?.rollingUpdate?.maxUnavailable
  if (most !== '100%') return []
  return [
    found(
      judging,
      'maxUnavailable 100%: a rollout may stop the Pods of all nodes at once',
      mostSeen(judging, 'updateStrategy', most),
      true,
    ),
  ]
}

const mostSeen = (
  { item }: Judging,
  field: 'strategy' | 'updateStrategy',
  most: string | number | undefined,
): Evidence => seen('max unavailable', most ?? null, item.subject, 'spec', field, 'rollingUpdate', 'maxUnavailable')

function found(judging: Judging, fact: string, evidence: Evidence, certain: boolean): Finding {
  const most = 'field' in evidence.at ? evidence.at.field : []
  const value = evidence.value
  return {
    reason: 'all-at-once',
    state: 'exposed',
    ...(certain ? { certain: true as const, severity: 'medium' as const } : { severity: 'low' as const }),
    fact,
    evidence: [evidence, ...reachSeen(judging)],
    remedy:
      certain && (typeof value === 'string' || typeof value === 'number')
        ? [fewerAtATime(judging, most, value)]
        : [advise('use RollingUpdate, if two versions may run side by side; no preStop wait helps here')],
  }
}

/** Without a readiness probe a Pod gets requests as soon as its process starts, and keeps them when it can't answer. */
export function noReadinessProbe(judging: Judging): Finding[] {
  const { item, hooks, reach } = judging
  const bare = hooks.filter(({ serves, container }) => serves && !container.readinessProbe)
  return bare.map(({ container, path }) => ({
    reason: 'no-readiness-probe',
    state: 'exposed',
    severity: 'low',
    fact: `no readiness probe: ${reach.text} sends to it as soon as the process starts`,
    evidence: [
      seen('readiness probe', `none in container ${container.name}`, item.subject, ...path, 'readinessProbe'),
      ...reachSeen(judging),
    ],
    remedy: [advise('give it a readiness probe that fails until it can answer; which one only its owner knows')],
  }))
}

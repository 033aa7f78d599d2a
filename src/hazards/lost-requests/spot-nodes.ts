// Nodes that their cloud may take back, and how long before it says so.
import type { Node } from 'kubernetes-types/core/v1.js'
import type { Finding, Item, Unread } from '../../contract/hazard.ts'
import { index, isUnread, maybe } from '../../contract/reads.ts'
import { seen } from '../../contract/verdicts.ts'
import { nodes } from '../../objects/kinds.ts'
import { type Judging, needsOf, reachSeen } from './judging.ts'
import type { PodSeen } from './pods-seen.ts'
import { advise } from './remedy.ts'

/** `notice`: seconds that a Pod has from the notice to the end. */
export interface SpotNode {
  readonly cloud: string
  readonly notice: number
  readonly label: string
}

const [aws, azure, google] = [
  { cloud: 'AWS', notice: 120 },
  { cloud: 'Azure', notice: 30 },
  // 30 s, of which the kubelet keeps the last 15 for critical Pods.
  { cloud: 'Google', notice: 15 },
]

/**
 * Labels that clouds put on such nodes. Notices: EC2 two minutes (Spot Instance interruption notices), Azure 30 s (Scheduled
 * Events, Preempt), GKE 15 s for all but critical Pods (docs of GKE, Spot VMs; a node pool can be given up to 120 s from 1.35 on).
 */
const labels: readonly (readonly [label: string, value: string, spot: Omit<SpotNode, 'label'>])[] = [
  ['eks.amazonaws.com/capacityType', 'SPOT', aws],
  ['cloud.google.com/gke-spot', 'true', google],
  ['cloud.google.com/gke-preemptible', 'true', google],
  ['kubernetes.azure.com/scalesetpriority', 'spot', azure],
]

/** Karpenter puts the same label on nodes of every cloud. */
const karpenter = 'karpenter.sh/capacity-type'

/** What a node's labels say of it; undefined for one that stays. */
export function spotOf({ metadata, spec }: Node): SpotNode | undefined {
  const own = metadata?.labels ?? {}
  const told = labels.find(([label, value]) => own[label] === value)
  if (told) return { ...told[2], label: told[0] }
  if (own[karpenter] !== 'spot') return undefined
  const cloud = { aws, azure }[/^(aws|azure):/.exec(spec?.providerID ?? '')?.[1] ?? '']
  return cloud && { ...cloud, label: karpenter }
}

/** By name; of all others nothing is kept. */
export const spotNodes = maybe(index(nodes, ({ metadata }: Node) => metadata?.name, spotOf))

/** What a clean stop needs is longer than a spot node's notice, whatever grace period the Pod asks for. */
export function shortNotice(
  judging: Judging,
  mine: readonly Item<PodSeen>[],
  spot: ReadonlyMap<string, readonly Item<SpotNode>[]> | Unread,
): Finding[] {
  if (isUnread(spot) || judging.grace === 0) return []
  const running = mine.filter(({ object }) => object.deletedAt === undefined && !object.shutdown)
  const on = running.flatMap(({ object: { node } }) => (node === undefined ? [] : (spot.get(node) ?? []).slice(0, 1)))
  const [shortest] = on.toSorted((a, b) => a.object.notice - b.object.notice)
  const serving = judging.hooks.filter(({ serves, wait }) => serves && (wait.is === 'known' || wait.is === 'none'))
  const needs = serving
    .map((hook) => needsOf(judging, hook, hook.wait.is === 'known' ? hook.wait.seconds : 0))
    .toSorted((a, b) => b.sum - a.sum)[0]
  if (!shortest || !needs || needs.sum <= shortest.object.notice) return []
  const { cloud, notice, label } = shortest.object
  return [
    {
      reason: 'short-notice',
      state: 'exposed',
      severity: 'medium',
      guess: true,
      fact: `${on.length} of its ${running.length} Pods run on spot nodes, which ${cloud} takes back ${notice} s after it says so (if nobody changed that); a clean stop needs ${needs.sum} s`,
      evidence: [
        seen(
          'spot node',
          `${shortest.subject.name}: ${cloud}, ${notice} s`,
          shortest.subject,
          'metadata',
          'labels',
          label,
        ),
        needs.evidence,
        ...reachSeen(judging),
      ],
      remedy: [advise(`let it stop within ${notice} s, or keep it off spot nodes`)],
    },
  ]
}

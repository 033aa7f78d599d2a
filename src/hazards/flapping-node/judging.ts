import type { Evidence, Item } from '../../contract/hazard.ts'
import { seen } from '../../contract/verdicts.ts'
import type { KubeletHealth } from '../../linux/kubelet-log.ts'
import { timeText } from '../../objects/time.ts'
import type { NodeEvent, Ready, SeenNode } from './reads.ts'
import type { Remembered, Stall } from './stall.ts'

/** All that a node is judged by. */
export interface Judging {
  readonly item: Item<SeenNode>
  readonly ready: Ready
  readonly health: KubeletHealth | undefined
  readonly stall: Stall | undefined
  readonly memory: Remembered | undefined
  readonly events: readonly Item<NodeEvent>[]
  readonly now: number
}

/** The Ready condition, at its message: nothing else says why. */
export const readySeen = ({ item, ready }: Judging): Evidence =>
  seen(
    'Ready',
    `${ready.status}${ready.changed === undefined ? '' : ` since ${timeText(ready.changed)}`}: ${ready.message}`,
    item.subject,
    'status',
    'conditions',
    ready.place,
    'message',
  )

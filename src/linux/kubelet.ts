// What one round of looking at a node saw of its kubelet, asked as others ask it.
import { kind } from '../contract/reads.ts'
import type { PlegMetrics } from './kubelet-metrics.ts'

/**
 * What came of asking for one of its pages. `ms`: how long the answer took, or for how long it has been waited for, over
 * as many rounds as that is.
 * `mute`: nothing, or half an answer, in time. `fails`: it answers with an error of its own (5xx). `unread`: it could not
 * be asked, or said that we may not (401, 403), which says nothing of the page. `missing`: this kubelet has no such page.
 */
export type Page =
  | { readonly answered: true; readonly ms: number }
  | {
      readonly how: 'mute' | 'fails' | 'unread' | 'missing' | 'unasked'
      readonly because: string
      readonly ms: number
    }

/** Its relists by its own metrics. */
export interface PlegSeen extends PlegMetrics {
  /** When the metrics came, by the same clock as `lastSeen`; ms UTC. */
  readonly at: number
  /** Containers are told by events of the runtime: it relists every 5 minutes only (KEP-3386). */
  readonly evented?: true
}

export interface KubeletSeen {
  /** Where its pages were asked for. */
  readonly url?: string
  /** Whether it lives: a page that asks neither containers nor the runtime. */
  readonly healthz: Page
  /** `/metrics`: its own. */
  readonly metrics: Page
  /** `/metrics/resource`: what the metrics server takes for autoscaling. */
  readonly resource: Page
  /** `/stats/summary`: what evictions are decided by. */
  readonly summary: Page
  /** Where /metrics answered. */
  readonly pleg?: PlegSeen
  /** `v1.20.2`; where /metrics answered. */
  readonly version?: string
}

/** The kubelet of the node. */
export const kubeletSeen = kind<KubeletSeen>('Kubelet')

export const hasAnswered = (page: Page): page is Extract<Page, { answered: true }> => 'answered' in page

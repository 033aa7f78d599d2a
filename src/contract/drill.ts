// What a drill is given, and what it tells.
import type { Json, Step, Subject, Verdict } from './hazard.ts'
import type { Plot, Table } from './plot.ts'

/**
 * A cluster, by its kubeconfig's path. `timeZone`: in which its kube-controller-manager runs, UTC if it is not told; `zoneinfo`: a
 * folder of time zones that go before the machine's, as its daemons have it.
 */
export interface ClusterPlace {
  readonly kubeconfig: string
  readonly timeZone?: string
  readonly zoneinfo?: string
}

/**
 * Where a drill made its hazard happen: a cluster, the network of a process (`network`: its pid), or
 * the containers of one runtime on this machine; `pods`: what the API server of its cluster would say of their Pods.
 */
export type Place =
  | ClusterPlace
  | { readonly network: number }
  | { readonly socket: string; readonly pods?: readonly { readonly metadata: PodMetadata }[] }

/** What a drill says of a Pod. `deletionTimestamp`: when its grace period ends, RFC 3339. */
export interface PodMetadata {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly deletionTimestamp?: string
}

/** What came of a step of a cure; `held`: why it was not done. */
export interface Cured {
  readonly step: Step
  readonly target: Subject
  readonly held?: string
}

/** What a drill works with. It never judges by itself: looking and curing are the product's own. */
export interface Stage {
  /** Asks the drilled hazard's detectors, as a scan would. */
  look(place: Place): Promise<readonly { readonly subject: Subject; readonly verdict: Verdict }[]>
  /** Looks again and applies the smallest step of each occurring finding that is not mere advice and was not tried yet. */
  cure(place: Place): Promise<readonly Cured[]>
  /**
   * Runs Roadcrew's own controller on a cluster until the end: it starts the runs of ZonedCronJobs and observes all else. Returns when it has
   * started. @throws Error if it could not.
   */
  control(place: ClusterPlace): Promise<void>
  /** Registers what undoes the last act; run in reverse order at the end, also after an error or Ctrl-C. */
  later(restore: () => Promise<void>): void
  /** Shows how far the act has come that is under way; the next one takes its place. Only a person at a terminal sees it. */
  progress(act: Act): void
  readonly signal: AbortSignal
  /** Which runtime a drill of containers stands on, where the user said so. */
  readonly runtime?: 'containerd' | 'docker'
}

/** One act of a drill: what was done or seen, and its figures. `plots` that a terminal can't draw are for a page. */
export interface Act {
  readonly act: string
  readonly figures: Readonly<Record<string, Json>>
  readonly table?: Table
  readonly plots?: readonly Plot[]
}

export type Drill = (stage: Stage) => AsyncIterable<Act>

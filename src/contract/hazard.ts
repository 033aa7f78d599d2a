import type { ZodType } from 'zod'
import type { Drill } from './drill.ts'

/** A JSON value, as the API server and files give it. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** Where in an object: keys and list positions, outermost first. */
export type Path = readonly (string | number)[]

/** Where a subject was read. `document` and `item` count from 0; `item` is the place in a list's `items`. */
export type Source =
  | { readonly file: string; readonly document: number; readonly item?: number }
  | { readonly cluster: string }
  | { readonly node: string }

/** Who a verdict is about. */
export interface Subject {
  readonly source: Source
  readonly kind: string
  readonly name: string
  readonly namespace?: string
  readonly pod?: string
  readonly uid?: string
}

/**
 * How the API serves a kind. `versions`: newest first; the first one that the cluster serves is read. `only`: objects of these
 * names, each asked for by itself and never as a list, in this namespace (or each of these), or in those that were asked for instead.
 */
export interface ApiKind {
  readonly group: string
  readonly versions: readonly string[]
  readonly namespaced: boolean
  readonly only?: { readonly namespace: string | readonly string[]; readonly names: readonly string[] }
}

/**
 * What programs in Pods tell Prometheus. Pods are asked one by one, and only where whoever looks wants that: it takes the right to
 * reach every port of every Pod.
 */
export interface MetricsKind {
  /** Where a Pod serves them; undefined: it is none of those that are asked. */
  readonly at: (pod: never) => { readonly port: number; readonly path: string } | undefined
  /** Of these alone samples are kept. */
  readonly names: readonly string[]
}

/** Anything readable: an API kind, a thing on a node, a probe's result. `shape` is never set; it only carries T. */
export interface Kind<T> {
  readonly kind: string
  readonly api?: ApiKind
  readonly metrics?: MetricsKind
  readonly shape?: T
}

export interface Item<T> {
  readonly subject: Subject
  readonly object: T
}

/** What stands in a view for something that could not be read: why. */
export interface Unread {
  readonly unread: string
  /** No failure: the files given hold none, which says nothing about the cluster that they are for; or nobody wanted it read. */
  readonly elsewhere?: true
}

/** One thing a detector reads; made by list, index, one and maybe in reads.ts. V is what `judge` gets. */
export interface Read<V> {
  readonly kinds: readonly Kind<unknown>[]
  /** Sees each object as its page comes; only what it returns stays in memory, and nothing of it if undefined. */
  readonly keep?: (object: never) => unknown
  readonly key?: (object: never) => string | undefined
  readonly one?: true
  /** The view gets `Unread` if it could not be read; otherwise every verdict is `unknown`, unasked. */
  readonly optional?: true
  readonly value?: V
}

export type Reads = Readonly<Record<string, Read<unknown>>>
export type View<W extends Reads> = { readonly [K in keyof W]: W[K] extends Read<infer V> ? V : never }

/** One question, asked of each subject. Pure. A throw is `unknown` for that subject alone. */
export interface Detector<T = unknown, W extends Reads = Reads, S = unknown, M = unknown> {
  readonly of: Read<readonly Item<T>[]>
  readonly with: W
  // Methods, not arrows: a list of unlike hazards then needs no `any`.
  judge(item: Item<T>, view: View<W>, context: Context<S, M>): Verdict<M>
  measure?(item: Item<T>, view: View<W>, context: Context<S, M>): Readonly<Record<string, number>>
}

/** A minor release of Kubernetes. */
export interface Version {
  readonly major: number
  readonly minor: number
}

export interface Context<S = unknown, M = unknown> {
  /** ms since 1970, UTC. */
  readonly now: number
  /** ms on a clock that only goes forward; never compared with `now`. */
  readonly ticks: number
  /** The API server's; undefined: not known, which is never to be taken for old. */
  readonly version?: Version
  readonly zones: Zones
  readonly settings: S
  /** The object is about to be made: what stands in it can still be changed, also where nobody could later. */
  readonly admitting?: true
  /** What this subject's last verdict remembered. */
  readonly before?: M
}

/** The time zone database in use. Like time itself it is passed in: machines differ in it. */
export interface Zones {
  /** Which data, for reports: e.g. `tzdata 2026b of this machine`. */
  readonly data: string
  find(name: string): Zone | undefined
}

/** A time zone as stretches of constant offset. */
export interface Zone {
  readonly name: string
  /** The stretch that holds `ms` (UTC). */
  stretch(ms: number): Stretch
}

/** From `from` (ms UTC, included; -Infinity at the start) to `to` (excluded; Infinity at the end). */
export interface Stretch {
  readonly from: number
  readonly to: number
  /** ms to add to UTC for local time. */
  readonly offset: number
}

export type Verdict<M = unknown> = { readonly remember?: M } & (
  | { readonly verdict: 'clear' }
  /** The question does not arise for this subject. */
  | { readonly verdict: 'absent' }
  | { readonly verdict: 'unknown'; readonly because: string }
  | { readonly verdict: 'found'; readonly findings: readonly [Finding, ...Finding[]] }
)

export type Severity = 'low' | 'medium' | 'high' | 'critical'

export interface Finding {
  /** A key of the hazard's reasons. */
  readonly reason: string
  /** Could happen, or is happening. */
  readonly state: 'exposed' | 'occurring'
  /** Exposed, and sure to hurt once triggered (else it only may). */
  readonly certain?: true
  /** Exposed, and it did hurt here within the last seven days. */
  readonly lately?: true
  /** One sentence, no full stop: what was seen, with numbers. */
  readonly fact: string
  /** Reports point at the first. */
  readonly evidence: readonly [Evidence, ...Evidence[]]
  /** Alternatives, smallest first. */
  readonly remedy: readonly Step[]
  /** Instead of the hazard's own. */
  readonly severity?: Severity
  /** The fact rests on a guess, which it names. */
  readonly guess?: true
}

export interface Evidence {
  readonly name: string
  readonly value: Json
  readonly at: { readonly subject: Subject; readonly field: Path } | { readonly read: string }
}

/** `undefined`: not there. */
export interface Change {
  readonly path: Path
  readonly before: Json | undefined
  readonly after: Json | undefined
}

/** A process, so that a later one of the same pid is not taken for it. `startTicks`: clock ticks from boot. */
export interface Shim {
  readonly pid: number
  readonly startTicks: number
  readonly command: string
}

/** Where a rule of a node's firewall stands. `backEnd`: the tool that keeps it, and alone may change it. `position`: from 1. */
export interface RulePlace {
  readonly backEnd: string
  readonly family: string
  readonly table: string
  readonly chain: string
  readonly position: number
}

/**
 * Makes an object that `target` owns, once: `note` is written on the target first, so that who was cut off in between knows
 * what was begun; then the object is made, if none of its name is there; then the target's status says so, and the note goes.
 */
export interface Creation {
  readonly do: 'create'
  readonly target: Subject
  /** With kind, apiVersion and name; namespace and owner come from the target. */
  readonly object: Json
  /** An annotation of the target. */
  readonly note: { readonly key: string; readonly value: string }
  /** What has to be as it was until the object is there. */
  readonly given: readonly { readonly path: Path; readonly value: Json | undefined }[]
  /** Of the target's status. */
  readonly changes: readonly Change[]
  /** A list in the target's status that refers to such objects while they are not finished. */
  readonly refer: Path
}

/** What to do, as data. `name`: a key of the hazard's steps, so that a policy can allow it by itself. */
export type Step = { readonly why: string; readonly name?: string } & (
  | { readonly do: 'edit'; readonly target: Subject; readonly changes: readonly Change[] }
  | Creation
  /** `finished`: only if it has: nothing that runs ends by it. */
  | { readonly do: 'delete'; readonly target: Subject; readonly finished?: true }
  | { readonly do: 'stop-container'; readonly target: Subject }
  | { readonly do: 'continue-shim'; readonly target: Subject; readonly shim: Shim }
  | { readonly do: 'end-shim'; readonly target: Subject; readonly shim: Shim; readonly alsoEnds: readonly Subject[] }
  | {
      readonly do: 'replace-rule'
      readonly target: Subject
      readonly rule: RulePlace
      /** As its tool shows it, without what it has counted. */
      readonly before: string
      readonly after: string
    }
  | { readonly do: 'sysctl'; readonly target: Subject; readonly before: string; readonly after: string }
  | { readonly do: 'advise'; readonly command?: string }
)

/**
 * `fixedIn`: the version whose own fix ends this reason, and what of it remains. `leadsTo`: the reason that it becomes when
 * it happens; where that is found this one says nothing new. `admit`: fit for the webhook.
 */
export interface Reason {
  readonly title: string
  readonly why: string
  readonly fix: string
  readonly fixedIn?: string
  readonly leadsTo?: string
  readonly admit?: true
}

/** `counts` findings: a gauge with a series for each, labelled by its subject and reason; it ends with the finding. */
export interface Metric {
  readonly help: string
  readonly type: 'gauge' | 'counter'
  readonly counts?: 'findings'
}

/** `drain-seconds`: from a Pod's deletion to the last request that still comes to it, in whole seconds. */
export type Measure = 'drain-seconds'

/**
 * What a reason that is fit for the webhook does to Pods, for policy engines of a cluster: expressions of CEL over `object`, a Pod that is
 * about to be made. It may do less than the webhook, never anything else, and nothing more once it was applied.
 */
export interface PodRule {
  /** The oldest minor release of Kubernetes 1, of API server and kubelets, that keeps what is written. */
  readonly since: number
  /** What Pods get: one sentence, no full stop. */
  readonly gives: string
  /** All of them have to hold. `leaves`: whom it leaves alone where one does not, for people. */
  readonly conditions: readonly { readonly name: string; readonly leaves: string; readonly expression: string }[]
  /** Gives a list of JSONPatch, as a MutatingAdmissionPolicy has it. */
  readonly patch: string
  /** What the webhook knows and it can not: one sentence each, no full stop. */
  readonly blind: readonly string[]
}

/** A known way in which Kubernetes hurts its users. Data; the logic is in the detectors it wires. */
export interface Hazard<S = unknown> {
  readonly id: string
  readonly title: string
  readonly severity: Severity
  readonly reasons: Readonly<Record<string, Reason>>
  /** `parse({})` gives the defaults. */
  readonly settings: ZodType<S>
  /** Settings that a measurement of the cluster can give, and which one: see `Measure`. */
  readonly measured?: Readonly<Record<string, Measure>>
  readonly steps?: Readonly<Record<string, string>>
  readonly writes?: readonly Kind<unknown>[]
  readonly metrics?: Readonly<Record<string, Metric>>
  readonly condition?: string
  /** The reasons marked `admit`, for who has a policy engine and wants no webhook. Pure. */
  podRule?(settings: S): PodRule
  /** What is wished: needs no status and no time of its own. */
  readonly manifest?: readonly Detector<unknown, Reads, S>[]
  /** What is: status, events, time. */
  readonly cluster?: readonly Detector<unknown, Reads, S>[]
  /** What a node shows. */
  readonly node?: readonly Detector<unknown, Reads, S>[]
  readonly probe?: Probe<unknown, S>
  readonly drill?: () => Promise<{ readonly drill: Drill }>
}

/** Acts gently on the world; what it gives is one more kind that detectors can read. */
export interface Probe<T = unknown, S = unknown> {
  readonly gives: Kind<T>
  run(hands: Hands, context: Context<S>): Promise<readonly { readonly name: string; readonly object: T }[]>
}

/** What a probe may do: budgeted; whoever lends the hands removes what they created. Durations in ms. */
export interface Hands {
  create<T>(kind: Kind<T>, object: T): Promise<Subject>
  until<T>(kind: Kind<T>, subject: Subject, test: (object?: T) => boolean, limitMs: number): Promise<number | undefined>
  connect(target: string, from: 'host' | { readonly netns: string }, limitMs: number): Promise<number | undefined>
}

// What is known when a step is thought of: all that rails ask.
import type { Subject } from '../contract/hazard.ts'
import type { Budget } from './budgets.ts'
import type { Policy } from './policy.ts'

/** One thing that was done, for rates and cool-downs. `at`: ms UTC. */
export interface Done {
  readonly at: number
  readonly node: string
  readonly subject: string
  /** The step's name. */
  readonly step: string
  /** In which budget it was counted; undefined: acts. */
  readonly budget?: Budget
}

/** Something that was read, and when (ticks, ms); undefined: never. */
export interface Read<T> {
  readonly value: T
  readonly ticks: number
}

/** What is known of an object of the API that a step would change. `annotations`: its own, and its namespace's opt-out. */
export interface ObjectFacts {
  readonly namespace: string
  readonly name: string
  readonly annotations: Readonly<Record<string, string>>
  /** What it is kept by, which would undo an edit or be undone by it: `Argo CD application shop`. */
  readonly keptBy?: string
}

/** What is known of the Pod that a step would end. */
export interface PodFacts extends ObjectFacts {
  /** How long its grace period has been over (ms); undefined: nobody asked for its deletion. */
  readonly pastGraceMs: number | undefined
  /** What would make it anew, as `ReplicaSet web-5d9c`; undefined: nothing would. */
  readonly owner: string | undefined
  /** A manifest on the node's disk makes it (its API object is a mirror). */
  readonly static: boolean
  readonly priorityClass?: string
  /** How many disruptions its budgets allow; undefined: it has none. */
  readonly disruptionsAllowed?: number
  /** How many of its owner's Pods are ready, as `11 of 12`; undefined: not known. */
  readonly ownerReady?: string
}

/** What is known of the node and the agent on it. Durations in ms. */
export interface NodeFacts {
  readonly name: string
  /** Undefined if they could not be read. */
  readonly labels?: Readonly<Record<string, string>>
  readonly runtimeUpMs: number | undefined
  readonly runtimeAnswers: boolean
  readonly agentUpMs: number
  /** How late the agent's own timers were at worst in the last minute. */
  readonly timersLateMs: number
  readonly kubeletHealthy: boolean
  readonly containers: number
  readonly condemned: number
  /** The file on the node that says pause, which works without the API. */
  readonly pauseFile: boolean
}

/** All that rails ask. */
export interface Situation {
  /** ms UTC. */
  readonly now: number
  /** ms, monotonic. */
  readonly ticks: number
  readonly policy: Read<Policy> | undefined
  /** What was done by anybody in the cluster; undefined: the budget could not be read. */
  readonly done: Read<readonly Done[]> | undefined
  /** The Pod of the subject; undefined: it could not be read. */
  readonly pod: Read<PodFacts> | undefined
  /** For steps that change objects of the API; undefined: it could not be read. */
  readonly object?: Read<ObjectFacts> | undefined
  /**
   * Where objects of the API are changed by the time: how far (ms) the own clock is ahead of the API server's; negative: behind.
   * Undefined: they were not compared yet. Not there: nobody compares them.
   */
  readonly clock?: Read<number> | undefined
  /** Undefined where the step is taken from no node. */
  readonly node: NodeFacts | undefined
  /** Of whom the step is the cure, where that is not its target: the CronJob whose Job is deleted. */
  readonly subject?: Subject
  /** The agent's own Pod, `namespace/name`. */
  readonly self?: string
}

// When what happened to a Pod that was deleted: by a watch of the API server, by what it noted itself, and by what nginx was told.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Pod } from 'kubernetes-types/core/v1.js'
import type { Client } from '../kubernetes/client.ts'
import { type Happened, Informer } from '../kubernetes/informer.ts'
import { pods as podKind } from '../objects/kinds.ts'
import type { Told } from './nginx-reconciler.ts'
import { notesIn } from './pod-application.ts'

/** The end of a Pod; all times are ms UTC, and undefined what has not come to pass. */
export interface PodEnd {
  readonly pod: string
  /** As the API server has it: when its grace period ends, RFC 3339. */
  readonly deletionTimestamp: string
  /** When the watch told that it is being deleted. */
  readonly deletedAt: number
  /** When the watch told that it is no endpoint any more. */
  readonly noEndpointAt: number | undefined
  /** When nginx was told so. */
  readonly notSentToAt: number | undefined
  readonly sigtermAt: number | undefined
  /** When the API server had forgotten it: seconds after it has stopped. */
  readonly goneAt: number | undefined
}

interface Seen {
  readonly pod: string
  readonly deletionTimestamp: string
  readonly deletedAt: number
  goneAt?: number
}

interface Notes {
  /** The folder into which Pods note. */
  readonly folder: string
  readonly changes: readonly Told[]
  readonly reloads: readonly Told[]
}

export interface PodWatch {
  /** Of all Pods that were deleted so far. */
  ends(): readonly PodEnd[]
  stop(): Promise<void>
}

/** Starts to watch Pods. */
export function watchPods(client: Client, { folder, changes, reloads }: Notes): PodWatch {
  const aborts = new AbortController()
  const seen = new Map<string, Seen>()
  const happened = ({ what, item, object }: Happened): void => {
    const name = item.subject.name
    const deletionTimestamp = (object as Pod | undefined)?.metadata?.deletionTimestamp
    const mine = seen.get(name)
    if (what === 'gone' && mine) mine.goneAt ??= Date.now()
    else if (deletionTimestamp !== undefined && !mine)
      seen.set(name, { pod: name, deletionTimestamp, deletedAt: Date.now() })
  }
  const options = { client, kind: podKind, signal: aborts.signal, ticks: () => performance.now(), random: Math.random }
  const running = new Informer({ ...options, happened, failed: () => undefined }).run()
  return {
    ends: () =>
      [...seen.values()].map(({ pod, deletionTimestamp, deletedAt, goneAt }) => ({
        ...{ pod, deletionTimestamp, deletedAt, goneAt },
        noEndpointAt: leftAt(changes, pod),
        notSentToAt: leftAt(reloads, pod),
        sigtermAt: sigtermOf(join(folder, pod)),
      })),
    async stop() {
      aborts.abort()
      await running
    },
  }
}

/** From when on it is not among them; undefined if it never was, or still is. */
export function leftAt(told: readonly Told[], pod: string): number | undefined {
  const holds = ({ pods }: Told): boolean => Object.values(pods).some((names) => names.includes(pod))
  const last = told.findLastIndex(holds)
  return last < 0 ? undefined : told[last + 1]?.at
}

function sigtermOf(file: string): number | undefined {
  try {
    return notesIn(readFileSync(file, 'utf8')).SIGTERM
  } catch {
    return undefined // it has not even started
  }
}

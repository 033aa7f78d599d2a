// The fleet as its tests read it: freshly made.
import type { Event } from 'kubernetes-types/core/v1.js'
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js'
import { fleetFiles } from './fleet.ts'

/** When the fleet was exported, ms UTC. */
export const now = Date.parse('2026-11-23T08:00:00Z')
export const clusters = ['eu-legacy', 'eu-west', 'us-east'] as const
/** Path to text. */
export const fresh: ReadonlyMap<string, string> = fleetFiles()

/** The objects of a list file, said to be of type `T`. */
export function items<T = { metadata: ObjectMeta }>(path: string): T[] {
  return (JSON.parse(fresh.get(path) ?? '') as { items: T[] }).items
}

/** The events of one reason about the objects of a name. */
export const eventsOf = (cluster: string, name: string, reason: string): Event[] =>
  items<Event>(`${cluster}/events.json`).filter(
    (event) => event.involvedObject.name === name && event.reason === reason,
  )

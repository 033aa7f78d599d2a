// Names and numbers that look drawn by lot but hang on a key alone: a change of one workload leaves all others as they
// are, and the generator gives the same bytes on every machine.
import { createHash } from 'node:crypto'
import { iso, second } from './calendar.ts'
import type { ClusterPlan } from './plan.ts'

const seed = 'farewind'

/** 64 hexadecimal digits that belong to the key. */
export const digest = (key: string): string => createHash('sha256').update(`${seed}/${key}`).digest('hex')

/** A whole number from 0 to `below` - 1 that belongs to the key. */
export const pick = (key: string, below: number): number => Number.parseInt(digest(key).slice(0, 12), 16) % below

/** A UUID of version 4, as the API server gives to objects (RFC 9562, section 5.4). */
export function uuid(key: string): string {
  const hex = digest(key)
  const variant = (8 + (Number.parseInt(hex.charAt(16), 16) % 4)).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join('-')
}

/** `length` characters that Kubernetes uses in generated names (apimachinery, util/rand: no vowels, no 0, 1, 3). */
export function suffix(key: string, length = 5): string {
  const letters = 'bcdfghjklmnpqrstvwxz2456789'
  const hex = digest(key)
  return Array.from({ length }, (_, i) =>
    letters.charAt(Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16) % letters.length),
  ).join('')
}

/** The uid of an object in a cluster. */
export const uidOf = (cluster: ClusterPlan, kind: string, namespace: string, name: string): string =>
  uuid(`${cluster.name}/${kind}/${namespace}/${name}`)

/** What etcd would have counted up to when the object was last written (ms UTC): it grows with time. */
export const resourceVersion = (cluster: ClusterPlan, writtenAt: number, key: string): string =>
  String(Math.max(200, Math.floor(((writtenAt - cluster.born) / second) * cluster.writesPerSecond)) + pick(key, 90))

/** The fields that the API server adds to every namespaced object. Times in ms UTC. */
export function served(
  cluster: ClusterPlan,
  kind: string,
  namespace: string,
  name: string,
  times: { readonly created: number; readonly written: number },
) {
  return {
    name,
    namespace,
    uid: uidOf(cluster, kind, namespace, name),
    resourceVersion: resourceVersion(cluster, times.written, `${kind}/${namespace}/${name}`),
    creationTimestamp: iso(times.created),
  }
}

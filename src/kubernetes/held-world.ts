import type { Kind, Version } from '../contract/hazard.ts'
import type { Batch, World } from '../contract/world.ts'
import type { Informer } from './informer.ts'

/** So long without word from the API server (ms), and what is held is not taken for what is. */
export const mostSilence = 60_000

export interface HeldWorldOptions {
  /** The cluster's name. */
  readonly name: string
  readonly version?: Version
  readonly informers: readonly Informer[]
  /** Only what belongs to it, and itself; what belongs to no namespace is given whole. */
  readonly namespace: string
}

/** What informers hold of one namespace, as a world: nothing is asked of the API server. */
export function heldWorld({ name, version, informers, namespace }: HeldWorldOptions): World {
  const byKind = new Map(informers.map((informer) => [informer.kind.kind, informer]))
  return {
    name,
    ...(version && { version }),
    async *read(kinds) {
      for (const of of kinds) yield batchOf(of, byKind.get(of.kind), namespace)
    },
  }
}

function batchOf(of: Kind<unknown>, informer: Informer | undefined, namespace: string): Batch {
  if (!informer) return { of, unread: `a ${of.kind} is not watched` }
  if (informer.absent) return { of, absent: `the API server does not serve ${of.kind}` }
  const { ms, because } = informer.silent
  if (!informer.synced) return { of, unread: because }
  if (ms > mostSilence) return { of, unread: `no word of them for ${Math.round(ms / 1000)} s: ${because}` }
  if (of.api?.namespaced !== false) return { of, items: informer.items(namespace) }
  if (of.kind !== 'Namespace') return { of, items: informer.items() }
  const own = informer.get(namespace)
  return { of, items: own ? [own] : [] }
}

// What detectors keep of an object can be kept long before they are asked: hazards whose reads take it back out of there.
import type { Detector, Hazard, Read } from '../contract/hazard.ts'

type One = { readonly key?: string | undefined; readonly value: unknown } | { readonly error: unknown }

/** What each read keeps of one object, in its place. */
class Kept {
  readonly of: ReadonlyMap<Read<unknown>, One>

  constructor(of: ReadonlyMap<Read<unknown>, One>) {
    this.of = of
  }
}

export interface KeptReads {
  /** Hazards that judge as the given ones do, from what `keep` returned as from whole objects. */
  readonly hazards: readonly Hazard[]
  /** What stays of an object of a kind: the object itself where a detector judges it; undefined if nobody reads it. */
  readonly keep: (kind: string, object: unknown) => unknown
}

/**
 * Divides `keep` from judging, so that what is watched takes no more memory than what a look at all would.
 * @param hazards of which only detectors of the cluster stay.
 */
export function keptReads(hazards: readonly Hazard[]): KeptReads {
  const detectors = hazards.flatMap(({ cluster = [] }) => [...cluster])
  const whole = new Set(
    detectors
      .flatMap(({ of, with: reads }) => [of, ...Object.values(reads).filter(({ keep }) => !keep)])
      .flatMap(({ kinds }) => kinds.map(({ kind }) => kind)),
  )
  const readsOf = new Map<string, Set<Read<unknown>>>()
  for (const read of detectors.flatMap((one) => Object.values<Read<unknown>>(one.with))) {
    for (const { kind } of read.kinds) readsOf.set(kind, (readsOf.get(kind) ?? new Set()).add(read))
  }
  // One for each read, since detectors that share a read share its store.
  const again = new Map<Read<unknown>, Read<unknown>>()
  const replaced = (read: Read<unknown>): Read<unknown> => {
    const known = again.get(read) ?? fromKept(read)
    again.set(read, known)
    return known
  }
  const judging = (detector: Detector): Detector => ({
    ...detector,
    with: Object.fromEntries(
      Object.entries<Read<unknown>>(detector.with).map(([name, read]) => [name, replaced(read)]),
    ),
  })
  return {
    hazards: hazards.map(({ manifest: _, node: __, cluster = [], ...rest }) => ({
      ...rest,
      cluster: cluster.map(judging),
    })),
    keep: (kind, object) => {
      const reads = readsOf.get(kind)
      if (whole.has(kind) || !reads) return object
      const kept = new Map([...reads].flatMap((read) => keptOf(read, object)))
      return kept.size > 0 ? new Kept(kept) : undefined
    },
  }
}

/** An object that a read can't use is lost to that read, and is told of when it is asked. */
function keptOf(read: Read<unknown>, object: unknown): readonly (readonly [Read<unknown>, One])[] {
  try {
    const key = read.key?.(object as never)
    if (read.key && key === undefined) return []
    const value = read.keep?.(object as never)
    return value === undefined ? [] : [[read, { ...(key !== undefined && { key }), value }]]
  } catch (error) {
    return [[read, { error }]]
  }
}

function fromKept(read: Read<unknown>): Read<unknown> {
  const { key, keep } = read
  const one = (object: Kept) => {
    const kept = object.of.get(read)
    if (kept && 'error' in kept) throw kept.error
    return kept
  }
  return {
    ...read,
    ...(key && { key: (object: unknown) => (object instanceof Kept ? one(object)?.key : key(object as never)) }),
    ...(keep && { keep: (object: unknown) => (object instanceof Kept ? one(object)?.value : keep(object as never)) }),
  }
}

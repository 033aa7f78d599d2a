import type { Hazard, Kind } from '../contract/hazard.ts'

/** The hazards that judge objects of a kind in a cluster, with only the detectors that do. */
export const guardedHazards = (hazards: readonly Hazard[], kind: Kind<unknown>): readonly Hazard[] =>
  hazards.flatMap(({ manifest: _, node: __, cluster = [], ...hazard }) => {
    const own = cluster.filter(({ of }) => of.kinds.some((one) => one.kind === kind.kind))
    return own.length > 0 ? [{ ...hazard, cluster: own }] : []
  })

/** All kinds that detectors of the cluster read. */
export const kindsOf = (hazards: readonly Hazard[]): readonly Kind<unknown>[] => [
  ...new Set(
    hazards.flatMap(({ cluster = [] }) =>
      cluster.flatMap(({ of, with: reads }) => [of, ...Object.values(reads)].flatMap(({ kinds }) => [...kinds])),
    ),
  ),
]

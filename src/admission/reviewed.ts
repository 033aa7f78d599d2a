// Which hazards judge what is reviewed, and what they judge it among.
import type { Node } from 'kubernetes-types/core/v1.js'
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js'
import type { Hazard, Kind, Read } from '../contract/hazard.ts'
import { cronJobs, pods } from '../objects/kinds.ts'

/** What is read by name alone, or asked of Pods: a webhook watches what it judges among, which would list all of it. */
const isNeverListed = ({ api, metrics }: Kind<unknown>): boolean => api?.only !== undefined || metrics !== undefined

/** Those that judge Pods, what makes them, or CronJobs, by what is wished of them; with only the detectors that do. */
export const admittedHazards = (hazards: readonly Hazard[]): readonly Hazard[] =>
  hazards.flatMap(({ cluster: _, node: __, manifest = [], ...hazard }) => {
    const own = manifest
      .filter(({ of }) => of.kinds.some(({ kind }) => kind === pods.kind || kind === cronJobs.kind))
      .filter(({ with: reads }) => !Object.values<Read<unknown>>(reads).some(({ kinds }) => kinds.some(isNeverListed)))
    return own.length > 0 ? [{ ...hazard, manifest: own }] : []
  })

/** All kinds beside the reviewed object's own that their detectors read. */
export const contextKinds = (hazards: readonly Hazard[]): readonly Kind<unknown>[] => [
  ...new Set(
    hazards.flatMap(({ manifest = [] }) =>
      manifest.flatMap(({ with: reads }) => Object.values<Read<unknown>>(reads).flatMap(({ kinds }) => [...kinds])),
    ),
  ),
]

/** What is needed of a node: its kubelet's release, as text. */
export const kubeletRelease = (node: unknown): string => (node as Node).status?.nodeInfo?.kubeletVersion ?? ''

/** Who set which field is most of many objects, and nobody asks. */
export function withoutManagers(object: unknown): unknown {
  const { metadata, ...rest } = object as { metadata?: ObjectMeta }
  const { managedFields: _, ...own } = metadata ?? {}
  return { metadata: own, ...rest }
}

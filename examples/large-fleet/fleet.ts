// An ordinary cluster of any size, as public charts make it: no preStop waits, no deadlines, no time zones, one replica here
// and there. What benches, noise tests and tests on a real control plane scan. The same objects at every call.
import { cronJobObjects } from './cron-jobs.ts'
import { served } from './identity.ts'
import { podsOf, slicesOf } from './pods.ts'
import { ingressObject, serviceObject, workloadObject, workloadOf } from './workloads.ts'

export interface LargeFleet {
  readonly workloads: number
  /** How many Pods there are in all; none in manifests. */
  readonly pods?: number
  readonly cronJobs: number
  /** What a team keeps in Git: no status, no uid, and nothing that a controller makes. */
  readonly asManifests?: true
  /** What CronJobs are called in the cluster's version; batch/v1beta1 up to 1.20. */
  readonly cronJobVersion?: string
}

const perNamespace = 20
const teams = 40

const namespaceOf = (place: number): string => `ns-${Math.floor(place / perNamespace)}`

/** All objects of a fleet, one after the other, so that no more than one has to be in memory. */
export function* largeFleet(options: LargeFleet): Generator<object> {
  const { workloads, pods = 0, cronJobs, asManifests = false } = options
  const most = Math.max(workloads, cronJobs)
  for (let place = 0; place < most; place += perNamespace) yield namespaceObject(place, asManifests)
  for (let place = 0; place < workloads; place++) {
    // Every workload gets its share of the Pods, the first ones those that are left.
    const share = Math.floor(pods / workloads) + (place < pods % workloads ? 1 : 0)
    const workload = workloadOf(place, namespaceOf(place), asManifests ? undefined : Math.max(1, share), asManifests)
    yield workloadObject(workload)
    const hasService = workload.kind !== 'DaemonSet' && place % 8 !== 3
    if (hasService) yield serviceObject(workload)
    if (hasService && place % 3 === 0 && workload.kind === 'Deployment') yield ingressObject(workload)
    if (asManifests) continue
    const names: string[] = []
    for (const { name, pod } of podsOf(workload, share)) {
      names.push(name)
      yield pod
    }
    if (hasService) yield* slicesOf(workload, names)
  }
  for (let place = 0; place < cronJobs; place++) yield* cronJobObjects(place, namespaceOf(place), options)
}

function namespaceObject(place: number, manifest: boolean): object {
  const name = namespaceOf(place)
  const labels = { 'kubernetes.io/metadata.name': name, team: `team-${(place / perNamespace) % teams}` }
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels, ...served(manifest, name) } }
}

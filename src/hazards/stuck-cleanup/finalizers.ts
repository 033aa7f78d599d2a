// Whose a finalizer is, and what takes it off.
import { jobTracking } from './reads.ts'

export interface Finalizer {
  readonly name: string
  /** For a sentence: `of the garbage collector`. */
  readonly of: string
  readonly takenOff: string
}

const garbageCollector = 'of the garbage collector of kube-controller-manager'

/** Kubernetes' own (apimachinery meta/v1 FinalizerOrphanDependents, FinalizerDeleteDependents; batch/v1 JobTrackingFinalizer). */
const known: readonly Finalizer[] = [
  {
    name: 'foregroundDeletion',
    of: garbageCollector,
    takenOff: 'once the Pods are gone: see what keeps them, and whether kube-controller-manager runs',
  },
  {
    name: 'orphan',
    of: garbageCollector,
    takenOff: 'once its Pods name it no more as their owner: see whether kube-controller-manager runs',
  },
  {
    name: jobTracking,
    of: 'of the Job controller of kube-controller-manager',
    takenOff: 'once the Pod is counted in the status of its Job: see whether kube-controller-manager runs',
  },
]

/** Another's is named with a domain, which is all that tells whose it is. */
export function finalizer(name: string): Finalizer {
  const domain = name.includes('/') ? name.split('/')[0] : undefined
  return (
    known.find((one) => one.name === name) ?? {
      name,
      of: domain === undefined ? 'of a controller that it does not name' : `of a controller of ${domain}`,
      takenOff:
        'by that controller: see whether it runs and what it logs; by hand only if what it guards is done or given up',
    }
  )
}

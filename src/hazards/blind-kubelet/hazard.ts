import { z } from 'zod'
import { hazard } from '../../contract/reads.ts'
import { node } from './node.ts'
import type { Settings } from './settings.ts'

const settings: z.ZodType<Settings> = z.object({
  lastingSeconds: z
    .number()
    .positive()
    .default(30)
    .describe('How long its pages have to be silent to be more than a matter of load'),
})

const oneShimHoldsAll =
  'Not fixed: the figures of all containers are one question to the runtime, and one shim that does not answer holds it up (containerd#4016, #11133).'

export const blindKubelet = hazard({
  id: 'blind-kubelet',
  title: 'A kubelet that is well and has no figures',
  severity: 'high',
  settings,
  reasons: {
    'no-stats': {
      title: 'Autoscaling and eviction lose their figures',
      why: 'The metrics server takes CPU and memory of all Pods from /metrics/resource, and evictions are decided by what /stats/summary shows: while these hang, no Pod of the node counts for an autoscaler and none is evicted in time, and the node is Ready all the while.',
      fix: 'Find the container that does not answer, and continue or end its shim: the pages come back by themselves.',
      fixedIn: oneShimHoldsAll,
    },
    'no-metrics': {
      title: "The kubelet's own metrics do not come",
      why: 'Alerts about the kubelet, its relists and its volumes are made of /metrics: while it hangs they are silent.',
      fix: 'Find the container that does not answer, and continue or end its shim; else see what the kubelet waits for.',
      fixedIn: oneShimHoldsAll,
    },
  },
  condition: 'RoadcrewBlindKubelet',
  node: [node],
})

import { z } from 'zod'
import { hazard } from '../../contract/reads.ts'
import { daemonSets, deployments, statefulSets } from '../../objects/kinds.ts'
import { cluster } from './cluster.ts'
import { controllerConfigMaps } from './judging.ts'
import { manifest } from './manifest.ts'
import type { Settings } from './settings.ts'

const settings: z.ZodType<Settings> = z.object({
  reloadsPerHour: z
    .number()
    .positive()
    .default(30)
    .describe(
      'From so many reloads of an ingress controller per hour on they are too many; the same of changed endpoints',
    ),
  oldWorkersPerWorker: z
    .number()
    .positive()
    .default(2)
    .describe('From so many old workers for each one that takes new connections on they pile up'),
})

export const reloadStorm = hazard({
  id: 'reload-storm',
  title: 'An ingress controller that reloads its proxy again and again',
  severity: 'medium',
  settings,
  reasons: {
    'many-reloads': {
      title: 'Reloads its configuration too often',
      why: 'Each reload starts new workers, closes kept connections, and leaves the old workers there until their last connection has ended.',
      fix: 'Find what changes so often, and let one reload take many changes; or use a controller that takes changes without a reload.',
    },
    'failing-reloads': {
      title: 'Its last reload failed',
      why: 'The proxy goes on with the configuration that it has. Whatever changes from then on, Pods that are gone among it, does not reach it.',
      fix: 'Its log names what is wrong: take that out.',
    },
    'old-workers-pile-up': {
      title: 'Old workers pile up',
      why: 'A worker of an earlier configuration lives until its last connection has ended, with all of its memory; WebSockets and streams keep them for hours.',
      fix: 'Reload less often, and limit how long old workers live.',
    },
    'endless-old-workers': {
      title: 'Nothing limits how long old workers live',
      why: 'Without worker-shutdown-timeout a worker of an earlier configuration lives as long as its last connection.',
      fix: 'Set worker-shutdown-timeout to what connections may need.',
      leadsTo: 'old-workers-pile-up',
    },
    'reloads-on-endpoints': {
      title: 'Each change of endpoints is a reload',
      why: 'This controller writes endpoints into its configuration file, so that each Pod that comes, goes or changes its readiness is a reload.',
      fix: 'Use a controller that takes endpoints without a reload, or see why they change so often.',
      fixedIn:
        'Not in Kubernetes: in ingress-nginx 0.18 (2018) and NGINX Plus. What remains: open source NGINX Ingress Controller.',
      leadsTo: 'many-reloads',
    },
    'shutdown-timeout-exceeds-grace': {
      title: 'Old workers may take longer than the grace period',
      why: 'When the Pod stops its workers end what they have, up to a limit of their own; at the end of the grace period they are killed with it.',
      fix: 'Set terminationGracePeriodSeconds above that limit.',
    },
  },
  writes: [controllerConfigMaps, deployments, daemonSets, statefulSets],
  manifest: [manifest],
  cluster: [cluster],
  drill: () => import('./drill.ts'),
})

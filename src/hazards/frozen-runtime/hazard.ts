import { z } from 'zod'
import { hazard } from '../../contract/reads.ts'
import { node } from './node.ts'
import type { Settings } from './settings.ts'

const settings: z.ZodType<Settings> = z.object({
  slowSeconds: z
    .number()
    .positive()
    .default(10)
    .describe('From when on a call to the daemon counts as failed although it answered'),
  failures: z
    .number()
    .int()
    .positive()
    .default(3)
    .describe('For how many rounds in a row it has to fail to be critical'),
  mostMute: z
    .number()
    .int()
    .positive()
    .default(4)
    .describe('From how many inspections on it tells something that most of them are mute'),
})

export const frozenRuntime = hazard({
  id: 'frozen-runtime',
  title: 'The container runtime itself does not answer',
  severity: 'critical',
  settings,
  reasons: {
    'no-answer': {
      title: 'The daemon does not answer at all',
      why: 'A daemon that is stopped, out of file descriptors or locked up accepts connections and says nothing: no container can be started, stopped or looked at.',
      fix: 'Look at what it waits for (its goroutines, its disk), then restart it; drain the node first where containers may end with it.',
    },
    'no-list': {
      title: 'The daemon answers, but does not list its containers',
      why: 'The list needs a lock that somebody holds: a call that never ended. The kubelet lists every second and stops when it gets no answer.',
      fix: 'Find the container whose call never ended; else restart the daemon.',
    },
    'mostly-mute': {
      title: 'Most containers can not be inspected',
      why: 'One mute shim is the container; most of them mute are the daemon, the disk below them or the node.',
      fix: 'Look at the node first: nothing is ended while most of it is mute.',
    },
  },
  condition: 'RoadcrewFrozenRuntime',
  node: [node],
})

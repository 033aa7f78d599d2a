import { z } from 'zod'
import { hazard } from '../../contract/reads.ts'
import { node } from './node.ts'
import type { Settings } from './settings.ts'

const positive = (value: number, text: string) => z.number().positive().default(value).describe(text)

const settings: z.ZodType<Settings> = z.object({
  slowSeconds: positive(5, 'From when on an inspection counts as failed although it answered'),
  failures: positive(3, 'How many inspections in a row have to fail before a container can be condemned'),
  condemnAfterSeconds: positive(20, 'How long they have to fail for that'),
  overdueSeconds: positive(30, 'How long after the end of its grace period a Pod counts as overdue'),
})

const shimRemains =
  'Not fixed (containerd#11133, #5708, #4016 are open): one shim that hangs keeps everything waiting that asks for its container.'

export const stuckContainer = hazard({
  id: 'stuck-container',
  title: "A container that can't be inspected, stopped or killed",
  severity: 'critical',
  settings,
  reasons: {
    'inspect-timeout': {
      title: 'The runtime does not answer when asked for it',
      why: 'An inspection goes through the shim of the container; where that hangs, everybody who asks waits: kubelet, metrics, exec, stop.',
      fix: 'Wait whether it passes; with a second fact the shim is continued or ended.',
      fixedIn: shimRemains,
    },
    'no-processes': {
      title: 'The runtime claims it, and no process of it is left',
      why: 'The shim has lost or never reported the end of its container, so the runtime waits for a process that does not exist.',
      fix: 'End its shim: the runtime cleans up after it, and the kubelet makes the container anew.',
      fixedIn: shimRemains,
    },
    'only-zombies': {
      title: 'Only zombies are left of it',
      why: 'Its processes are dead, and who has to wait for them does not: a shim that is stopped, frozen or hangs.',
      fix: 'Continue a stopped shim; else end it.',
      fixedIn: shimRemains,
    },
    'shim-stopped': {
      title: 'Its shim is stopped',
      why: 'A shim in state T answers nobody, until somebody sends it SIGCONT.',
      fix: 'Send SIGCONT: it goes on where it was, and nothing is lost.',
    },
    'shim-gone': {
      title: 'The runtime claims it, and its shim is gone',
      why: 'The record of the runtime is stale: there is nothing that could be asked or ended.',
      fix: 'Remove the container by its id, or restart the runtime.',
    },
    'cannot-stop': {
      title: 'Its Pod should be gone, and it is still there',
      why: 'The kubelet asked the runtime to stop it, and the answer never came.',
      fix: 'Find out what it waits for; a mute shim is continued or ended.',
      fixedIn: shimRemains,
    },
    uninterruptible: {
      title: 'A process of it dies of no signal',
      why: 'A task that waits in the kernel (state D, the same stack in three readings, not frozen) survives SIGKILL. Ending the shim above it makes the runtime forget it, and the kubelet starts a second instance beside the first.',
      fix: 'Drain the node and restart it; nothing is ended here.',
    },
    orphan: {
      title: 'Its shim is gone and its processes live on',
      why: 'Nobody supervises them: the runtime may start the container anew beside them.',
      fix: 'End them by hand after a look at what they do; no shim is there to be asked.',
    },
  },
  steps: {
    'continue-shim': 'Send SIGCONT to a stopped shim',
    'end-shim': "Kill a container's processes, and its shim once none is left",
  },
  metrics: {
    roadcrew_suspicious_containers: {
      help: "Containers that can't be inspected, or of which something else is wrong: 1 for each, by what it is",
      type: 'gauge',
      counts: 'findings',
    },
  },
  condition: 'RoadcrewStuckContainer',
  node: [node],
  drill: () => import('./drill.ts'),
})

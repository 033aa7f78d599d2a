import { Command, Option } from 'commander'
import { type Mode, modes } from '../engine/policy.ts'
import type { Io } from './io.ts'

/** The options of `controller` as commander gives them. */
export interface ControllerOptions {
  readonly kubeconfig?: string
  readonly listen: string
  readonly namespace?: string
  readonly identity?: string
  readonly leaderElection: boolean
  readonly mode: Mode
  readonly policy?: string
  readonly timeZone: string
}

/** `roadcrew controller`: watches a cluster's CronJobs, and acts where the policy says so. */
export function controllerCommand(io: Io): Command {
  return new Command('controller')
    .description('watch the CronJobs of a cluster, tell what becomes of their runs, and act where the policy says so')
    .option('--kubeconfig <file>', 'of the cluster (default: that of the Pod it runs in)')
    .option('--listen <host:port>', 'where /metrics, /healthz and /readyz are served', '127.0.0.1:9843')
    .option(
      '--namespace <name>',
      "where Roadcrew's lease, policy and budget are (default: $POD_NAMESPACE, else roadcrew)",
    )
    .option(
      '--identity <name>',
      'how it is known to its other replicas (default: $POD_NAME or the host name, and chance)',
    )
    .option('--no-leader-election', 'there is no other one: it leads from the start')
    .addOption(
      new Option('--mode <mode>', 'the most that it may do, whatever the policy says').choices(modes).default('act'),
    )
    .option('--policy <file>', 'what it may do (default: the ConfigMap roadcrew-policy; without one it only observes)')
    .option(
      '--time-zone <name>',
      'in which kube-controller-manager runs: it decides for schedules that name none',
      'UTC',
    )
    .addHelpText(
      'after',
      `
It watches CronJobs, their Jobs and Events, and asks the same questions as a scan, but as things happen: what is found is a log
line, an Event on the CronJob and a metric. It never changes a spec: what it may do is to correct a status, such as the last
time of a frozen CronJob, which GitOps does not see, and to start its latest missed run where its owner asks for that. Of several replicas one leads, by the Lease roadcrew-controller; the
others watch, so that one of them takes over at once when it stops, and within 17 s when it is lost.

Examples:
  roadcrew controller                                   in a Pod of the cluster; see charts/roadcrew
  roadcrew controller --kubeconfig admin.conf --mode observe --no-leader-election
  roadcrew controller --kubeconfig admin.conf --policy policy.yaml --listen 127.0.0.1:0
  roadcrew controller --time-zone Europe/Berlin         its kube-controller-manager does not run in UTC`,
    )
    .action(async (options: ControllerOptions) => {
      const { controllerLoop } = await import('./controller-loop.ts')
      await controllerLoop(options, io)
    })
}

import { Command, Option } from 'commander'
import { type Mode, modes } from '../engine/policy.ts'
import type { Io } from './io.ts'

/** The options of `webhook` as commander gives them. */
export interface WebhookOptions {
  readonly kubeconfig?: string
  readonly listen: string
  readonly metrics: string
  readonly certificate?: string
  readonly key?: string
  readonly ownCertificate?: string
  readonly service: string
  readonly configuration?: string
  readonly namespace?: string
  readonly mode: Mode
  readonly policy?: string
}

/** `roadcrew webhook`: judges Pods as they are made. */
export function webhookCommand(io: Io): Command {
  return new Command('webhook')
    .description('judge objects as they are made: give Pods what keeps requests from being lost, warn of the rest')
    .option('--certificate <file>', 'of the name that the API server calls it by, in PEM; read again when it changes')
    .option('--key <file>', 'of that certificate, in PEM')
    .option(
      '--own-certificate <secret>',
      'instead of both: make a certificate, keep it in this Secret of its namespace, and renew it',
    )
    .option('--service <name>', 'what an own certificate is for: <name>.<namespace>.svc', 'roadcrew-webhook')
    .option(
      '--configuration <name>',
      'the MutatingWebhookConfiguration that is told to trust an own certificate; no other is touched',
    )
    .option('--listen <host:port>', 'where the API server sends reviews, over TLS: POST /review', '0.0.0.0:9844')
    .option('--metrics <host:port>', 'where /metrics, /healthz and /readyz are served', '127.0.0.1:9845')
    .option('--kubeconfig <file>', 'of the cluster (default: that of the Pod it runs in)')
    .option('--namespace <name>', "where Roadcrew's policy is (default: $POD_NAMESPACE, else roadcrew)")
    .addOption(
      new Option('--mode <mode>', 'the most that it may do, whatever the policy says').choices(modes).default('act'),
    )
    .option('--policy <file>', 'what it may do (default: the ConfigMap roadcrew-policy; without one it only observes)')
    .addHelpText(
      'after',
      `
It asks the same questions of a Pod as a scan does of its workload, and with mode act makes the same edits, on the Pod alone: what
stands in Git is not touched, and nothing is rolled out anew. Deployments and whatever else makes Pods are only warned of, which
kubectl shows; with mode advise Pods are too. It never refuses anything. Pods that no Service selects, and what is annotated with
roadcrew.dev/spare, are left alone. A preStop sleep of Kubernetes's own is written only where API server and all kubelets know it.

Examples:
  roadcrew webhook --certificate tls.crt --key tls.key
  roadcrew webhook --own-certificate roadcrew-webhook-certificate --configuration roadcrew
  roadcrew webhook --certificate tls.crt --key tls.key --kubeconfig admin.conf --listen 127.0.0.1:9844 --policy policy.yaml`,
    )
    .action(async (options: WebhookOptions) => {
      const { webhookLoop } = await import('./webhook-loop.ts')
      await webhookLoop(options, io)
    })
}

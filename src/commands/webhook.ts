import { Command, Option } from 'commander'
import { engines } from '../admission/export.ts'
import { type Mode, modes } from '../engine/policy.ts'
import type { Io } from './io.ts'
import type { WebhookExportOptions } from './webhook-export.ts'

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
    .enablePositionalOptions()
    .addCommand(
      exportCommand(io)
        .exitOverride()
        .configureOutput({ writeOut: io.out, writeErr: io.err })
        .showHelpAfterError('(--help says more)'),
    )
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

Where nothing is to stand before the API server, a policy of the cluster's own can do some of it: see roadcrew webhook export --help.

Examples:
  roadcrew webhook --certificate tls.crt --key tls.key
  roadcrew webhook --own-certificate roadcrew-webhook-certificate --configuration roadcrew
  roadcrew webhook --certificate tls.crt --key tls.key --kubeconfig admin.conf --listen 127.0.0.1:9844 --policy policy.yaml
  roadcrew webhook export --as mutating-admission-policy --kube-version 1.36`,
    )
    .action(async (options: WebhookOptions) => {
      const { webhookLoop } = await import('./webhook-loop.ts')
      await webhookLoop(options, io)
    })
}

function exportCommand(io: Io): Command {
  return new Command('export')
    .description('write a policy by which the cluster itself gives Pods a preStop wait, without a webhook')
    .addOption(new Option('--as <engine>', 'what is to apply it').choices(engines).makeOptionMandatory())
    .requiredOption('--kube-version <version>', 'of the API server, e.g. 1.36; kubelets have to be of 1.30 or newer')
    .option('--policy <file>', 'whose settings and namespaces count (default: the settings of the hazards)')
    .addHelpText('after', exportHelp)
    .action(async (options: WebhookExportOptions) => {
      const { webhookExport } = await import('./webhook-export.ts')
      webhookExport(options, io)
    })
}

const exportHelp = `
It writes YAML: a MutatingAdmissionPolicy with its binding (v1 for Kubernetes 1.36 and newer, v1beta1 for 1.34, v1alpha1 for 1.32), or
a MutatingPolicy of Kyverno 1.17. It can see a Pod and no Services, so that it does less than the webhook and holds back where that one
would look further: comments above it say where. It knows only the sleep of Kubernetes's own, so that it takes 1.30 on the API server and all
kubelets. Namespaces are opted in by the label roadcrew.dev/admission=enabled, and Pods and namespaces out by the annotation
roadcrew.dev/spare, as for the webhook. Of a policy the settings count, the protected namespaces and those that a hazard is kept to; not its
modes, its pause and its rates: who applies what is written wants it done. Export it again when they change.

Examples:
  roadcrew webhook export --as mutating-admission-policy --kube-version 1.36 | kubectl apply -f -
  roadcrew webhook export --as kyverno --kube-version 1.30 --policy policy.yaml > pod-rules.yaml

Exit codes:
  0   it was written
  64  wrong usage, or a release that does not keep what would be written`

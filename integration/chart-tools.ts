// Helm and promtool, and what Helm makes of the chart.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DaemonSet, Deployment } from 'kubernetes-types/apps/v1.js'
import type { Container } from 'kubernetes-types/core/v1.js'
import { parseAllDocuments } from 'yaml'

const root = join(import.meta.dirname, '..')
export const chart = join(root, 'charts/roadcrew')

/** An object as a manifest has it. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec?: unknown
}

/** All that can be turned on is on, and nothing is as it is by default. */
export const everything = {
  image: { repository: 'registry.example/roadcrew', digest: `sha256:${'a'.repeat(64)}`, pullPolicy: 'Always' },
  imagePullSecrets: [{ name: 'registry' }],
  policy: { hazards: { 'stuck-container': { mode: 'act', steps: { 'end-shim': 'advise' } } }, perNodePerHour: 1 },
  actor: {
    mode: 'act',
    perHour: 1,
    protect: ['kube-system', 'db'],
    socket: '/var/snap/microk8s/common/run/containerd.sock',
    evidence: '/var/lib/roadcrew',
    seLinuxOptions: { type: 'spc_t' },
  },
  agent: {
    mode: 'act',
    conditions: true,
    network: true,
    probe: { targets: ['db.example.com:5432', '[2001:db8::1]:443'], perSecond: 0.5 },
  },
  controller: {
    replicas: 3,
    mode: 'act',
    timeZone: 'Europe/Berlin',
    catchUp: true,
    zonedCronJobs: true,
    nativeCronJobs: true,
  },
  webhook: {
    ...{ enabled: true, replicas: 3, mode: 'advise', namespaceLabels: { 'example.com/review': 'yes' } },
    ...{ secretName: 'tls', certManager: { issuer: { name: 'internal', kind: 'ClusterIssuer' } } },
  },
  metrics: { port: 19842, expose: true },
  podMonitor: { enabled: true, interval: '1m', labels: { release: 'prometheus' } },
  alerts: { enabled: true, labels: { release: 'prometheus' }, runbookBase: 'https://git.example/roadcrew/' },
  dashboard: { enabled: true, labels: { grafana_dashboard: '1' } },
  nodeSelector: { 'kubernetes.io/os': 'linux', pool: 'batch' },
  podAnnotations: { 'example.com/team': 'platform' },
}

interface Ran {
  readonly status: number | null
  /** What it wrote, to stdout and stderr. */
  readonly out: string
}

function run(command: string, args: readonly string[], input?: string): Ran {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    ...(input !== undefined && { input }),
    // Nothing of a person's own Helm counts here.
    env: { ...process.env, HELM_CONFIG_HOME: tmpdir(), HELM_DATA_HOME: tmpdir(), HELM_CACHE_HOME: tmpdir() },
  })
  return { status, out: error?.message ?? `${stdout}${stderr}` }
}

const findHelm = (): string | undefined => {
  const { status, out } = run(process.execPath, [join(root, 'scripts/helm.mjs')])
  return status === 0 ? out.trim() : undefined
}

const found = findHelm()

/** Runs Helm with values, which it reads from stdin. */
export const helm = (args: readonly string[], values: object = {}): Ran =>
  run(found ?? 'helm', [...args, '--values', '-'], JSON.stringify(values))

/** What Helm makes of the chart, for a Kubernetes version. @throws Error with what Helm says. */
export function template(values: object, version = '1.20.2'): readonly Manifest[] {
  const { status, out } = helm(['template', 'roadcrew', chart, '-n', 'roadcrew', '--kube-version', version], values)
  if (status !== 0) throw new Error(out)
  return parseAllDocuments(out).flatMap((document) => {
    const object: Manifest | null = document.toJS()
    return object === null ? [] : [object]
  })
}

/** Runs promtool on a text as a file. */
export function promtool(args: readonly string[], text: string): Ran {
  const folder = mkdtempSync(join(tmpdir(), 'roadcrew-promtool-'))
  try {
    const file = join(folder, 'rules.yaml')
    writeFileSync(file, text)
    return run('promtool', [...args, file])
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export const promtoolTest = (file: string): Ran => run('promtool', ['test', 'rules', join(root, file)])

/** True, with the reason on stderr, where a tool is missing: for describe.skipIf. */
export function helmOrSkip(): boolean {
  if (found === undefined) process.stderr.write('skipped for want of Helm: node scripts/helm.mjs --get\n')
  return found === undefined
}

export function promtoolOrSkip(): boolean {
  const missing = run('promtool', ['--version']).status !== 0
  if (missing) process.stderr.write("skipped for want of promtool: install Debian's prometheus\n")
  return missing
}

export const daemonSetOf = (objects: readonly Manifest[]): DaemonSet => {
  const found = objects.find(({ kind }) => kind === 'DaemonSet')
  if (!found) throw new Error('there is no DaemonSet')
  return found as DaemonSet
}

export function containerOf(objects: readonly Manifest[], name: string): Container {
  const found = daemonSetOf(objects).spec?.template.spec?.containers.find((one) => one.name === name)
  if (!found) throw new Error(`there is no container ${name}`)
  return found
}

/** Undefined if the chart makes none. */
export const controllerOf = (objects: readonly Manifest[]): Deployment | undefined =>
  objects.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'roadcrew-controller') as
    | Deployment
    | undefined

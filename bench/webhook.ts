// What the webhook takes for its reviews: 500 a second on one core, straight over TLS on connections that are kept, beside a
// webhook that does nothing, in turns; and its memory, also with ten times the objects around. `npm run bench -- webhook` runs this alone.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type BenchRow, less } from './table.ts'
import { type Latencies, noopWebhook, send, startListOnlyApiServer } from './webhook-parts.ts'

const main = join(import.meta.dirname, '../dist/main.js')
const rate = 500
const seconds = 10
const turns = 3
const connections = 16

const labelsOf = (space: number) => ({ app: `shop-${space}`, tier: 'web' })

/** As many namespaces, each with a Service, and a node for two of them. */
function cluster(spaces: number): Readonly<Record<string, readonly object[]>> {
  const places = Array.from({ length: spaces }, (_, place) => place)
  const managedFields = [
    { manager: 'kubectl', operation: 'Update', fieldsV1: { 'f:spec': { 'f:ports': {}, 'f:selector': {} } } },
  ]
  const metadata = (name: string, namespace?: string) => ({
    name,
    namespace,
    uid: name,
    resourceVersion: '1',
    managedFields,
  })
  return {
    '/api/v1/namespaces': places.map((place) => ({ metadata: metadata(`space-${place}`) })),
    '/api/v1/services': places.map((place) => ({
      metadata: metadata('shop', `space-${place}`),
      spec: { selector: labelsOf(place), type: 'ClusterIP', ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }] },
    })),
    '/api/v1/nodes': places.slice(0, spaces / 2).map((place) => ({
      metadata: metadata(`node-${place}`),
      status: { nodeInfo: { kubeletVersion: `v1.${31 + (place % 3)}.4` } },
    })),
  }
}

/** A Pod as a ReplicaSet makes it, or every fifth time a Deployment: some 5 KB. */
function bodyOf(place: number, spaces: number): string {
  const space = place % spaces
  const env = Array.from({ length: 30 }, (_, n) => ({
    name: `SETTING_NUMBER_${n}`,
    value: `value-${n}-of-some-length`,
  }))
  const volumes = Array.from({ length: 5 }, (_, n) => ({ name: `files-${n}`, configMap: { name: `shop-files-${n}` } }))
  const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/etc/shop/${name}`, readOnly: true }))
  const probe = { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 5 }
  const app = {
    name: 'app',
    image: 'registry.example.com/shop:1.2.3',
    ports: [{ containerPort: 8080 }],
    env,
    volumeMounts,
  }
  const spec = {
    containers: [
      { ...app, readinessProbe: probe },
      { name: 'log', image: 'log:1', env, volumeMounts },
    ],
    volumes,
  }
  const labels = labelsOf(space)
  const isPod = place % 5 !== 0
  const name = isPod ? undefined : 'shop'
  const metadata = { name, generateName: 'shop-5d8f7c-', namespace: `space-${space}`, labels }
  const object = isPod
    ? { metadata, spec }
    : { metadata, spec: { replicas: 3, template: { metadata: { labels }, spec } } }
  const kind = { group: isPod ? '' : 'apps', version: 'v1', kind: isPod ? 'Pod' : 'Deployment' }
  const request = { uid: `u-${place}`, kind, namespace: `space-${space}`, operation: 'CREATE', object }
  return JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request })
}

interface Running {
  readonly process: ChildProcess
  readonly address: string
  readonly metrics: string
}

/** Bound to one core, so that garbage collection and TLS have no other. What it logs is read and thrown away. */
async function start(args: readonly string[]): Promise<Running> {
  const command = cpus().length > 1 ? ['taskset', '-c', '0', process.execPath] : [process.execPath]
  const child = spawn(command[0] ?? '', [...command.slice(1), ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const where = await new Promise<{ listens: string; metrics: string }>((resolve) => {
    child.stdout.on('data', (part: Buffer) => {
      const line = part
        .toString()
        .split('\n')
        .find((one) => one.includes('"listens"'))
      if (line) resolve(JSON.parse(line))
    })
  })
  return { process: child, address: where.listens, metrics: where.metrics }
}

const memoryOf = ({ process: { pid } }: Running): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

/** User and system time of a process, ms (proc_pid_stat(5): 100 clock ticks a second). */
function cpuOf({ process: { pid } }: Running): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

const middle = (runs: readonly Latencies[], of: 'p50' | 'p99'): number =>
  runs.map((run) => run[of]).toSorted((a, b) => a - b)[Math.floor(runs.length / 2)] ?? 0

async function compare(folder: string, spaces: number) {
  const api = await startListOnlyApiServer(cluster(spaces))
  const [cert, key, policy, kubeconfig] = ['tls.crt', 'tls.key', 'policy.yaml', 'kubeconfig'].map((name) =>
    join(folder, name),
  )
  writeFileSync(policy ?? '', 'hazards: {lost-requests: {mode: act}}\n')
  writeFileSync(kubeconfig ?? '', api.kubeconfig)
  const files = [
    '--certificate',
    cert ?? '',
    '--key',
    key ?? '',
    '--policy',
    policy ?? '',
    '--kubeconfig',
    kubeconfig ?? '',
  ]
  const running: Running[] = []
  try {
    const ours = await start([main, 'webhook', ...files, '--listen', '127.0.0.1:0', '--metrics', '127.0.0.1:0'])
    running.push(ours)
    const noop = await start(['-e', noopWebhook, cert ?? '', key ?? ''])
    running.push(noop)
    while (!(await fetch(`http://${ours.metrics}/readyz`)).ok) await sleep(100)
    const load = { rate, seconds, connections, bodyOf: (place: number) => bodyOf(place, spaces) }
    for (const { address } of running) await send(address, { ...load, seconds: 5 }) // compiled and connected
    const before = [cpuOf(ours), cpuOf(noop)]
    const runs: { ours: Latencies; noop: Latencies }[] = []
    for (let turn = 0; turn < turns; turn++) {
      runs.push({ noop: await send(noop.address, load), ours: await send(ours.address, load) })
      const last = runs.at(-1)
      process.stderr.write(`${spaces} namespaces, load ${loadavg()[0]?.toFixed(1)}: ${JSON.stringify(last)}\n`)
      if (last?.ours.patched === 0 || last?.ours.failed !== 0) throw new Error('the webhook did not do its work')
    }
    const cpu = [ours, noop].map((one, place) => (cpuOf(one) - (before[place] ?? 0)) / (turns * seconds * rate))
    const memory = [ours, noop].map(memoryOf)
    return { ours: runs.map((one) => one.ours), noop: runs.map((one) => one.noop), cpu, memory }
  } finally {
    for (const { process: child } of running) child.kill('SIGKILL')
    api.close()
  }
}

export async function webhookBench(): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'roadcrew-bench-webhook-'))
  try {
    const out = ['-keyout', join(folder, 'tls.key'), '-out', join(folder, 'tls.crt')]
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
    execFileSync('openssl', ['req', '-x509', ...curve, '-nodes', '-days', '2', '-subj', '/CN=bench', ...out], {
      stdio: 'ignore',
    })
    const rows: BenchRow[] = []
    for (const spaces of [1_000, 10_000]) {
      const { ours, noop, cpu, memory } = await compare(folder, spaces)
      const among = `${rate} reviews/s among ${spaces.toLocaleString('en')} Services`
      rows.push(
        less(`${among}: median`, middle(ours, 'p50'), 'one that does nothing', middle(noop, 'p50'), 'ms'),
        less(`${among}: p99`, middle(ours, 'p99'), 'one that does nothing', middle(noop, 'p99'), 'ms'),
        less(`${among}: p99`, middle(ours, 'p99'), 'goal', 10, 'ms'),
        less(`${among}: CPU of one`, cpu[0] ?? 0, 'one that does nothing', cpu[1] ?? 0, 'ms'),
        less(`${among}: memory after it`, memory[0] ?? 0, 'one that does nothing', memory[1] ?? 0, 'MB'),
      )
    }
    return rows
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

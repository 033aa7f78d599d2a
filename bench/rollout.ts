// The load that measures rollouts, beside h2load, against one nginx: what it adds to latencies, what it costs, and how late it is. Wants
// Debian's nginx-light and nghttp2-client, and openssl.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePorts } from '../src/lab/daemon.ts'
import { nginxHint } from '../src/lab/nginx.ts'
import { startTied } from '../src/lab/tied-process.ts'
import { startLoadThread, type ThreadPlan } from '../src/rollout/load-thread.ts'
import { latenciesOf, latenessOfLogs } from '../src/rollout/summary.ts'
import { type BenchRow, less } from './table.ts'

const run = promisify(execFile)
const rates = [200, 1000, 2000]
/** Both take turns, so that what else a machine does meets both. */
const turns = 2
const turnSeconds = 4
/** Connections of h2load: over HTTP/1.1 each carries one request at a time. */
const clients = { http1: 20, http2: 1 }

interface Served extends Pick<ThreadPlan, 'url' | 'protocol'> {
  readonly name: string
}

interface Figures {
  readonly p50: number
  readonly p99: number
}

export async function rolloutBench(): Promise<BenchRow[]> {
  const hint = nginxHint(process.env)
  if (hint !== undefined) throw new Error(hint)
  const folder = mkdtempSync(join(tmpdir(), 'roadcrew-rollout-'))
  const ports = await freePorts(3)
  await makeCertificate(folder)
  writeFileSync(join(folder, 'conf'), configOf(folder, ports))
  const nginx = await startTied('env', [
    'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
    'nginx',
    '-p',
    folder,
    '-e',
    `${folder}/log`,
    '-c',
    `${folder}/conf`,
  ])
  try {
    await sleep(1000)
    if (nginx.ended !== undefined) throw new Error(`nginx ${nginx.ended}: ${readFileSync(`${folder}/log`, 'utf8')}`)
    const [plain, h2c, tls] = ports
    const served: readonly Served[] = [
      { name: 'HTTP/1.1', protocol: 'http1', url: `http://127.0.0.1:${plain}/` },
      { name: 'HTTP/2', protocol: 'http2', url: `http://127.0.0.1:${h2c}/` },
      { name: 'HTTP/2 over TLS', protocol: 'http2', url: `https://127.0.0.1:${tls}/` },
    ]
    const ca = readFileSync(join(folder, 'cert'), 'utf8')
    const rows: BenchRow[] = []
    for (const one of served) for (const rate of rates) rows.push(...(await compare(one, rate, ca, folder)))
    for (const one of served.slice(0, 2)) rows.push(...(await costOfFresh(one, ca)))
    return rows
  } finally {
    await nginx.end()
    rmSync(folder, { recursive: true })
  }
}

async function compare({ name, ...where }: Served, rate: number, ca: string, folder: string): Promise<BenchRow[]> {
  const ours: Ours[] = []
  const theirs: number[] = []
  for (let turn = 0; turn < turns; turn++) {
    ours.push(await send({ ...where, ...planAt(rate, 'kept'), ca }))
    theirs.push(...(await h2load(where, rate, join(folder, 'requests'))))
  }
  const [mine, peer] = [figuresOf(ours.flatMap(({ latencies }) => [...latencies])), figuresOf(theirs)]
  const what = `${name}, ${rate.toLocaleString('en')}/s`
  return [
    less(`${what}: median`, mine.p50, 'h2load', peer.p50, 'ms'),
    less(`${what}: p99`, mine.p99, 'h2load', peer.p99, 'ms'),
    ...costRows(what, ours),
  ]
}

async function costOfFresh({ name, ...where }: Served, ca: string): Promise<BenchRow[]> {
  const rate = 2000
  return costRows(`${name}, fresh, ${rate.toLocaleString('en')}/s`, [
    await send({ ...where, ...planAt(rate, 'fresh'), ca }),
  ])
}

const costRows = (what: string, ours: readonly Ours[]): BenchRow[] => [
  less(`${what}: lateness, p99`, Math.max(...ours.map(({ latenessMs }) => latenessMs)), 'goal', 5, 'ms'),
  less(`${what}: CPU`, ours.reduce((sum, { cores }) => sum + cores, 0) / ours.length, 'goal', 1, 'cores'),
]

const planAt = (perSecond: number, connections: ThreadPlan['connections']) =>
  ({ arrivals: { perSecond }, method: 'GET', connections, timeoutMs: 10_000 }) as const

interface Ours {
  readonly latencies: Float32Array
  readonly latenessMs: number
  readonly cores: number
}

/** @throws Error if one was lost. */
async function send(plan: ThreadPlan): Promise<Ours> {
  const { loads } = await startLoadThread([plan], AbortSignal.timeout(120_000))
  const [began, cpu] = [performance.now(), process.cpuUsage()]
  await sleep(turnSeconds * 1000)
  const used = process.cpuUsage(cpu)
  const cores = (used.user + used.system) / 1000 / (performance.now() - began)
  await Promise.all(loads.map((load) => load.stop()))
  const logs = loads.map(({ log }) => log)
  const [log] = logs
  if (!log || log.counts().lost > 0) throw new Error(`lost: ${JSON.stringify(log?.counts().lostTo)}`)
  return { latencies: log.latencies(), latenessMs: latenessOfLogs(logs).p99Ms, cores }
}

/** @returns what each request took, ms. It counts from when it sends, and sends late rather than a request too many at a time. */
async function h2load(
  { url, protocol = 'http1' }: Omit<Served, 'name'>,
  rate: number,
  file: string,
): Promise<number[]> {
  rmSync(file, { force: true })
  const paced = ['-D', String(turnSeconds), '-c', String(clients[protocol]), '--rps', String(rate / clients[protocol])]
  await run('h2load', [...paced, ...(protocol === 'http1' ? ['--h1'] : ['-m', '100']), '--log-file', file, url])
  const requests = readFileSync(file, 'utf8').trim().split('\n')
  return requests.map((line) => Number(line.split('\t')[2]) / 1000)
}

const figuresOf = (values: readonly number[]): Figures =>
  latenciesOf(values.toSorted((a, b) => a - b)) ?? { p50: Number.NaN, p99: Number.NaN }

async function makeCertificate(folder: string): Promise<void> {
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const files = ['-keyout', join(folder, 'key'), '-out', join(folder, 'cert')]
  await run('openssl', [...made, ...files, '-subj', '/CN=bench', '-addext', 'subjectAltName=IP:127.0.0.1'])
}

const listens = ['', ' http2', ' ssl http2']
const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
/** A connection is kept for the whole of a run. */
const configOf = (folder: string, ports: readonly number[]): string => `
daemon off;
worker_processes 1;
pid ${folder}/pid;
events { worker_connections 8192; }
http {
  access_log off;
  keepalive_requests 10000000;
  ssl_certificate ${folder}/cert;
  ssl_certificate_key ${folder}/key;
${temporary.map((name) => `  ${name}_temp_path ${folder}/${name};`).join('\n')}
${ports.map((port, place) => `  server { listen 127.0.0.1:${port}${listens[place]}; location / { return 200 served; } }`).join('\n')}
}
`

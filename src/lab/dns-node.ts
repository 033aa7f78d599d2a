// A node whose kube-proxy translates DNS: a Pod that asks, and two servers outside behind one Service, each a namespace of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { parseConntrackStatistics, total } from '../linux/conntrack.ts'
import { outputOf } from '../node/colliding-connects.ts'
import { inNamespace } from './namespace-programs.ts'
import { onNodeNetwork, startHolder } from './node-network.ts'

const service = '10.96.0.10'
const servers = ['192.0.2.100', '192.0.2.101'] as const

/** Answers each datagram with itself, from the address that it came to. */
const echo = `
const hosts = process.argv.slice(1)
let open = 0
for (const host of hosts) {
  const socket = require('node:dgram').createSocket({ type: 'udp4', recvBufferSize: 4e6 })
  socket.on('error', () => {})
  socket.on('message', (text, { port, address }) => socket.send(text, port, address))
  socket.bind(53, host, () => ++open === hosts.length && console.log('on'))
}
`

/**
 * Two threads that share each of some sockets, as a kernel sees a resolver that asks for A and AAAA: each sends one datagram through it, at
 * the same instant. Each socket does so once, since from then on conntrack knows its flow. A thread can't be handed a socket, but its number.
 */
const asker = `
const { createSocket } = require('node:dgram')
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads')
const [host, count, everyMs] = isMainThread ? [process.argv[1], ...process.argv.slice(2).map(Number)] : workerData.args
let [sent, answered, failed] = [0, 0, 0]
const hear = (socket) => socket.on('message', () => answered++).on('error', () => failed++)
const ask = (sockets, startAt) => new Promise((resolve) => {
  const next = (n) => {
    if (n === sockets.length) return setTimeout(() => resolve({ sent, answered, failed }), 2000)
    const at = startAt + BigInt(n) * BigInt(Math.round(everyMs * 1e6))
    const left = Number(at - process.hrtime.bigint()) / 1e6
    if (left > 3) return setTimeout(() => next(n), left - 2)
    while (process.hrtime.bigint() < at);
    sockets[n].send('question ' + n, 53, host, (error) => error ? failed++ : sent++)
    setImmediate(() => next(n + 1))
  }
  next(0)
})
const bound = (socket, to) => new Promise((resolve) => hear(socket).bind(to, () => resolve(socket)))
const all = (to) => Promise.all(to.map((one) => bound(createSocket('udp4'), one)))
if (isMainThread) {
  process.on('SIGINT', () => {})
  process.stdin.on('end', () => process.exit(0)).resume()
  all(Array.from({ length: count }, () => ({ port: 0 }))).then(async (sockets) => {
    const fds = sockets.map((socket) => socket._handle.fd)
    const other = new Worker(process.env.ASKER, { eval: true, workerData: { args: [host, count, everyMs], fds } })
    const said = (of) => new Promise((resolve, reject) => other.once('message', resolve).once('error', reject))
    await said()
    const startAt = process.hrtime.bigint() + 200_000_000n
    other.postMessage(startAt)
    const [own, its] = await Promise.all([ask(sockets, startAt), said()])
    const sum = (name) => own[name] + its[name]
    process.stdout.write(JSON.stringify({ sent: sum('sent'), answered: sum('answered'), failed: sum('failed') }) + '\\n', () => process.exit(0))
  })
} else {
  all(workerData.fds.map((fd) => ({ fd }))).then((sockets) => {
    parentPort.once('message', async (startAt) => parentPort.postMessage(await ask(sockets, startAt)))
    parentPort.postMessage('ready')
  })
}
`

export interface Asked {
  readonly sent: number
  readonly answered: number
  /** Not sent, or refused. */
  readonly failed: number
}

/** What the node's kernel counts of clashes, since the node was made. */
export interface Clashes {
  /** 0 also before Linux 5.10, which does not count them apart. */
  readonly resolved: number
  readonly lost: number
}

export interface DnsNode {
  /** A process in the node's network namespace. */
  readonly pid: number
  /** From each of `count` sockets two threads send a question each, at the same instant. @throws the signal's reason once aborted. */
  ask(pairs: { readonly count: number; readonly everyMs: number }, signal: AbortSignal): Promise<Asked>
  clashes(): Promise<Clashes>
  stop(): void
}

/** Starts it (a second); needs root, iproute2 and iptables. @throws Error with what a command wrote to stderr. */
export function startDnsNode(): Promise<DnsNode> {
  return onNodeNetwork(async ({ namespaces, keep, stop }) => {
    await namespaces.run('ext', 'ip', 'address', 'add', `${servers[1]}/24`, 'dev', 'eth0')
    const rule = (...words: string[]) => namespaces.run('node', 'iptables-nft', '-w', '-t', 'nat', ...words)
    for (const args of serviceRules) await rule(...args)
    keep(await startEcho(namespaces.of('ext')))
    const holder = await startHolder(namespaces.of('node'))
    const pod = await startHolder(namespaces.of('pod1'))
    keep(holder.child)
    keep(pod.child)
    return {
      pid: holder.pid,
      stop,
      async ask({ count, everyMs }, signal) {
        const args = ['-e', asker, '--', service, String(count), String(everyMs)]
        const enter = inNamespace(namespaces.of('pod1'))
        let answer = ''
        await outputOf([...enter, 'env', `ASKER=${asker}`], args, signal, (line) => {
          answer = line
        })
        signal.throwIfAborted()
        return JSON.parse(answer) as Asked
      },
      async clashes() {
        const statistics = parseConntrackStatistics(await namespaces.run('node', 'cat', '/proc/net/stat/nf_conntrack'))
        const sum = (name: string): number => (statistics && total(statistics, name)) ?? 0
        return { resolved: sum('clash_resolve'), lost: sum('drop') }
      },
    }
  })
}

/** As kube-proxy names and writes them, for a Service with two endpoints. */
const serviceRules = [
  ['-N', 'KUBE-SERVICES'],
  ['-N', 'KUBE-SVC-TCOU7JCQXEZGVUNU'],
  ...servers.map((_, place) => ['-N', `KUBE-SEP-DNS${place}`]),
  ['-A', 'PREROUTING', '-j', 'KUBE-SERVICES'],
  ['-A', 'OUTPUT', '-j', 'KUBE-SERVICES'],
  ['-A', 'KUBE-SERVICES', '-d', `${service}/32`, '-p', 'udp', '--dport', '53', '-j', 'KUBE-SVC-TCOU7JCQXEZGVUNU'],
  [
    ...['-A', 'KUBE-SVC-TCOU7JCQXEZGVUNU', '-m', 'statistic', '--mode', 'random', '--probability', '0.5'],
    ...['-j', 'KUBE-SEP-DNS0'],
  ],
  ['-A', 'KUBE-SVC-TCOU7JCQXEZGVUNU', '-j', 'KUBE-SEP-DNS1'],
  ...servers.map((address, place) => [
    ...['-A', `KUBE-SEP-DNS${place}`, '-p', 'udp', '-j', 'DNAT', '--to-destination', `${address}:53`],
  ]),
  ['-A', 'POSTROUTING', '-s', '10.244.0.0/24', '!', '-d', '10.244.0.0/24', '-j', 'MASQUERADE', '--random-fully'],
]

async function startEcho(namespace: string): Promise<ChildProcess> {
  const [program, ...enter] = inNamespace(namespace)
  const child = spawn(program, [...enter, process.execPath, '-e', echo, '--', ...servers], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve())
    child.once('exit', (code) => reject(new Error(`the lab's DNS servers ended with ${code}`)))
  })
  return child
}

// `roadcrew probe` against real servers: one that is well, one that is not there, and one to which every twentieth SYN is lost.
import { execFile, spawn } from 'node:child_process'
import { readdirSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startContainerd } from '../src/lab/containerd.ts'
import { startServer } from '../src/lab/namespace-programs.ts'
import { makeNamespaces } from '../src/lab/network-namespaces.ts'
import { nodeNetworkHint } from '../src/lab/node-network.ts'
import { type SnatNode, startSnatNode } from '../src/lab/snat-node.ts'
import { isRead } from '../src/linux/network.ts'
import { readNetwork } from '../src/node/network.ts'
import { runtimesOrSkip } from './require-runtimes.ts'

const main = join(import.meta.dirname, '../dist/main.js')

function networksOrSkip(): boolean {
  const hint = nodeNetworkHint(process.env)
  if (hint !== undefined) process.stderr.write(`skipped for want of network namespaces: ${hint}\n`)
  return hint !== undefined
}

const probe = (
  args: readonly string[],
  before: readonly string[] = [],
): Promise<{ code: number; out: string; err: string }> =>
  new Promise((resolve) => {
    const [program = process.execPath, ...rest] = [...before, process.execPath, main, 'probe', ...args]
    execFile(program, rest, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    )
  })

describe('a probe', () => {
  it('of a server that is well tells how little so few connects say', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as { port: number }
    const { code, out } = await probe([`127.0.0.1:${port}`, '--rate', '20', '--for', '2'])
    expect(code).toBe(0)
    expect(out).toMatch(/^127\.0\.0\.1:\d+: 40 connects, median [\d.]+ ms, worst [\d.]+ ms\n/)
    // 1 - 0.05 ** (1 / 40)
    expect(out).toContain('0 of 40 met a step of SYN retransmission; by 95 % at most 722 of 10,000 do')
    expect(out).not.toContain('clear')
  })

  it('of nobody says why, and of no address what was expected', async () => {
    const { code, out } = await probe(['127.0.0.1:9', '--rate', '5', '--for', '1'])
    expect([code, out]).toEqual([2, expect.stringContaining('5 failed: ECONNREFUSED')])
    const wrong = await probe(['example.com'])
    expect([wrong.code, wrong.err]).toEqual([64, expect.stringContaining('expected e.g. db.example.com:5432')])
  })

  it.skipIf(networksOrSkip())('recognises SYNs that were lost', async () => {
    const namespaces = await makeNamespaces(['one'])
    onTestFinished(() => namespaces.remove())
    const server = await startServer(namespaces.of('one'), 8080)
    onTestFinished(() => void server.kill('SIGKILL'))
    const every = ['-m', 'statistic', '--mode', 'nth', '--every', '20', '--packet', '0', '-j', 'DROP']
    await namespaces.run('one', 'iptables-nft', '-A', 'INPUT', '-p', 'tcp', '--syn', ...every)
    const inside = ['ip', 'netns', 'exec', namespaces.of('one')]
    const { code, out } = await probe(['127.0.0.1:8080', '--rate', '20', '--for', '5', '-o', 'json'], inside)
    const result = JSON.parse(out) as {
      connects: number
      lost: number
      met: { seconds: number; count: number }[]
      otherwise: number
    }
    expect(code).toBe(1)
    expect(result.connects).toBe(100)
    expect(result.lost).toBeGreaterThanOrEqual(5)
    expect(result.met[0]?.seconds).toBe(1)
    expect(result.otherwise).toBe(0)
  })
})

describe.skipIf(networksOrSkip() || runtimesOrSkip())("the agent's probe", () => {
  it('counts SYNs that were lost for as long as the agent runs, and tells that its network is not that of the node', async () => {
    const lab = await startContainerd()
    onTestFinished(() => lab.stop())
    const namespaces = await makeNamespaces(['one'])
    onTestFinished(() => namespaces.remove())
    const server = await startServer(namespaces.of('one'), 8080)
    onTestFinished(() => void server.kill('SIGKILL'))
    const every = ['-m', 'statistic', '--mode', 'nth', '--every', '10', '--packet', '0', '-j', 'DROP']
    await namespaces.run('one', 'iptables-nft', '-A', 'INPUT', '-p', 'tcp', '--syn', '--dport', '8080', ...every)
    const flags = ['--socket', lab.socket, '--every', '1', '--listen', '127.0.0.1:9842', '--kubelet-healthz', 'none']
    const targets = ['--probe', '127.0.0.1:8080', '--probe', '127.0.0.1:9', '--probe-rate', '10']
    const args = ['netns', 'exec', namespaces.of('one'), process.execPath, main, 'agent', ...flags, ...targets]
    const agent = spawn('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] })
    onTestFinished(() => void agent.kill('SIGKILL'))
    let [out, err] = ['', '']
    agent.stdout.on('data', (part: Buffer) => {
      out += part.toString()
    })
    agent.stderr.on('data', (part: Buffer) => {
      err += part.toString()
    })
    const ask = `fetch('http://127.0.0.1:9842/metrics').then((a) => a.text()).then(console.log, () => console.log(''))`
    const page = () => namespaces.run('one', process.execPath, '-e', ask)
    const metric = (text: string, series: string): number => {
      const line = text.split('\n').find((one) => one.startsWith(`${series} `))
      return Number(line?.split(' ')[1] ?? Number.NaN)
    }
    const of = '{target="127.0.0.1:8080"}'
    await expect
      .poll(async () => metric(await page(), `roadcrew_probe_slow_total${of}`), { timeout: 30_000, interval: 1000 })
      .toBeGreaterThan(4)
    expect(out).toContain('"network":"pod"')
    const text = await page()
    const under = metric(text, 'roadcrew_probe_connect_seconds_bucket{le="0.95",target="127.0.0.1:8080"}')
    const slow = metric(text, `roadcrew_probe_slow_total${of}`)
    // Most at the first step, some that were lost twice at a later one; a machine that is busy may make one slow besides.
    expect(slow).toBeGreaterThan(4)
    expect(metric(text, `roadcrew_probe_connect_seconds_count${of}`) - under - slow).toBeLessThanOrEqual(2)
    expect(metric(text, `roadcrew_probe_slow_per_10000_at_most${of}`)).toBeGreaterThan(500)
    expect(metric(text, 'roadcrew_probe_failures_total{target="127.0.0.1:9",code="ECONNREFUSED"}')).toBeGreaterThan(10)
    const ended = new Promise((resolve) => agent.once('exit', resolve))
    agent.kill('SIGTERM')
    await ended
    expect(err).toBe('')
  })

  it.each([
    [['--probe', 'db'], 'expected e.g. db.example.com:5432'],
    [['--probe', 'db:1', '--probe', 'db:1'], 'db:1 is there twice'],
    [['--probe-rate', '100'], 'expected a number from 0.01 to 10'],
    [['--once', '--probe', 'db:1'], 'roadcrew probe host:port'],
  ])('%j is refused', async (args, because) => {
    const wrong = await new Promise((resolve) =>
      execFile(process.execPath, [main, 'agent', ...args], (error, _, err) => resolve([error?.code, err])),
    )
    expect(wrong).toEqual([64, expect.stringContaining(because)])
  })
})

describe.skipIf(networksOrSkip())('a pair of Pods behind a node that translates addresses', () => {
  interface One {
    readonly connects: number
    readonly lost: number
    readonly met: { seconds: number }[]
    readonly failures: Record<string, number>
  }
  interface Pair {
    readonly pids: readonly number[]
    readonly same: One
    readonly apart: One
    readonly tells: string
  }
  const target = '192.0.2.100:8080'
  async function start(): Promise<{ node: SnatNode; within: string[]; args: string[] }> {
    const node = await startSnatNode('iptables-nft')
    onTestFinished(() => node.stop())
    return {
      node,
      within: ['nsenter', '-t', String(node.pid), '-n', '--'],
      args: [target, '--count', '1000', '--pair', node.pods.join(',')],
    }
  }

  it('loses the SYNs that lost their place in the conntrack table, unlike the node itself; none once ports are random', async () => {
    const { node, within, args } = await start()
    const pair = async (): Promise<Pair & { insertFailed: number }> => {
      const before = await insertFailed(node)
      const result = JSON.parse((await probe([...args, '-o', 'json'], within)).out) as Pair
      return { ...result, insertFailed: (await insertFailed(node)) - before }
    }
    // On a machine that does much else the two are seldom at the same instant.
    let plain = await pair()
    for (let more = 0; more < 3 && plain.same.lost < 5; more++) plain = await pair()
    expect([plain.pids, plain.same.connects, plain.same.failures]).toEqual([node.pods, 2000, {}])
    expect(plain.same.lost).toBeGreaterThan(0)
    expect(plain.same.met[0]?.seconds).toBe(1)
    // One that is lost can be lost again when it comes once more.
    expect(plain.insertFailed).toBeGreaterThanOrEqual(plain.same.lost)
    expect(plain.apart.lost).toBe(0)
    const own = await probe([target, '--rate', '50', '--for', '3'], within)
    expect([own.code, own.out]).toEqual([0, expect.stringContaining('0 of 150 met a step')])

    await node.makeRandom()
    const random = await probe(args, within)
    expect(random.code).toBe(0)
    expect(random.out).toContain('0 of 2000 met a step of SYN retransmission; by 95 % at most 15 of 10,000 do')
    expect(random.out).toContain('does not say that none ever will')
  })

  it('leaves no client behind when the probe is killed, and tells what it saw when it is stopped', async () => {
    const { node, within, args } = await start()
    const long = [target, '--count', '5000', ...args.slice(-2), '-o', 'json']
    const run = async (signal: NodeJS.Signals): Promise<string> => {
      const [program = '', ...rest] = [...within, process.execPath, main, 'probe', ...long]
      const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'ignore'] })
      let out = ''
      child.stdout.on('data', (part: Buffer) => {
        out += part.toString()
      })
      const closed = new Promise((resolve) => child.once('close', resolve))
      await expect.poll(() => clientsIn(node), { timeout: 10_000 }).toHaveLength(2)
      await sleep(3000)
      child.kill(signal)
      await closed
      await expect.poll(() => clientsIn(node), { timeout: 5000 }).toEqual([])
      return out
    }
    const { same } = JSON.parse(await run('SIGTERM')) as Pair
    expect(same.connects).toBeGreaterThan(20)
    expect(await run('SIGKILL')).toBe('')
  })

  it('is refused where it is none', async () => {
    const { node, within } = await start()
    const refused = async (pids: string) => {
      const { code, err } = await probe([target, '--pair', pids], within)
      return [code, err]
    }
    expect(await refused(`${process.pid},${process.ppid}`)).toEqual([64, expect.stringContaining('same network')])
    expect(await refused(`${node.pods[0]},4194999`)).toEqual([64, expect.stringContaining('no process 4194999')])
    expect(await refused('12')).toEqual([64, expect.stringContaining('expected two process ids')])
    const many = await probe([target, '--count', '6000', '--pair', node.pods.join(',')], within)
    expect([many.code, many.err]).toEqual([64, expect.stringContaining('at most 5000')])
  })
})

async function insertFailed({ pid }: SnatNode): Promise<number> {
  const { statistics } = await readNetwork({ proc: '/proc', within: pid, toolMs: 10_000 })
  if (!isRead(statistics)) throw new Error(statistics.because)
  return statistics.cpus.reduce((sum, { insert_failed = 0 }) => sum + Number(insert_failed), 0)
}

/** Clients of a probe in the networks of the node's Pods: what is there beside the process that holds each. */
const clientsIn = ({ pods }: SnatNode): string[] =>
  pods.flatMap((pod) => {
    const network = readlinkSync(`/proc/${pod}/ns/net`)
    return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && Number(pid) !== pod && networkOf(pid) === network)
  })

function networkOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`)
  } catch {
    return undefined // it ended meanwhile
  }
}

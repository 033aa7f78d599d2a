// `roadcrew probe` against real servers: one that is well, one that is not there, and one to which every twentieth SYN is lost.
import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startServer } from '../src/lab/namespace-programs.ts'
import { makeNamespaces } from '../src/lab/network-namespaces.ts'
import { snatNodeHint, startSnatNode } from '../src/lab/snat-node.ts'

const main = join(import.meta.dirname, '../dist/main.js')

function networksOrSkip(): boolean {
  const hint = snatNodeHint(process.env)
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

  it.skipIf(networksOrSkip())('of a pair of Pods finds the race, and none from the node itself', async () => {
    const node = await startSnatNode('iptables-legacy')
    onTestFinished(() => node.stop())
    const [first, second] = node.pods
    const inside = ['nsenter', '-t', String(node.pid), '-n', '--']
    const asked = ['192.0.2.100:8080', '--pair', `${first},${second}`, '--count', '2500']
    let { code, out } = await probe(asked, inside)
    // On a busy machine the two may never meet.
    for (let tries = 1; code === 0 && tries < 4; tries++) ({ code, out } = await probe(asked, inside))
    expect(code).toBe(1)
    expect(out).toMatch(/^192\.0\.2\.100:8080 by the pair \d+ and \d+: 5000 connects/)
    expect(out).toMatch(/1 s step .* lost SYNs/)
    expect(out).toMatch(/192\.0\.2\.100:8080 from here: 2500 connects/)
    expect(out).toContain('0 of 2500 met a step')
    expect(out).toContain('Only the pair lost SYNs: its flows raced for a source port')
    await node.makeRandom()
    const random = await probe([...asked.slice(0, 4), '1000'], inside)
    expect(random.code).toBe(0)
    expect(random.out).toContain('The pair lost none: no race was met, which does not say that there is none.')
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

// What a real kernel shows of a network namespace of its own: rules of three back ends, counters, and no leftovers.
import { spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { makeNamespaces, type Namespaces } from '../src/lab/network-namespaces.ts'
import { nodeNetworkHint } from '../src/lab/node-network.ts'
import { stateOf } from '../src/lab/processes.ts'
import { isRead, type NatRules, type NetworkSeen } from '../src/linux/network.ts'
import { readNetwork } from '../src/node/network.ts'

const main = join(import.meta.dirname, '../dist/main.js')

function networksOrSkip(): boolean {
  const hint = nodeNetworkHint(process.env)
  if (hint !== undefined) process.stderr.write(`skipped for want of network namespaces: ${hint}\n`)
  return hint !== undefined
}

/** Namespaces of one maker: others may be at work on this machine. */
const listOf = (pid: number | undefined): string[] =>
  spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((line) => line.startsWith(`rc-${pid}-`))

describe.skipIf(networksOrSkip())('a network namespace', () => {
  let namespaces: Namespaces | undefined
  afterEach(() => namespaces?.remove())

  async function read(): Promise<NetworkSeen> {
    const child = spawn('ip', ['netns', 'exec', namespaces?.of('one') ?? '', 'sh', '-c', 'echo on; exec sleep 600'])
    await new Promise((resolve) => child.stdout.once('data', resolve))
    try {
      return await readNetwork({ proc: '/proc', within: child.pid ?? 0, toolMs: 10_000 })
    } finally {
      child.kill('SIGKILL')
    }
  }
  const rulesOf = ({ rules }: NetworkSeen): NatRules => {
    if (!isRead(rules)) throw new Error(rules.because)
    return rules
  }

  it('without a rule has none, and is read all the same', async () => {
    namespaces = await makeNamespaces(['one'])
    const seen = await read()
    expect(rulesOf(seen)).toMatchObject({ snat: [], backEnds: [], unread: [] })
    expect(seen.kernel?.major).toBeGreaterThan(3)
    expect(isRead(seen.statistics) && seen.statistics.cpus.length).toBeGreaterThan(0)
    expect(isRead(seen.table) && seen.table.buckets).toBeGreaterThan(0)
  })

  it('shows the rules of each back end, and how they choose ports', async () => {
    namespaces = await makeNamespaces(['one'])
    const run = (program: string, ...args: string[]) => namespaces?.run('one', program, ...args)
    const masquerade = [
      '-t',
      'nat',
      '-A',
      'POSTROUTING',
      '-m',
      'comment',
      '--comment',
      'say "-j SNAT"',
      '-j',
      'MASQUERADE',
    ]
    await run('iptables-legacy', ...masquerade)
    await run('iptables-legacy', ...masquerade, '--random-fully')
    await run('iptables-nft', '-t', 'nat', '-N', 'KUBE-POSTROUTING')
    await run(
      'iptables-nft',
      '-t',
      'nat',
      '-A',
      'KUBE-POSTROUTING',
      '-j',
      'SNAT',
      '--to-source',
      '192.0.2.1',
      '--random',
    )
    await run('ip6tables-nft', '-t', 'nat', '-A', 'POSTROUTING', '-j', 'MASQUERADE')
    await run(
      'nft',
      'add table inet own; add chain inet own post { type nat hook postrouting priority 100 ; }; add rule inet own post masquerade fully-random',
    )
    const { snat, backEnds, unread } = rulesOf(await read())
    expect(unread).toEqual([])
    expect(backEnds.toSorted()).toEqual(['iptables-legacy', 'iptables-nft', 'nft'])
    expect(
      snat.map(({ backEnd, family, chain, target, ports, owner }) => [backEnd, family, chain, target, ports, owner]),
    ).toEqual([
      ['iptables-legacy', 'ip', 'POSTROUTING', 'MASQUERADE', 'kept', undefined],
      ['iptables-legacy', 'ip', 'POSTROUTING', 'MASQUERADE', 'fully-random', undefined],
      ['iptables-nft', 'ip', 'KUBE-POSTROUTING', 'SNAT', 'random', 'kube-proxy'],
      ['iptables-nft', 'ip6', 'POSTROUTING', 'MASQUERADE', 'kept', undefined],
      ['nft', 'inet', 'post', 'MASQUERADE', 'fully-random', undefined],
    ])
  })

  it('has no trace of having been read', async () => {
    namespaces = await makeNamespaces(['one'])
    const traces = async () => [
      await namespaces?.run('one', 'nft', 'list', 'tables'),
      await namespaces?.run('one', 'cat', '/proc/net/ip_tables_names', '/proc/net/ip6_tables_names'),
    ]
    expect(await traces()).toEqual(['', ''])
    await read()
    expect(await traces()).toEqual(['', ''])
  })

  it.each(['iptables-legacy', 'iptables-nft'])(
    'shows by %s who translates questions to DNS, and what keeps them out of conntrack',
    async (iptables) => {
      namespaces = await makeNamespaces(['one'])
      const run = (...args: string[]) => namespaces?.run('one', iptables, ...args)
      const dns = ['-p', 'udp', '--dport', '53']
      await run('-t', 'nat', '-A', 'PREROUTING', ...dns, '-j', 'DNAT', '--to-destination', '10.244.0.3:53')
      const { dns: translated } = rulesOf(await read())
      expect(translated).toMatchObject({ translated: [{ by: 'PREROUTING' }], untracked: [] })
      expect(await namespaces.run('one', 'nft', 'list', 'tables')).not.toContain('raw')
      expect(await namespaces.run('one', 'cat', '/proc/net/ip_tables_names')).not.toContain('raw')
      await run('-t', 'raw', '-A', 'PREROUTING', '-d', '169.254.20.10', ...dns, '-j', 'NOTRACK')
      expect(rulesOf(await read()).dns?.untracked).toEqual([
        expect.stringMatching(/--dport 53 -j (?:NOTRACK|CT --notrack)$/),
      ])
    },
  )

  it('shows the questions that nft translates', async () => {
    namespaces = await makeNamespaces(['one'])
    await namespaces.run(
      'one',
      'nft',
      'add table ip own; add chain ip own pre { type nat hook prerouting priority -100 ; }; add rule ip own pre meta l4proto udp dnat to 10.244.0.3:53',
    )
    expect(rulesOf(await read()).dns?.translated).toMatchObject([{ by: 'pre' }])
  })

  it('whose table iptables-nft leaves out has all rules all the same', async () => {
    namespaces = await makeNamespaces(['one'])
    const run = (program: string, ...args: string[]) => namespaces?.run('one', program, ...args)
    await run('iptables-nft', '-t', 'nat', '-A', 'POSTROUTING', '-s', '10.0.0.0/8', '-j', 'MASQUERADE')
    await run(
      'iptables-nft',
      '-t',
      'nat',
      '-A',
      'POSTROUTING',
      '-s',
      '10.0.0.0/8',
      '-j',
      'MASQUERADE',
      '--random-fully',
    )
    // No words of iptables say this.
    await run('nft', 'add rule ip nat POSTROUTING meta cpu 0 masquerade random')
    expect(await run('iptables-nft-save', '-t', 'nat')).toContain('incompatible')
    const { snat, backEnds, unread } = rulesOf(await read())
    expect(unread).toEqual([])
    expect(backEnds.toSorted()).toEqual(['iptables-nft', 'nft'])
    expect(snat.map(({ backEnd, position, ports }) => [backEnd, position, ports])).toEqual([
      ['nft', 3, 'random'],
      ['iptables-nft', 1, 'kept'],
      ['iptables-nft', 2, 'fully-random'],
    ])
  })

  /** What is left of a drill: its processes have its environment. */
  const processesWith = (mark: string): number[] =>
    readdirSync('/proc')
      .map(Number)
      .filter((pid) => {
        try {
          return pid !== process.pid && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(mark)
        } catch {
          return false
        }
      })

  it.each(['SIGINT', 'SIGKILL'] as const)('nothing is left of a race that %s ends midway', async (signal) => {
    const mark = `ROADCREW_TEST=${randomUUID()}`
    const env = { ...process.env, ROADCREW_TEST: mark.slice('ROADCREW_TEST='.length) }
    const child = spawn(process.execPath, [main, 'drill', 'snat-race'], { stdio: ['ignore', 'pipe', 'pipe'], env })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    let err = ''
    child.stderr.on('data', (part: Buffer) => {
      err += part.toString()
    })
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (part: Buffer) => void (part.includes('the first SYN was lost') && resolve()))
    })
    expect(processesWith(mark).length).toBeGreaterThan(4) // itself, the server, those that hold a namespace, both clients
    child.kill(signal)
    await ended
    if (signal === 'SIGINT') expect(err).toBe('drill failed: This operation was aborted\n')
    else {
      // The clients end by themselves, as their stdin does; the rest is for whoever comes next.
      namespaces = await makeNamespaces(['one'])
    }
    await expect.poll(() => processesWith(mark), { timeout: 5_000 }).toEqual([])
    expect(listOf(child.pid)).toEqual([])
  })

  it('shows a race while it goes on, on a terminal only, and as a page', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'roadcrew-page-'))
    const page = join(folder, 'drill.html')
    const drill = `stty cols 100 rows 40; "${process.execPath}" "${main}" drill snat-race --html "${page}"`
    const child = spawn('script', ['-qec', drill, '/dev/null'], { stdio: ['ignore', 'pipe', 'inherit'] })
    let seen = ''
    child.stdout.on('data', (part: Buffer) => {
      seen += part.toString()
    })
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0)
    const counts = [...seen.matchAll(/connects.*?([\d,]+) of 10,000/g)].map((match) =>
      Number(match[1]?.replace(',', '')),
    )
    expect(new Set(counts).size).toBeGreaterThan(10)
    expect(seen).toContain('looked: clear; both rules side by side')
    expect(readFileSync(page, 'utf8').match(/<svg/g)).toHaveLength(6)
    rmSync(folder, { recursive: true })
  }, 120_000)

  it('is not even made where the page can not be written', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [main, 'drill', 'snat-race', '--html', '/proc/none/page.html'],
      {
        encoding: 'utf8',
      },
    )
    expect([status, stderr.split(':')[1]]).toEqual([64, ' --html /proc/none/page.html'])
  })

  it('is removed at the end, also when its maker is ended, and by the next maker when it was killed', async () => {
    const drill = async (signal: NodeJS.Signals): Promise<number | undefined> => {
      const child = spawn(process.execPath, [main, 'drill', 'snat-race'], { stdio: ['ignore', 'pipe', 'ignore'] })
      await new Promise((resolve) => child.stdout.once('data', resolve)) // its first act: all stands
      expect(listOf(child.pid)).toHaveLength(4)
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill(signal)
      await ended
      return child.pid
    }
    expect(listOf(await drill('SIGTERM'))).toEqual([])
    const killed = await drill('SIGKILL')
    expect(listOf(killed)).toHaveLength(4)
    namespaces = await makeNamespaces(['one'])
    expect(listOf(killed)).toEqual([])
    expect(listOf(process.pid)).toHaveLength(1)
  })

  it('is removed by the next maker also when nobody reaps the killed one', async () => {
    // A shell that becomes a sleep never asks for its children.
    const script = '"$0" "$1" drill snat-race & echo $!; exec sleep 60'
    const parent = spawn('sh', ['-c', script, process.execPath, main], { stdio: ['ignore', 'pipe', 'ignore'] })
    try {
      const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)))
      await vi.waitFor(() => expect(listOf(pid)).toHaveLength(4), 20_000)
      process.kill(pid, 'SIGKILL')
      await vi.waitFor(() => expect(stateOf(pid)).toBe('Z'), 5000)
      namespaces = await makeNamespaces(['one'])
      expect(listOf(pid)).toEqual([])
    } finally {
      parent.kill('SIGKILL')
    }
  })
})

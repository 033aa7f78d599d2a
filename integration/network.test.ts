// What a real kernel shows of a network namespace of its own: rules of three back ends, counters, and no leftovers.
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { makeNamespaces, type Namespaces } from '../src/lab/network-namespaces.ts'
import { snatNodeHint } from '../src/lab/snat-node.ts'
import { isRead, type NatRules, type NetworkSeen } from '../src/linux/network.ts'
import { readNetwork } from '../src/node/network.ts'

const main = join(import.meta.dirname, '../dist/main.js')

function networksOrSkip(): boolean {
  const hint = snatNodeHint(process.env)
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
})

import { describe, expect, it } from 'vitest'
import type { Finding, Verdict, Version } from '../../contract/hazard.ts'
import { recordedWorld } from '../../engine/fixtures/recorded-world.ts'
import { look, type Memory } from '../../engine/look.ts'
import { type IpvsSeen, type IpvsTable, ipvsSeen, parseIpvsTable, type VirtualService } from '../../linux/ipvs.ts'
import { type NetworkSeen, networkSeen } from '../../linux/network.ts'
import { machineZones } from '../../node/time-zones.ts'
import { configMaps } from '../../objects/kinds.ts'
import { ipvsSideEffects } from './hazard.ts'

const service = (name: string, more: Partial<VirtualService> = {}): VirtualService => {
  const at = name.lastIndexOf(':')
  const place = { address: name.slice(0, at), port: Number(name.slice(at + 1)) }
  return { protocol: 'TCP', name, ...place, scheduler: 'rr', persistent: false, servers: [], ...more }
}

const draining = (active: number, inactive: number, weight = 0, more: Partial<VirtualService> = {}) =>
  table(
    service('10.96.0.9:80', {
      servers: [{ address: '10.244.1.5', port: 8080, forward: 'Masq', weight, active, inactive }],
      ...more,
    }),
  )

const table = (...services: VirtualService[]): IpvsTable => ({ services, broken: [] })

/** All as kube-proxy sets it, on a kernel of which it leaves the rest alone. */
const well: IpvsSeen = {
  kernel: { major: 6, minor: 1 },
  table: table(service('10.96.0.1:443')),
  switches: { conn_reuse_mode: 1, conntrack: 1, expire_nodest_conn: 1, expire_quiescent_template: 1 },
  timeouts: { tcp: 7200, tcpFin: 120, udp: 300 },
  dummy: true,
  onLink: [{ device: 'eth0', network: '192.168.1.0', mask: '255.255.255.0', arpIgnore: 0 }],
}

const rules = (more: object = {}): NetworkSeen => ({
  statistics: { because: 'not of interest' },
  table: { because: 'not of interest' },
  rules: { snat: [], backEnds: ['iptables-nft'], unread: [], serviceChains: 0, ...more },
  pods: [],
})

/** What is said of the last of some looks, by question. */
async function said(
  looks: readonly Partial<IpvsSeen>[],
  network: NetworkSeen | 'forbidden' = rules(),
  version?: Version,
): Promise<readonly Verdict[]> {
  let memory: Memory = new Map()
  let verdicts: readonly Verdict[] = []
  for (const [at, more] of looks.entries()) {
    const world = recordedWorld(
      [
        [ipvsSeen, [{ ...well, ...more, name: 'node-1' }]],
        [
          networkSeen,
          network === 'forbidden' ? [{ of: networkSeen, unread: network }] : [{ ...network, name: 'node-1' }],
        ],
      ],
      { source: { node: 'node-1' }, ...(version && { version }) },
    )
    const own = { hazards: [ipvsSideEffects], vantages: ['node'] as const, world, now: 0, zones: machineZones() }
    const seen = await look({ ...own, ticks: at * 15_000, memory })
    memory = seen.memory
    verdicts = seen.judged.map(({ verdict }) => verdict)
  }
  return verdicts
}

const findingsOf = (verdicts: readonly Verdict[]): Finding[] =>
  verdicts.flatMap((one) => (one.verdict === 'found' ? one.findings : []))
/** That the mode ends is said of each node that has one. */
const reasonsOf = (verdicts: readonly Verdict[]): string[] =>
  findingsOf(verdicts).flatMap(({ reason }) => (reason === 'mode-ends' ? [] : reason))
const unknowns = (verdicts: readonly Verdict[]): string[] =>
  verdicts.flatMap((one) => (one.verdict === 'unknown' ? one.because : []))

describe('conn_reuse_mode', () => {
  it.each([
    [4, 18, 1, 1, ['reuse-delays', 'way-out-blocked']],
    [5, 8, 2, 1, ['reuse-delays', 'way-out-blocked']],
    [5, 8, 1, 0, ['not-masqueraded', 'way-out-blocked']],
    [4, 18, 0, 1, ['reuse-sticks', 'way-out-blocked']],
    [5, 9, 1, 1, ['way-out-blocked']],
    [5, 13, 1, 1, []],
    [6, 12, 0, 1, ['reuse-sticks']],
  ])('on Linux %i.%i, %i with conntrack %i: %s', async (major, minor, conn_reuse_mode, conntrack, reasons) => {
    const seen = await said([{ kernel: { major, minor }, switches: { conn_reuse_mode, conntrack } }])
    expect(reasonsOf(seen)).toEqual(reasons)
    expect(unknowns(seen)).toEqual([])
  })

  it('that kube-proxy itself had to set is less than one that somebody else did', async () => {
    const severities = async (major: number, minor: number, expire_nodest_conn = 1) => {
      const switches = { conn_reuse_mode: 0, conntrack: 1, expire_nodest_conn }
      const seen = findingsOf(await said([{ kernel: { major, minor }, switches }]))
      return seen.filter(({ reason }) => reason === 'reuse-sticks').map(({ severity }) => severity)
    }
    expect([await severities(5, 4), await severities(5, 15)]).toEqual([['low'], ['medium']])
    // From 5.16 on a server that stops is spared, if expire_nodest_conn says so.
    expect([await severities(5, 16), await severities(5, 16, 0)]).toEqual([['low'], ['medium']])
  })

  it('means nothing that is known where the kernel is not', async () => {
    const { kernel: _, ...rest } = well
    const world = recordedWorld([[ipvsSeen, [{ ...rest, name: 'node-1' }]]], { source: { node: 'node-1' } })
    const own = { hazards: [ipvsSideEffects], vantages: ['node'] as const, world, now: 0, ticks: 0 }
    const { judged } = await look({ ...own, zones: machineZones(), memory: new Map() })
    const verdicts = judged.map(({ verdict }) => verdict)
    expect(unknowns(verdicts)).toContain('what conn_reuse_mode does depends on the kernel, whose release is not known')
    expect(findingsOf(verdicts)).toMatchObject([{ reason: 'mode-ends', guess: true }])
  })
})

describe('a server of weight 0', () => {
  const drainedOf = async (...looks: IpvsTable[]) => said(looks.map((one) => ({ table: one })))

  it('that only loses connections is quiet', async () =>
    expect(reasonsOf(await drainedOf(draining(30, 5), draining(20, 9), draining(0, 12)))).toEqual([]))

  it.each([
    ['open ones, of ports that were used before', [draining(0, 300), draining(3, 290)], 3],
    ['of any sort', [draining(4, 10), draining(4, 16)], 6],
  ])('that gets new connections (%s) is found', async (_, looks, more) => {
    const [found] = findingsOf(await drainedOf(...looks)).filter(({ reason }) => reason === 'to-drained')
    expect(found?.fact).toBe(
      `10.244.1.5:8080, which stops and has weight 0 in TCP 10.96.0.9:80, got ${more} new connections since`,
    )
  })

  it('is found for as long as they are there, and with fewer than three of them not', async () => {
    expect(reasonsOf(await drainedOf(draining(0, 0), draining(5, 0), draining(5, 0)))).toEqual(['to-drained'])
    expect(reasonsOf(await drainedOf(draining(0, 0), draining(5, 0), draining(1, 1)))).toEqual([])
  })

  it('may have many from when it had another weight', async () =>
    expect(reasonsOf(await drainedOf(draining(0, 0, 1), draining(50, 0, 1), draining(50, 0)))).toEqual([]))

  it('is not known at the first look', async () =>
    expect(unknowns(await drainedOf(draining(9, 0)))).toEqual([
      'whether servers of weight 0 get connections shows only at a second look',
    ]))

  it('of a Service with affinity says so', async () => {
    const sticky = { persistent: true }
    const seen = await drainedOf(draining(0, 0, 0, sticky), draining(4, 0, 0, sticky))
    expect(
      findingsOf(seen)
        .map(({ fact }) => fact)
        .join(),
    ).toContain('sessionAffinity')
  })
})

describe('the switches that kube-proxy sets', () => {
  it('that this kernel does not have are no findings', async () =>
    expect(reasonsOf(await said([{ switches: {} }]))).toEqual([]))

  it('matter to Services with affinity only where there are some', async () => {
    const switches = { ...well.switches, expire_quiescent_template: 0 }
    expect(reasonsOf(await said([{ switches }]))).toEqual([])
    expect(reasonsOf(await said([{ switches, table: table(service('10.96.0.1:443', { persistent: true })) }]))).toEqual(
      ['affinity-kept'],
    )
  })
})

describe('ARP', () => {
  const shared = table(service('192.168.1.240:80'))
  it.each([
    [0, ['all-answer-arp']],
    [1, []],
    [2, []],
  ])('with arp_ignore %i: %s', async (arpIgnore, reasons) => {
    const onLink = [{ device: 'eth0', network: '192.168.1.0', mask: '255.255.255.0', arpIgnore }]
    expect(reasonsOf(await said([{ table: shared, onLink }]))).toEqual(reasons)
  })

  it('of a NodePort is that of the node itself', async () =>
    expect(reasonsOf(await said([{ table: table(service('192.168.1.11:30232')) }]))).toEqual([]))

  it('that was not read is not known', async () => {
    const onLink = [{ device: 'eth0', network: '192.168.1.0', mask: '255.255.255.0' }]
    expect(unknowns(await said([{ table: shared, onLink }]))).toEqual(['how eth0 answers ARP was not read'])
  })
})

describe('the way out', () => {
  const leavingOf = async (seen: Partial<IpvsSeen>, version?: Version) =>
    findingsOf(await said([seen], rules(), version)).find(({ reason }) => /mode-ends|way-out/.test(reason))

  it.each([
    [undefined, 'low'],
    [{ major: 1, minor: 34 }, 'low'],
    [{ major: 1, minor: 39 }, 'low'],
    [{ major: 1, minor: 40 }, 'high'],
    [{ major: 1, minor: 43 }, 'critical'],
  ])('at Kubernetes %j is %s', async (version, severity) => {
    expect(await leavingOf({}, version)).toMatchObject({ reason: 'mode-ends', severity, state: 'exposed' })
  })

  it('is blocked by schedulers, an old kernel and the services of others', async () => {
    const found = await leavingOf({
      kernel: { major: 5, minor: 10 },
      table: table(service('10.96.0.1:443', { scheduler: 'sh' }), {
        protocol: 'FWM',
        name: '10001000',
        scheduler: 'wlc',
        persistent: false,
        servers: [],
      }),
    })
    expect(found?.reason).toBe('way-out-blocked')
    for (const part of ['Linux 5.10', 'scheduled by sh, wlc', 'a service of IPVS by mark is'])
      expect(found?.fact).toContain(part)
  })

  it('changes where NodePorts are served, which does not block it', async () => {
    const found = await leavingOf({ table: table(service('192.168.1.11:30232'), service('172.17.0.1:30232')) })
    expect(found?.reason).toBe('mode-ends')
    expect(found?.fact).toContain('NodePorts are served on 2 addresses')
  })
})

describe('rules of two modes', () => {
  it.each([
    ['iptables', { serviceChains: 12 }],
    [
      'nftables',
      {
        snat: [
          {
            backEnd: 'nft',
            family: 'ip',
            table: 'kube-proxy',
            chain: 'masquerading',
            position: 1,
            target: 'MASQUERADE',
            ports: 'fully-random',
            text: '',
            owner: 'kube-proxy',
          },
        ],
      },
    ],
  ])('are found where %s left some', async (mode, more) => {
    const [found] = findingsOf(await said([{}], rules(more))).filter(({ reason }) => reason === 'two-modes')
    expect(found?.fact).toContain(`rules of ${mode}`)
  })

  it('are not known where no rules were read', async () => {
    expect(unknowns(await said([{}], 'forbidden'))).toEqual(['whether another mode left rules is not known: forbidden'])
    const none = { ...rules(), rules: { snat: [], backEnds: [], unread: [] } }
    expect(unknowns(await said([{}], none))).toHaveLength(1)
  })
})

describe('what could not be read', () => {
  const because = 'cannot read "x": EACCES'
  it.each([
    ['table', { table: { because } }, 6],
    ['dummy', { dummy: { because } }, 6],
    ['switches', { switches: { because } }, 1],
    ['timeouts', { timeouts: { because } }, 1],
    ['onLink', { onLink: { because } }, 1],
  ])('%s makes nothing clear', async (_, seen, count) => {
    const told = unknowns(await said([seen])).filter((one) => one.includes(because))
    expect(told).toHaveLength(count)
  })

  it('may be rows of the table, which then is not clear', async () => {
    const cut = parseIpvsTable(
      [
        'IP Virtual Server version 1.2.1 (size=4096)',
        'Prot LocalAddress:Port Scheduler Flags',
        '  -> RemoteAddress:Port Forward Weight ActiveConn InActConn',
        'TCP  0A600001:01BB rr ',
        '  -> 0AF40105:1F90      Masq    0      1',
      ].join('\n'),
    )
    const seen = await said([{ ...(cut && { table: cut }) }])
    expect(unknowns(seen).filter((one) => one.includes('0AF40105'))).toHaveLength(3)
    expect(findingsOf(seen)).toMatchObject([{ reason: 'mode-ends', guess: true }])
  })

  it('is no matter where there is no IPVS, or none of kube-proxy', async () => {
    const { table: _, ...rest } = well
    for (const seen of [rest, { ...well, dummy: false }]) {
      const world = recordedWorld([[ipvsSeen, [{ ...seen, name: 'node-1' }]]], { source: { node: 'node-1' } })
      const own = { hazards: [ipvsSideEffects], vantages: ['node'] as const, world, now: 0, ticks: 0 }
      const { judged } = await look({ ...own, zones: machineZones(), memory: new Map() })
      expect(new Set(judged.map(({ verdict }) => verdict.verdict))).toEqual(new Set(['absent']))
    }
  })
})

describe("kube-proxy's configuration", () => {
  const judged = async (config: string): Promise<Verdict | undefined> => {
    const head = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n'
    const map = { metadata: { name: 'kube-proxy', namespace: 'kube-system' }, data: { 'config.conf': head + config } }
    const world = recordedWorld([[configMaps, [map]]], { version: { major: 1, minor: 36 } })
    const own = { hazards: [ipvsSideEffects], vantages: ['manifest'] as const, world, now: 0, ticks: 0 }
    const seen = await look({ ...own, zones: machineZones(), memory: new Map() })
    return seen.judged[0]?.verdict
  }
  const factsOf = async (config: string) => findingsOf([(await judged(config)) ?? { verdict: 'absent' }])

  it.each([
    ['mode: ""\n', 'absent'],
    ['mode: iptables\nipvs: {scheduler: lc}\n', 'absent'],
    ['mode: ipvs\nipvs: {strictARP: "yes"}\n', 'unknown'],
    ['mode: [\n', 'unknown'],
    ['mode: ipvs\nipvs: {tcpTimeout: 3h}\n', 'found'],
  ])('%j: %s', async (config, verdict) => expect((await judged(config))?.verdict).toBe(verdict))

  it('tells what has no equivalent', async () => {
    const [way] = await factsOf(
      'mode: ipvs\nipvs: {scheduler: lc, excludeCIDRs: [10.0.9.0/24], strictARP: true}\niptables: {masqueradeAll: true}\n',
    )
    expect(way?.reason).toBe('way-out-blocked')
    for (const part of ['scheduler is lc', '10.0.9.0/24', 'nftables.masqueradeAll', 'strictARP is no longer needed'])
      expect(way?.fact).toContain(part)
    expect(way?.evidence[0].at).toMatchObject({ field: ['data', 'config.conf'] })
  })

  it.each([
    ['', [900, true]],
    ['ipvs: {tcpTimeout: 0s}\n', [900, true]],
    ['ipvs: {tcpTimeout: 30m}\n', [1800, undefined]],
    ['ipvs: {tcpTimeout: 2h}\n', undefined],
  ])('lets connections be idle as long as it says: %j', async (more, told) => {
    const cut = (await factsOf(`mode: ipvs\n${more}`)).find(({ reason }) => reason === 'idle-cut')
    expect(cut && [Number(/for (\d+) s/.exec(cut.fact)?.[1]), cut.guess]).toEqual(told)
  })
})

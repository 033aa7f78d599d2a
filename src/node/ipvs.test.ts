import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readIpvs } from './ipvs.ts'

const table = readFileSync(join(import.meta.dirname, '../linux/fixtures/network/ip_vs-1.2.1.txt'), 'utf8')
const devices = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
kube-ipvs0:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
`
const routes =
  'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\neth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\nkube-ipvs0\t0000600A\t00000000\t0001\t0\t0\t100\t0000FFFF\t0\t0\t0\n'

describe('a recorded node', () => {
  let proc: string
  let path: string | undefined
  beforeEach(() => {
    proc = mkdtempSync(join(tmpdir(), 'roadcrew-ipvs-'))
    path = process.env.PATH
    process.env.PATH = join(proc, 'bin')
  })
  afterEach(() => {
    process.env.PATH = path
    rmSync(proc, { recursive: true })
  })
  const file = (name: string, text: string, mode = 0o644): void => {
    mkdirSync(dirname(join(proc, name)), { recursive: true })
    writeFileSync(join(proc, name), text, { mode })
  }
  const namespaces = (own: number, host: number): void => {
    for (const [pid, inode] of [
      ['self', own],
      ['1', host],
    ] as const) {
      mkdirSync(join(proc, pid, 'ns'), { recursive: true })
      symlinkSync(`net:[${inode}]`, join(proc, pid, 'ns/net'))
    }
  }
  const whole = (): void => {
    file('sys/kernel/osrelease', '5.15.0-76-generic\n')
    file('1/net/ip_vs', table)
    file('1/net/dev', devices)
    file('1/net/route', routes)
    file('sys/net/ipv4/conf/all/arp_ignore', '0\n')
    file('sys/net/ipv4/conf/eth0/arp_ignore', '1\n')
    for (const name of ['conn_reuse_mode', 'expire_nodest_conn', 'expire_quiescent_template'])
      file(`sys/net/ipv4/vs/${name}`, '1\n')
    file('bin/ipvsadm', '#!/bin/sh\necho "Timeout (tcp tcpfin udp): 900 120 300"\n', 0o755)
  }
  const read = () => readIpvs({ proc, toolMs: 2000 })

  it('is read whole; a switch that its kernel does not have is missing', async () => {
    whole()
    namespaces(100, 100)
    const seen = await read()
    expect(seen).toMatchObject({
      kernel: { major: 5, minor: 15 },
      timeouts: { tcp: 900, tcpFin: 120, udp: 300 },
      dummy: true,
      onLink: [{ device: 'eth0', network: '192.168.1.0', mask: '255.255.255.0', arpIgnore: 1 }],
    })
    expect(seen.switches).toEqual({ conn_reuse_mode: 1, expire_nodest_conn: 1, expire_quiescent_template: 1 })
    expect(seen.table && 'services' in seen.table && seen.table.services).toHaveLength(5)
  })

  it('without IPVS says so, and nothing else is asked', async () => {
    file('1/net/dev', devices)
    const seen = await read()
    expect(seen.table).toBeUndefined()
    expect(seen.switches).toEqual({ because: 'IPVS is not loaded' })
  })

  it('whose first process can not be looked at may have IPVS', async () =>
    expect((await read()).table).toEqual({ because: `cannot read "${join(proc, '1/net')}": ENOENT` }))

  it('of another namespace than the reader has no switches, timeouts and ARP that are known', async () => {
    whole()
    namespaces(200, 100)
    const seen = await read()
    for (const part of [seen.switches, seen.timeouts])
      expect(part).toMatchObject({ because: expect.stringContaining('hostNetwork') })
    expect(seen.onLink).toEqual([{ device: 'eth0', network: '192.168.1.0', mask: '255.255.255.0' }])
    expect(seen.dummy).toBe(true)
  })

  it.each([
    ['1/net/ip_vs', 'nonsense\n', 'table'],
    ['1/net/dev', 'nonsense\n', 'dummy'],
    ['1/net/route', 'nonsense\n', 'onLink'],
    ['sys/net/ipv4/vs/conn_reuse_mode', '\n', 'switches'],
    ['sys/net/ipv4/vs/conn_reuse_mode', '1 2\n', 'switches'],
    ['bin/ipvsadm', '#!/bin/sh\necho "Can\'t initialize ipvs: Permission denied" >&2; exit 2\n', 'timeouts'],
    ['bin/ipvsadm', '#!/bin/sh\necho Zeiten\n', 'timeouts'],
  ] as const)('whose %s is %j says why', async (name, text, part) => {
    whole()
    file(name, text)
    expect((await read())[part]).toMatchObject({ because: expect.any(String) })
  })

  it('without ipvsadm has no timeouts that are known', async () => {
    whole()
    rmSync(join(proc, 'bin/ipvsadm'))
    expect((await read()).timeouts).toEqual({ because: 'ipvsadm: it is not installed' })
  })

  it('without the folder of switches says so', async () => {
    whole()
    rmSync(join(proc, 'sys/net/ipv4/vs'), { recursive: true })
    expect((await read()).switches).toEqual({ because: `cannot read "${join(proc, 'sys/net/ipv4/vs')}": ENOENT` })
  })

  it('with 100,000 servers is read to its end', async () => {
    whole()
    const server = '  -> 0AF40105:1F90      Masq    1      0          0         \n'
    file('1/net/ip_vs', `${table}TCP  0A600001:01BB rr  \n${server.repeat(100_000)}`)
    const { table: seen } = await read()
    expect(seen && 'services' in seen && [seen.services.at(-1)?.servers.length, seen.broken]).toEqual([100_000, []])
  })
})

it('this machine says whether it has IPVS', async () => {
  const { table: seen } = await readIpvs({ proc: '/proc', toolMs: 2000 })
  let here = true
  try {
    readFileSync('/proc/1/net/ip_vs')
  } catch {
    here = false
  }
  expect(seen !== undefined).toBe(here)
})

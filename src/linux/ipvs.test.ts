import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseIpvsTable, parseIpvsTimeouts } from './ipvs.ts'

const text = readFileSync(join(import.meta.dirname, 'fixtures/network/ip_vs-1.2.1.txt'), 'utf8')
const header = text.split('\n').slice(0, 3).join('\n')
const rows = (...lines: string[]) => `${[header, ...lines].join('\n')}\n`

describe('/proc/net/ip_vs', () => {
  it('has services of either family and of marks, each with its servers', () => {
    const table = parseIpvsTable(text)
    expect(table?.broken).toEqual([])
    expect(
      table?.services.map(({ protocol, name, scheduler, servers }) => [protocol, name, scheduler, servers.length]),
    ).toEqual([
      ['TCP', '192.168.0.22:3306', 'wlc', 3],
      ['TCP', '192.168.0.57:3306', 'wlc', 3],
      ['TCP', '192.168.0.55:3306', 'wlc', 2],
      ['TCP', '[2620:0000:0000:0000:0000:0000:0000:0001]:80', 'sh', 3],
      ['FWM', '10001000', 'wlc', 2],
    ])
    expect(table?.services[1]?.servers[1]).toEqual({
      address: '192.168.82.21',
      port: 3306,
      forward: 'Tunnel',
      weight: 100,
      active: 1499,
      inactive: 0,
    })
    expect(table?.services[4]).not.toHaveProperty('address')
  })

  it('says who stays with a server, and has words for one packet only', () => {
    const table = parseIpvsTable(
      rows(
        'TCP  0A600001:01BB rr persistent 10800000 FFFFFFFF',
        'UDP  0A60000A:0035 rr ops ',
        'SCTP  0A60000B:0035 rr ',
      ),
    )
    expect(table?.services.map(({ protocol, persistent }) => [protocol, persistent])).toEqual([
      ['TCP', true],
      ['UDP', false],
      ['SCTP', false],
    ])
    expect(table?.broken).toEqual([])
  })

  it('may have columns that are not known, also before those that are', () => {
    const table = parseIpvsTable(
      [
        'IP Virtual Server version 1.3.0 (size=4096)',
        'Prot LocalAddress:Port Scheduler Flags',
        '  -> RemoteAddress:Port Forward New Weight ActiveConn InActConn More',
        'TCP  0A600001:01BB rr ',
        '  -> 0AF40105:1F90      Masq    7      1      2       3        8',
        '',
      ].join('\n'),
    )
    expect(table?.services[0]?.servers).toMatchObject([{ weight: 1, active: 2, inactive: 3 }])
  })

  it.each([
    ['a server without a service', '  -> 0AF40105:1F90      Masq    1      0          0'],
    ['a server with too few numbers', 'TCP  0A600001:01BB rr ', '  -> 0AF40105:1F90      Masq    1      0'],
    ['one with too many', 'TCP  0A600001:01BB rr ', '  -> 0AF40105:1F90      Masq    1      0   0   0'],
    ['one whose number is none', 'TCP  0A600001:01BB rr ', '  -> 0AF40105:1F90      Masq    x      0   0'],
    ['one with half an address', 'TCP  0A600001:01BB rr ', '  -> 0AF401:1F90      Masq    1      0   0'],
    ['a service without a scheduler', 'TCP  0A600001:01BB'],
    ['a mark that is none', 'FWM  xyz rr'],
    ['a service in words', 'TCP  localhost:http rr'],
  ])('names %s as broken', (_, ...lines) => {
    const table = parseIpvsTable(rows(...lines))
    expect(table?.broken).toEqual(lines.slice(-1))
    expect(table?.services.flatMap(({ servers }) => servers)).toEqual([])
  })

  it('gives the servers of a service that is broken to nobody else', () => {
    const server = '  -> 0AF40105:1F90      Masq    1      0          0'
    const table = parseIpvsTable(rows('TCP  0A600001:01BB rr ', 'TCP  0A6000', server))
    expect(table).toMatchObject({ services: [{ servers: [] }], broken: ['TCP  0A6000', server] })
  })

  it('that is cut off anywhere is either none or says so, whatever the cut leaves whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: text.length - 1 }), (length) => {
        const cut = text.slice(0, length)
        const table = parseIpvsTable(cut)
        if (length < header.length) return table === undefined
        const whole = parseIpvsTable(text)
        const isAtLineEnd = cut.endsWith('\n') || length === header.length
        if (isAtLineEnd) return table === undefined || table.broken.length === 0
        return (
          table !== undefined && table.broken.length === 1 && table.services.length <= (whole?.services.length ?? 0)
        )
      }),
    )
  })

  it.each([
    [''],
    ['something else\n\n\n'],
    ['IP Virtual Server version 1.2.1 (size=4096)\n'],
    [header.replace('Weight', 'Gewicht')],
  ])('with another header is none: %j', (other) => expect(parseIpvsTable(other)).toBeUndefined())

  it('may be empty', () => expect(parseIpvsTable(`${header}\n`)).toEqual({ services: [], broken: [] }))
})

describe('timeouts of ipvsadm', () => {
  it('are three numbers of seconds', () =>
    expect(parseIpvsTimeouts('Timeout (tcp tcpfin udp): 900 120 300\n')).toEqual({ tcp: 900, tcpFin: 120, udp: 300 }))
  it.each(['', 'Timeout (tcp tcpfin udp): 900 120\n', 'Timeout (tcp tcpfin udp): 900 120 x\n'])(
    'or none: %j',
    (other) => expect(parseIpvsTimeouts(other)).toBeUndefined(),
  )
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  countsLossesOnly,
  growth,
  parseConntrackStatistics,
  parseConntrackTool,
  parseKernelVersion,
  total,
} from './conntrack.ts'

const text = (name: string) => readFileSync(join(import.meta.dirname, 'fixtures/network', name), 'utf8')

describe('/proc/net/stat/nf_conntrack', () => {
  it('is hexadecimal, unsigned, and told by the names of its header', () => {
    const read = parseConntrackStatistics(text('nf_conntrack-hexadecimal.txt'))
    expect(read).toMatchObject({ entries: 1822, broken: [] })
    if (!read) throw new Error('not read')
    expect(read.cpus).toHaveLength(3)
    expect(read.cpus[0]?.found).toBe(2_349_065_827)
    const sums = ['found', 'invalid', 'insert', 'insert_failed', 'drop', 'early_drop', 'error', 'search_restart']
    expect(sums.map((name) => total(read, name))).toEqual([2_695_749_456, 2_117_220, 8_214_404, 0, 1346, 0, 135_761, 0])
  })

  it('has fewer columns on old kernels, which is not 0, and a blank at the end', () => {
    const read = parseConntrackStatistics(text('nf_conntrack-2.6.32.txt'))
    if (!read) throw new Error('not read')
    expect(read).toMatchObject({ entries: 65, broken: [] })
    const sums = ['found', 'invalid', 'insert', 'insert_failed', 'drop', 'early_drop']
    expect(sums.map((name) => total(read, name))).toEqual([12_651_051, 77, 2687, 3, 3, 0])
    for (const name of ['search_restart', 'clash_resolve', 'chaintoolong']) expect(total(read, name)).toBeUndefined()
  })

  it('that is cut off loses that row alone', () => {
    const [header, first, second] = text('nf_conntrack-hexadecimal.txt').split('\n')
    const read = parseConntrackStatistics(`${header}\n${first}\n${second?.slice(0, 60)}`)
    expect([read?.cpus.length, read?.broken]).toEqual([1, [second?.slice(0, 60)]])
    expect(parseConntrackStatistics('')).toBeUndefined()
    expect(parseConntrackStatistics('some other file\n')).toBeUndefined()
  })

  it('keeps columns of kernels to come', () => {
    const read = parseConntrackStatistics('entries found  brand_new\n00000001 0000000a  0000000b\n')
    expect(read?.cpus).toEqual([{ found: 10, brand_new: 11 }])
  })

  it('never throws, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (rest) => {
        parseConntrackStatistics(rest)
        const read = parseConntrackStatistics(`entries found\n${rest}`)
        expect(read?.cpus.every(({ found }) => found !== undefined && found >= 0)).toBe(true)
      }),
    )
  })
})

describe('conntrack -S', () => {
  it('is decimal, and sums beyond 32 bits', () => {
    const read = parseConntrackTool(text('conntrack-S-5.15.txt'))
    if (!read) throw new Error('not read')
    const sums = [
      'found',
      'invalid',
      'insert',
      'insert_failed',
      'drop',
      'early_drop',
      'error',
      'search_restart',
      'clash_resolve',
    ]
    expect(sums.map((name) => total(read, name))).toEqual([
      1849, 169_153, 0, 5, 5, 1_878_045, 18, 4_642_957_175, 1_541_902_993,
    ])
    expect([read.cpus.length, total(read, 'chaintoolong')]).toEqual([2, 0])
  })

  it('of an older kernel has ignore, and no clash_resolve', () => {
    const read = parseConntrackTool(text('conntrack-S-ignore.txt'))
    if (!read) throw new Error('not read')
    expect(['found', 'invalid', 'insert_failed', 'search_restart'].map((name) => total(read, name))).toEqual([
      696, 338, 0, 6771,
    ])
    expect([read.cpus.length, total(read, 'clash_resolve'), total(read, 'chaintoolong')]).toEqual([
      8,
      undefined,
      undefined,
    ])
  })

  it('that is an error of the tool is none', () =>
    expect(parseConntrackTool('conntrack v1.4.7: Operation failed: Operation not permitted\n')).toBeUndefined())
})

describe('what a counter grew by', () => {
  const cpus = (...values: number[]) => ({ cpus: values.map((value) => ({ insert_failed: value })) })
  it.each([
    ['grew', cpus(5, 7), cpus(6, 9), [1, 2]],
    ['wrapped', cpus(2 ** 32 - 3), cpus(4), [7]],
    ['was reset at a reboot', cpus(500), cpus(2), undefined],
    ['has a CPU more', cpus(5), cpus(5, 3), [0, 3]],
    ['has a CPU less', cpus(5, 3), cpus(5), undefined],
    ['is not offered', { cpus: [{}] }, cpus(1), undefined],
  ] as const)('where it %s', (_, before, now, by) => expect(growth(before, now, 'insert_failed')).toEqual(by))
})

it.each([
  ['Linux node-a 2.6.32-642.el6.x86_64', { major: 2, minor: 6 }, false],
  ['5.9.16-200.fc33', { major: 5, minor: 9 }, false],
  ['5.10.0-28-amd64', { major: 5, minor: 10 }, true],
  ['6.18.1', { major: 6, minor: 18 }, true],
] as const)('%s: insert_failed counts losses only: %j %s', (release, version, only) => {
  expect(parseKernelVersion(release)).toEqual(version)
  expect(countsLossesOnly(version)).toBe(only)
})

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

  it('of a kernel that is newer than the tool has counters without a name', () => {
    const read = parseConntrackTool('cpu=0   \tfound=3 insert_failed=2 clash_resolve=1 unknown1=7 unknown2=0 \n')
    expect(read).toEqual({
      cpus: [{ found: 3, insert_failed: 2, clash_resolve: 1, unknown1: 7, unknown2: 0 }],
      broken: [],
    })
  })

  it('that read /proc has the size of the table on each row', () => {
    const read = parseConntrackTool('cpu=0   \tentries=65 found=3 \ncpu=1   \tentries=65 found=4 \n')
    expect(read).toEqual({ cpus: [{ found: 3 }, { found: 4 }], broken: [], entries: 65 })
  })

  it('of the time when it told of the first CPU only is none', () =>
    expect(
      parseConntrackTool('entries   \t\t65      \nfound     \t\t3       \ninsert_failed\t\t2       \n'),
    ).toBeUndefined())

  it('that is an error of the tool is none', () =>
    expect(parseConntrackTool('conntrack v1.4.7: Operation failed: Operation not permitted\n')).toBeUndefined())
})

describe('what a counter grew by', () => {
  const cpus = (...values: number[]) => ({ cpus: values.map((value) => ({ insert_failed: value })) })
  it.each([
    ['grew', cpus(5, 7), cpus(6, 9), [1, 2]],
    ['wrapped', cpus(2 ** 32 - 3), cpus(4), [7]],
    ['was reset at a reboot', cpus(500), cpus(2), undefined],
    ['was large, and reset at a reboot', cpus(3_000_000_000), cpus(2), undefined],
    ['has a row that the reading before lost', cpus(5), cpus(5, 3), undefined],
    ['has lost a row', cpus(5, 3), cpus(5), undefined],
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

it('growth is what was added between two readings, also past the wrap, and is never below 0', () => {
  const counter = fc.integer({ min: 0, max: 2 ** 32 - 1 })
  const added = fc.integer({ min: 0, max: 2 ** 28 - 1 })
  fc.assert(
    fc.property(fc.array(fc.tuple(counter, added), { minLength: 1 }), (rows) => {
      const before = rows.map(([from]) => ({ insert_failed: from }))
      const now = rows.map(([from, by]) => ({ insert_failed: (from + by) % 2 ** 32 }))
      expect(growth({ cpus: before }, { cpus: now }, 'insert_failed')).toEqual(rows.map(([, by]) => by))
      // A row that one of the readings lost would shift all behind it.
      expect(growth({ cpus: before.slice(1) }, { cpus: now }, 'insert_failed')).toBeUndefined()
    }),
  )
})

it('a table of any names and numbers is read back, and a row that is cut off anywhere is told', () => {
  const name = fc.stringMatching(/^[a-z]{1,8}_[a-z0-9]{1,4}$/)
  const table = fc.uniqueArray(name, { minLength: 1, maxLength: 17 }).chain((names) => {
    const row = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { minLength: names.length, maxLength: names.length })
    return fc.record({ names: fc.constant(names), rows: fc.array(row, { minLength: 1, maxLength: 8 }), cut: fc.nat() })
  })
  fc.assert(
    fc.property(table, ({ names, rows, cut }) => {
      const lines = rows.map((row) => ['00000007', ...row.map((one) => one.toString(16).padStart(8, '0'))].join('  '))
      const header = `entries  ${names.join(' ')}`
      expect(parseConntrackStatistics(`${header}\n${lines.join(' \n')} \n`)).toEqual({
        entries: 7,
        broken: [],
        cpus: rows.map((row) => Object.fromEntries(names.map((one, place) => [one, row[place]]))),
      })
      const last = lines.at(-1) ?? ''
      const short = last.slice(0, cut % (last.length - 9)) // its last number is gone
      const read = parseConntrackStatistics([header, ...lines.slice(0, -1), short].join('\n'))
      expect([read?.cpus.length, read?.broken]).toEqual([rows.length - 1, short.trim() === '' ? [] : [short]])
    }),
  )
})

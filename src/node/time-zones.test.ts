import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { packedZones } from '../schedule/packed-zones.ts'
import { machineZones } from './time-zones.ts'

const FIXTURES = new URL('../schedule/fixtures/', import.meta.url)
const packed = packedZones()
let root: string
let folder: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'zones-'))
  folder = join(root, 'usr/share/zoneinfo')
  mkdirSync(join(folder, 'Europe'), { recursive: true })
  cpSync(new URL('berlin-slim.tzif', FIXTURES), join(folder, 'Europe/Berlin'))
  writeFileSync(join(folder, 'tzdata.zi'), '# version 2030z\n# This zic input file is in the public domain.\n')
})
afterEach(() => rmSync(root, { recursive: true }))

describe('machineZones', () => {
  it("reads the machine's files", () => {
    const zones = machineZones(undefined, root)
    expect(zones.find('Europe/Berlin')?.stretch(Date.UTC(2090, 6, 1)).offset).toBe(7_200_000)
    expect(zones.data).toBe('tzdata 2030z of this machine')
  })

  it('takes the version from +VERSION where there is no tzdata.zi, and says so where it is unknown', () => {
    rmSync(join(folder, 'tzdata.zi'))
    expect(machineZones(undefined, root).data).toBe('tzdata of unknown version of this machine')
    writeFileSync(join(folder, '+VERSION'), '2031a\n')
    expect(machineZones(undefined, root).data).toBe('tzdata 2031a of this machine')
  })

  it('falls back on the packed data for a name that the machine lacks, and says so', () => {
    const zones = machineZones(undefined, root)
    expect(zones.find('Asia/Tokyo')?.stretch(0).offset).toBe(9 * 3_600_000)
    expect(zones.find('Asia/Tokyo')).toBe(zones.find('Asia/Tokyo'))
    expect(zones.data).toBe(`tzdata 2030z of this machine; ${packed.data} for Asia/Tokyo`)
  })

  it('falls back on it for a broken file too, and names the file', () => {
    writeFileSync(join(folder, 'Europe/Paris'), 'no zone')
    const zones = machineZones(undefined, root)
    expect(zones.find('Europe/Paris')?.stretch(Date.UTC(2026, 0, 1)).offset).toBe(3_600_000)
    expect(zones.data).toContain(
      `for Europe/Paris (cannot read "${join(folder, 'Europe/Paris')}": time zone "Europe/Paris": expected`,
    )
  })

  it('uses the packed data alone where there is no zoneinfo', () => {
    rmSync(folder, { recursive: true })
    const zones = machineZones(undefined, root)
    expect(zones.data).toBe(packed.data)
    expect(zones.find('Europe/Berlin')?.name).toBe('Europe/Berlin')
  })

  it.each([
    '../../../Secret',
    'Europe/../../../../Secret',
    '/Secret',
    '\\Secret',
    './Secret',
    'Europe',
    'tzdata.zi',
    '',
    'a\0b',
    'Europe/',
  ])('does not find "%s"', (name) => {
    cpSync(new URL('berlin-slim.tzif', FIXTURES), join(root, 'Secret'))
    expect(machineZones(undefined, root).find(name)).toBeUndefined()
  })

  it('reads the files of $ZONEINFO before those of the machine, as Go does', () => {
    const named = join(root, 'named')
    mkdirSync(join(named, 'Europe'), { recursive: true })
    cpSync(new URL('lord-howe-slim.tzif', FIXTURES), join(named, 'Europe/Paris'))
    const zones = machineZones(named, root)
    expect(zones.find('Europe/Paris')?.stretch(Date.UTC(2026, 0, 1)).offset).toBe(11 * 3_600_000)
    expect(zones.find('Europe/Berlin')?.stretch(Date.UTC(2026, 0, 1)).offset).toBe(3_600_000)
    expect(zones.data).toBe(`tzdata of unknown version in ${named} ($ZONEINFO), else tzdata 2030z of this machine`)
  })

  it('does without $ZONEINFO where it is no folder', () => {
    for (const no of ['', join(root, 'lacks'), join(folder, 'tzdata.zi')])
      expect(machineZones(no, root).data).toBe('tzdata 2030z of this machine')
  })

  it('is case-sensitive', () => expect(machineZones(undefined, root).find('europe/berlin')).toBeUndefined())
})

describe("this machine's own data", () => {
  const machine = machineZones()
  const names = new Set<string>()
  for (const line of readFileSync(new URL('cron-golden.jsonl', FIXTURES), 'utf8').trim().split('\n')) {
    const { zone }: { zone?: string } = JSON.parse(line)
    if (zone !== undefined) names.add(zone)
  }

  // These zones have not changed their rules since: old and new data agree.
  it.each([...names])('agrees with the packed data from 2018 to 2026 for %s', (name) => {
    for (let at = Date.UTC(2018, 0, 1); at < Date.UTC(2027, 0, 1); at += 3_600_000) {
      const offsets = [machine, packed].map((zones) => zones.find(name)?.stretch(at).offset)
      if (offsets[0] !== offsets[1]) expect.fail(`${new Date(at).toISOString()}: ${offsets.join(' and ')}`)
    }
  })
})

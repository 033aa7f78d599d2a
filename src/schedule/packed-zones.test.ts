import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { packedZones } from './packed-zones.ts'
import { parseTzif } from './tzif.ts'

const zones = packedZones()

describe('packedZones', () => {
  it('says which data it is', () => expect(zones.data).toMatch(/^tzdata 20\d\d[a-z] of moment-timezone$/))

  it('knows other names of a zone by that name', () => {
    const eastern = zones.find('US/Eastern')
    expect(eastern?.name).toBe('US/Eastern')
    expect(eastern?.stretch(Date.UTC(2026, 6, 1)).offset).toBe(-4 * 3_600_000)
  })

  it.each(['europe/berlin', 'Nowhere/City', '', '__proto__', 'constructor'])('does not know "%s"', (name) =>
    expect(zones.find(name)).toBeUndefined(),
  )

  it('agrees with a TZif file to the second, from local mean time to 2037', () => {
    const bytes = readFileSync(new URL('./fixtures/berlin-slim.tzif', import.meta.url))
    const file = parseTzif(bytes, 'Europe/Berlin')
    const packed = zones.find('Europe/Berlin')
    for (let at = Date.UTC(1890, 0, 1); at < Date.UTC(2037, 9, 1); at = file.stretch(at).to) {
      expect(packed?.stretch(at)).toEqual(file.stretch(at))
    }
  })
})

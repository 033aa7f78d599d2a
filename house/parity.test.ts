import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Hazard } from '../src/contract/hazard.ts'
import { hazards } from '../src/hazards/index.ts'
import { missingFiles, missingWires } from './parity.ts'

const here = join(import.meta.dirname, '../src/hazards')
const folders = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

describe.each(folders)('%s', (id) => {
  it('has every file', () => expect(missingFiles(join(here, id))).toEqual([]))

  it('wires every file', async () => {
    const exported: Record<string, unknown> = await import(`../src/hazards/${id}/hazard.ts`)
    const found = Object.values(exported).filter(
      (value): value is Hazard => typeof value === 'object' && value !== null && 'reasons' in value,
    )
    expect(found).toHaveLength(1)
    expect(found.flatMap((hazard) => missingWires(join(here, id), hazard))).toEqual([])
    expect(hazards, `${id} is not in src/hazards/index.ts`).toContain(found[0])
  })
})

it('the catalogue is in order, and each id stands once', () => {
  const ids = hazards.map(({ id }) => id)
  expect(ids).toEqual([...new Set(ids)].toSorted())
})

describe('what is missing is named', () => {
  let copy = ''
  const copied = (id: string): string => {
    copy = mkdtempSync(join(tmpdir(), 'parity-'))
    cpSync(join(here, id), join(copy, id), { recursive: true })
    return join(copy, id)
  }
  afterEach(() => rmSync(copy, { recursive: true, force: true }))

  const [first] = hazards
  it.each(['README.md', 'hazard.ts', 'fixtures'])('%s', (name) => {
    if (!first) throw new Error('the catalogue is empty')
    const folder = copied(first.id)
    rmSync(join(folder, name), { recursive: true })
    expect(missingFiles(folder)[0]).toBe(`${first.id}/${name} is missing`)
  })

  it.each(['manifest', 'cluster', 'drill'] as const)('%s.ts', (vantage) => {
    const wired = hazards.find((hazard) => hazard[vantage])
    if (!wired) throw new Error(`no hazard has ${vantage}`)
    const folder = copied(wired.id)
    rmSync(join(folder, `${vantage}.ts`))
    expect(missingWires(folder, wired)).toEqual([
      `${wired.id}/${vantage}.ts is missing, but hazard.ts wires ${vantage}`,
    ])
  })

  it('alerts, and what tests them', () => {
    const alerting = hazards.find((hazard) => hazard.metrics)
    if (!alerting) throw new Error('no hazard has metrics')
    const folder = copied(alerting.id)
    rmSync(join(folder, 'alerts.test.yaml'))
    expect(missingFiles(folder)).toEqual([
      `${alerting.id}/alerts.test.yaml is missing: no test says when its alerts fire`,
    ])
    rmSync(join(folder, 'alerts.yaml'))
    expect(missingWires(folder, alerting)).toEqual([
      `${alerting.id}/alerts.yaml is missing, but hazard.ts has metrics that nobody is told of`,
    ])
  })

  it('a file that is not wired', () => {
    const wired = hazards.find((hazard) => hazard.cluster)
    if (!wired) throw new Error('no hazard looks at clusters')
    const { cluster: _, ...rest } = wired
    expect(missingWires(join(here, wired.id), rest)).toEqual([
      `${wired.id}/cluster.ts is there, but hazard.ts does not wire it`,
    ])
  })
})

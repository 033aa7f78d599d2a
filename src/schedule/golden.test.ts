import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { packedZones } from './packed-zones.ts'
import { parseSchedule, ScheduleError } from './parse.ts'
import { nextRun } from './runs.ts'

// What robfig/cron v3.0.1 itself answered: a schedule, a zone and a time with its next five runs, or an error's text.
interface Row {
  readonly spec: string
  readonly zone?: string
  readonly from?: string
  readonly next?: readonly string[]
  readonly error?: string
}

const rows: readonly Row[] = readFileSync(new URL('./fixtures/cron-golden.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))
const zones = packedZones()

const answer = (row: Row): Pick<Row, 'next' | 'error'> => {
  try {
    const schedule = parseSchedule(row.spec, zones)
    const zone = zones.find(row.zone ?? '')
    if (!zone) return { error: `no zone ${row.zone}` }
    const next: string[] = []
    let at: number | undefined = Date.parse(row.from ?? '')
    while (next.length < 5) {
      at = nextRun(schedule, zone, at)
      if (at === undefined) break
      next.push(new Date(at).toISOString().replace('.000Z', 'Z'))
    }
    return { next }
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error
    return { error: error.message }
  }
}

const expected = (row: Row): Pick<Row, 'next' | 'error'> =>
  row.error === undefined ? { next: row.next ?? [] } : { error: row.error }

describe('what Kubernetes answers', () => {
  const panics = rows.filter((row) => row.error?.startsWith('panic:'))
  const others = rows.filter((row) => !panics.includes(row))

  it('holds for each recorded row', () => {
    expect(others).toHaveLength(4718)
    const different = others
      .map((row) => ({ row, answer: answer(row) }))
      .filter(({ row, answer }) => JSON.stringify(answer) !== JSON.stringify(expected(row)))
    expect(different).toEqual([])
  })

  it.each(panics)('$spec is refused, where the library panics', ({ spec }) => {
    expect(() => parseSchedule(spec, zones)).toThrow(ScheduleError)
    expect(() => parseSchedule(spec, zones)).toThrow(`expected a blank and five fields after ${spec}`)
  })
})

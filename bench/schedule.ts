import { readFileSync } from 'node:fs'
import { CronExpressionParser } from 'cron-parser'
import { Cron } from 'croner'
import type { Zone } from '../src/contract/hazard.ts'
import { machineZones } from '../src/node/time-zones.ts'
import { parseSchedule } from '../src/schedule/parse.ts'
import { countRuns, nextRun } from '../src/schedule/runs.ts'
import { type BenchRow, less, more } from './table.ts'

const GOLDEN = new URL('../src/schedule/fixtures/cron-golden.jsonl', import.meta.url)
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Africa/Cairo', 'Australia/Lord_Howe', 'Asia/Kolkata']
const STARTS = ['2024-01-15T10:30:00Z', '2025-03-29T22:10:07Z', '2026-10-24T23:59:59Z'].map((text) => Date.parse(text))
/** ms that each measurement takes: enough to be past the first compilations. */
const MEASURE_MS = 400

const zones = machineZones('/')

/** Measures ours beside croner, cron-parser and, for missed runs, beside walking from run to run. */
export async function scheduleBench(): Promise<BenchRow[]> {
  const specs = commonSpecs()
  return [...nextRunRows(specs), ...missedRows(), ...parseRows(specs)]
}

/** The valid specs of the golden file; of those, the ones that both peers run without an error: the rest is no race. */
function commonSpecs(): string[] {
  const specs = new Set<string>()
  for (const line of readFileSync(GOLDEN, 'utf8').trim().split('\n')) {
    const row: { spec: string; next?: string[] } = JSON.parse(line)
    if (row.next && row.next.length > 0) specs.add(row.spec)
  }
  return [...specs].filter((spec) => ZONES.every((name) => peersRun(spec, name)))
}

function peersRun(spec: string, timeZone: string): boolean {
  try {
    const cron = new Cron(spec, { timezone: timeZone })
    const expression = CronExpressionParser.parse(spec, { tz: timeZone })
    return STARTS.every((start) => {
      expression.reset(new Date(start))
      return cron.nextRun(new Date(start)) !== null && expression.next() !== null
    })
  } catch {
    return false
  }
}

function nextRunRows(specs: readonly string[]): BenchRow[] {
  const cases = specs.flatMap((spec) =>
    ZONES.map((name) => ({ spec, name, zone: zoneOf(name), schedule: parseSchedule(spec, zones) })),
  )
  const ours = perSecond(cases, ({ schedule, zone }) => STARTS.map((start) => nextRun(schedule, zone, start)))
  const dates = STARTS.map((start) => new Date(start))
  const crons = cases.map((c) => new Cron(c.spec, { timezone: c.name }))
  const croner = perSecond(crons, (cron) => dates.map((date) => cron.nextRun(date)))
  const expressions = cases.map((c) => CronExpressionParser.parse(c.spec, { tz: c.name }))
  const cronParser = perSecond(expressions, (expression) =>
    dates.map((date) => {
      expression.reset(date)
      return expression.next()
    }),
  )
  const what = `next run, ${specs.length} schedules in ${ZONES.length} zones`
  const each = STARTS.length
  return [
    more(what, ours * each, 'croner', croner * each, 'runs/s'),
    more(what, ours * each, 'cron-parser', cronParser * each, 'runs/s'),
  ]
}

function missedRows(): BenchRow[] {
  const schedule = parseSchedule('* * * * *', zones)
  const zone = zoneOf('Europe/Berlin')
  const upTo = Date.parse('2026-01-01T00:00:00Z')
  return [10, 100].map((years) => {
    const after = Date.UTC(2026 - years, 0, 1)
    const what = `missed runs of * * * * * over ${years} years`
    const ours = 1000 / perSecond([after], (from) => countRuns(schedule, zone, from, upTo))
    const started = performance.now()
    for (let run = nextRun(schedule, zone, after); run !== undefined && run <= upTo; )
      run = nextRun(schedule, zone, run)
    return less(what, ours, 'run by run', performance.now() - started, 'ms')
  })
}

function parseRows(specs: readonly string[]): BenchRow[] {
  const ours = perSecond(specs, (spec) => parseSchedule(spec, zones))
  const croner = perSecond(specs, (spec) => new Cron(spec))
  const cronParser = perSecond(specs, (spec) => CronExpressionParser.parse(spec))
  const what = `parse, ${specs.length} schedules`
  return [more(what, ours, 'croner', croner, 'schedules/s'), more(what, ours, 'cron-parser', cronParser, 'schedules/s')]
}

function zoneOf(name: string): Zone {
  const zone = zones.find(name)
  if (!zone) throw new Error(`expected the time zone ${name} in ${zones.data}, found none`)
  return zone
}

/** How many cases a second `act` gets through, going over all of them again and again. */
function perSecond<T>(cases: readonly T[], act: (one: T) => unknown): number {
  for (const one of cases) act(one)
  const started = performance.now()
  let done = 0
  let now = started
  while (now - started < MEASURE_MS) {
    for (const one of cases) act(one)
    done += cases.length
    now = performance.now()
  }
  return (done / (now - started)) * 1000
}

// What the loads of a drill came to: what was lost to what, as a table and as plots.
import type { Json } from '../../contract/hazard.ts'
import type { Plot, Table, TimedValue } from '../../contract/plot.ts'
import { connectedHeader } from '../../lab/nginx.ts'
import { isLost, isRaceForConnection, type Outcome } from '../../rollout/outcomes.ts'

/** What one load came to, so far or in the end. */
export interface Row {
  readonly name: string
  readonly outcomes: readonly Outcome[]
}

/** The columns of a table, in their order. */
const causes = ['refused', 'cut off', '502 refused', '502 cut off', '504 gone', 'kept closed', 'else'] as const
type Cause = (typeof causes)[number]

/**
 * What a request was lost to. `502`, `504`: nginx says so of the application that it asked last; without it, the client was told so
 * itself. `504 gone`: nobody was at its address any more, so that nothing answered at all.
 * `kept closed`: nginx closed a kept connection at the instant at which it was used again; each reload of it does that.
 */
export function causeOf(outcome: Outcome): Cause | undefined {
  if (!isLost(outcome)) return undefined
  if (isRaceForConnection(outcome)) return 'kept closed'
  const { result } = outcome
  if ('failure' in result) {
    if (result.failure === 'refused') return 'refused'
    return ['reset', 'closed', 'cut-short'].includes(result.failure) ? 'cut off' : 'else'
  }
  const connected = result.headers[connectedHeader]?.split(/[,:] /).at(-1)
  if (connected === undefined) return 'else'
  const hasConnected = connected.trim() !== '-'
  if (result.status === 502) return hasConnected ? '502 cut off' : '502 refused'
  return result.status === 504 && !hasConnected ? '504 gone' : 'else'
}

/** How many were lost since somebody stopped: what a wait has to prevent. Kept connections that a reload closes are another loss. */
export const lostToStop = ({ outcomes }: Row): number =>
  outcomes.filter((one) => isLost(one) && !isRaceForConnection(one)).length

export const lostOf = (rows: readonly Row[]): number => rows.reduce((sum, row) => sum + lostToStop(row), 0)
export const sentOf = (rows: readonly Row[]): number => rows.reduce((sum, { outcomes }) => sum + outcomes.length, 0)

/** @param shown columns that stand there whatever happens; others only where something was lost to them. */
export function lossTable(rows: readonly Row[], shown: readonly Cause[]): Table {
  const counted = rows.map(({ name, outcomes }) => ({ name, outcomes, lostTo: outcomes.map(causeOf) }))
  const count = (lostTo: readonly (Cause | undefined)[], cause: Cause): number =>
    lostTo.filter((one) => one === cause).length
  const columns = causes.filter((one) => shown.includes(one) || counted.some(({ lostTo }) => count(lostTo, one) > 0))
  return {
    columns: ['sent', 'lost', ...columns],
    rows: counted.map(({ name, outcomes, lostTo }): [string, ...Json[]] => [
      name,
      outcomes.length,
      lostTo.filter((one) => one !== undefined).length,
      ...columns.map((cause) => count(lostTo, cause)),
    ]),
  }
}

export interface Timed {
  readonly name: string
  readonly rows: readonly Row[]
}

/** How many requests were lost by each second; s from the start of each run. */
export const lostOverTime = (runs: readonly Timed[]): Plot => ({
  plot: 'course',
  title: 'requests lost',
  unit: 'so far',
  groups: runs.map(({ name, rows }) => ({ name, points: lostBy(rows) })),
})

function lostBy(rows: readonly Row[]): TimedValue[] {
  const all = rows.flatMap(({ outcomes }) => outcomes)
  const at = all.filter((one) => isLost(one) && !isRaceForConnection(one)).map(({ plannedMs }) => plannedMs)
  const end = Math.max(0, ...all.map(({ endedMs }) => endedMs))
  const points = at.toSorted((a, b) => a - b).map((ms, place): TimedValue => [ms / 1000, place + 1])
  return [[0, 0], ...points, [end / 1000, at.length]]
}

// Loads of a drill that are sent side by side, while it shows how they go.
import type { Stage } from '../../contract/drill.ts'
import type { Table } from '../../contract/plot.ts'
import { connectedHeader, triedHeader } from '../../lab/nginx.ts'
import { pause } from '../../lab/pause.ts'
import { type LoadPlan, startLoads, warmUp } from '../../rollout/load.ts'
import type { Row } from './drill-tally.ts'

/** One load; what it leaves out is the same for all. */
export type Sent = { readonly name: string; readonly perSecond: number } & Pick<LoadPlan, 'target' | 'method'> &
  Partial<Pick<LoadPlan, 'connections'>>

/** Longer than any answer of the drill takes on a busy machine, ms. */
const timeoutMs = 20_000
const pictureEveryMs = 250

export const urlOf = (port: number, path = '/'): URL => new URL(`http://127.0.0.1:${port}${path}`)

const plansOf = (sent: readonly Sent[]): readonly LoadPlan[] =>
  sent.map(({ perSecond, target, method, connections = 'fresh' }, place) => {
    // Apart from each other, so that they do not all come at once.
    const arrivals = { perSecond, offsetMs: (place * 1000) / perSecond / sent.length }
    const keepHeaders = [triedHeader, connectedHeader]
    return { arrivals, target, method, connections, timeoutMs, body: 'order', keepHeaders }
  })

/** Sends them for a moment and counts nothing, so that the first that count are not late. */
export const warm = ({ signal }: Stage, sent: readonly Sent[]): Promise<void> => warmUp(plansOf(sent), signal)

/**
 * Sends all of them until `course` has ended; `course` is told how long the loads have been going on (ms).
 * @throws what `course` throws, or the stage's reason to end.
 */
export async function underLoad(
  stage: Stage,
  sent: readonly Sent[],
  show: { readonly act: string; readonly table: (rows: readonly Row[]) => Table },
  course: (sinceStart: () => number) => Promise<void>,
): Promise<readonly Row[]> {
  const ends = new AbortController()
  const signal = AbortSignal.any([stage.signal, ends.signal])
  const plans = plansOf(sent)
  const { loads, sinceStartMs } = startLoads(plans, signal)
  const rows = (): readonly Row[] => loads.map(({ outcomes }, place) => ({ name: sent[place]?.name ?? '', outcomes }))
  const picture = setInterval(
    () => stage.progress({ act: show.act, figures: {}, table: show.table(rows()) }),
    pictureEveryMs,
  )
  try {
    await course(sinceStartMs)
    await Promise.all(loads.map((load) => load.stop()))
    return rows()
  } finally {
    clearInterval(picture)
    ends.abort()
  }
}

/** Waits until an instant of the loads' own time. */
export const waitUntil = (ms: number, sinceStart: () => number, signal: AbortSignal): Promise<void> =>
  pause(ms - sinceStart(), signal)

// What stands before the applications stops itself: an ingress controller that is updated, with little grace and with enough.
import type { Act, Stage } from '../../contract/drill.ts'
import { startApplication } from '../../lab/application.ts'
import { freePorts } from '../../lab/daemon.ts'
import { type Nginx, startNginx } from '../../lab/nginx.ts'
import { latenessOf, spoiltText } from '../../rollout/summary.ts'
import { type Sent, underLoad, urlOf, waitUntil } from './drill-load.ts'
import { lossTable, lostToStop, type Row } from './drill-tally.ts'

const beforeMs = 1000
/** From the deletion until nobody sends new requests to it, ms. */
const forgottenAfterMs = 1500
const waitMs = 2500
/** Longer than the wait holds: an upload, a report, a WebSocket. */
const pace = { quickMs: 50, slowMs: 3000 }

/** How a controller stops. `graceMs`: from the deletion to SIGKILL. */
interface Stop {
  readonly name: string
  readonly signal: 'SIGTERM' | 'SIGQUIT'
  readonly waitMs: number
  readonly graceMs: number
  readonly loses: boolean
}

const stops: readonly Stop[] = [
  { name: 'SIGTERM at once', signal: 'SIGTERM', waitMs: 0, graceMs: 30_000, loses: true },
  { name: 'SIGQUIT at once', signal: 'SIGQUIT', waitMs: 0, graceMs: 30_000, loses: true },
  { name: 'wait, SIGTERM', signal: 'SIGTERM', waitMs, graceMs: 30_000, loses: true },
  { name: 'wait, SIGQUIT, short grace', signal: 'SIGQUIT', waitMs, graceMs: 3000, loses: true },
  { name: 'wait, SIGQUIT, long grace', signal: 'SIGQUIT', waitMs, graceMs: 30_000, loses: false },
]

/** Stops five real nginx, each in its way, while short and long requests go through them. @throws Error if one is not as it should be. */
export async function* stopIngress(stage: Stage, folder: string): AsyncGenerator<Act, void> {
  const ends: (() => Promise<void>)[] = []
  try {
    const application = await startApplication(pace, stage.signal)
    ends.push(() => application.program.end())
    const ports = await freePorts(stops.length + 1)
    const all: Nginx[] = []
    for (const port of ports) {
      const served = [{ port, by: [application.port], retries: true }]
      const nginx = await startNginx(`${folder}/controller-${port}`, served, stage.signal)
      ends.push(() => nginx.program.end())
      all.push(nginx)
    }
    let forgotten = false
    const stays = ports.at(-1) ?? 0
    const sent = stops.flatMap(({ name }, place): Sent[] => {
      const target = (path: string) => () => urlOf(forgotten ? stays : (ports[place] ?? 0), path)
      return [
        { name: `${name}: short requests`, perSecond: 20, method: 'GET', target: target('/') },
        { name: `${name}: requests of 3 s`, perSecond: 5, method: 'GET', target: target('/slow') },
      ]
    })
    const act = 'ingress controllers stop, each in its way'
    const rows = await underLoad(stage, sent, { act, table }, async (sinceStart) => {
      const forget = async () => {
        await waitUntil(beforeMs + forgottenAfterMs, sinceStart, stage.signal)
        forgotten = true
      }
      const stopping = all.slice(0, stops.length).map((nginx, place) => stopOne(stage, nginx, stops[place], sinceStart))
      await Promise.all([forget(), ...stopping])
    })
    const spoilt = spoiltText(latenessOf(rows.flatMap(({ outcomes }) => outcomes)))
    yield {
      act: 'ingress controllers stopped, each in its way',
      figures: {
        'no new requests after (s)': forgottenAfterMs / 1000,
        'wait (s)': waitMs / 1000,
        'short grace (s)': 3,
        ...(spoilt !== undefined && { mind: spoilt }),
      },
      table: table(rows),
    }
    for (const { name, loses } of stops) expectLoss(name, loses, rows)
  } finally {
    await Promise.all(ends.map((end) => end()))
  }
}

const table = (rows: readonly Row[]) => lossTable(rows, ['refused', 'cut off'])

/** As a kubelet does: the hook, the signal, and SIGKILL when the grace period is over. */
async function stopOne(stage: Stage, nginx: Nginx, stop: Stop | undefined, sinceStart: () => number): Promise<void> {
  if (!stop) return
  await waitUntil(beforeMs + stop.waitMs, sinceStart, stage.signal)
  nginx.program.kill(stop.signal)
  const early = new AbortController()
  const grace = waitUntil(beforeMs + stop.graceMs, sinceStart, AbortSignal.any([stage.signal, early.signal]))
  await Promise.race([nginx.program.gone(), grace.catch(() => undefined)])
  early.abort()
  stage.signal.throwIfAborted()
  if (nginx.program.ended === undefined) await nginx.program.end()
}

function expectLoss(name: string, loses: boolean, rows: readonly Row[]): void {
  const lost = rows.filter((row) => row.name.startsWith(`${name}:`)).reduce((sum, row) => sum + lostToStop(row), 0)
  if (lost > 0 !== loses) throw new Error(`${name}: ${lost} requests were lost, expected ${loses ? 'some' : 'none'}`)
}

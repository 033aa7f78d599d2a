// A rollout in small: real processes behind a real nginx that learns of new endpoints late.
import type { Act, Stage } from '../../contract/drill.ts'
import { type Application, startApplication } from '../../lab/application.ts'
import { freePorts } from '../../lab/daemon.ts'
import { type Served, startNginx, triedHeader } from '../../lab/nginx.ts'
import { latenessOf, spoiltText } from '../../rollout/summary.ts'
import { type Sent, underLoad, urlOf, waitUntil, warm } from './drill-load.ts'
import { lossTable, lostOf, type Row, sentOf } from './drill-tally.ts'

/** From the deletion to the reload of nginx: 1 s to 3 s are usual in clusters, ms. */
export const learnsAfterMs = 1500
const beforeMs = 1000
const afterMs = 1000
const pace = { quickMs: 100, slowMs: 100 }
/** Of each row. */
const perSecond = 20

export interface Rollout {
  readonly name: string
  /** Where every old Pod is gone before nginx knows the new ones. */
  readonly all: readonly Row[]
  /** Where one of two old ones stays. */
  readonly one: readonly Row[]
}

/** Who serves: two old applications of which both are replaced, and one of which the other stays. */
interface Cast {
  readonly old: readonly Application[]
  readonly stays: Application
  readonly fresh: readonly Application[]
}

/** Replaces what serves, which ends so long after its deletion, at once; nginx learns of it 1.5 s after the deletion. */
export async function* rollOut(
  stage: Stage,
  folder: string,
  { name, waitMs }: { readonly name: string; readonly waitMs: number },
): AsyncGenerator<Act, Rollout> {
  const applications: Application[] = []
  const start = async (): Promise<Application> => {
    const one = await startApplication(pace, stage.signal)
    applications.push(one)
    return one
  }
  const ports = await freePorts(4)
  const ends: (() => Promise<void>)[] = []
  try {
    const old = [await start(), await start()]
    const cast: Cast = { old, stays: await start(), fresh: [await start(), await start()] }
    const nginx = await startNginx(`${folder}/ingress-${waitMs}`, servedBy(ports, cast, 'before'), stage.signal)
    ends.push(() => nginx.program.end())
    const seen = { stopped: 0, told: 0 }
    const act = `${name}: Pods are replaced under load`
    const loads = loadsOn(ports)
    await warm(stage, loads)
    const rows = await underLoad(stage, loads, { act, table }, async (sinceStart) => {
      const stop = async () => {
        await waitUntil(beforeMs + waitMs, sinceStart, stage.signal)
        for (const one of old) one.program.kill('SIGTERM')
        seen.stopped = sinceStart()
      }
      const tell = async () => {
        await waitUntil(beforeMs + learnsAfterMs, sinceStart, stage.signal)
        nginx.reload(servedBy(ports, cast, 'after'))
        seen.told = sinceStart()
      }
      await Promise.all([stop(), tell()])
      await waitUntil(Math.max(seen.stopped, seen.told) + afterMs, sinceStart, stage.signal)
    })
    const rollout = { name, all: rows.slice(0, rows.length / 2), one: rows.slice(rows.length / 2) }
    yield actOf(rollout, seen, lastOf(rows, old))
    return rollout
  } finally {
    await Promise.all([...ends.map((end) => end()), ...applications.map(({ program }) => program.end())])
  }
}

/** Four ports: all replaced with and without retries, one of two replaced with and without. */
function servedBy(ports: readonly number[], { old, stays, fresh }: Cast, when: 'before' | 'after'): Served[] {
  const [first, second] = when === 'before' ? old : fresh
  const by = [
    [first, second],
    [first, stays],
  ].map((pair) => pair.flatMap((one) => (one ? [one.port] : [])))
  return ports.map((port, place) => ({ port, by: by[place < 2 ? 0 : 1] ?? [], retries: place % 2 === 0 }))
}

function loadsOn(ports: readonly number[]): Sent[] {
  return ['all replaced', 'one of two'].flatMap((what, place) => {
    const [retrying = 0, plain = 0] = ports.slice(place * 2)
    const sent = (how: string, port: number, over: Pick<Sent, 'method' | 'connections'>): Sent => ({
      ...{ name: `${what}: ${how}`, perSecond, target: () => urlOf(port) },
      ...over,
    })
    return [
      sent('GET', retrying, { method: 'GET' }),
      sent('POST', retrying, { method: 'POST' }),
      sent('GET, no retries', plain, { method: 'GET' }),
      sent('POST, no retries', plain, { method: 'POST' }),
      sent('GET, kept connections', retrying, { method: 'GET', connections: 'kept' }),
    ]
  })
}

const table = (rows: readonly Row[]) => lossTable(rows, ['502 refused', '502 cut off'])

/** When the last request was sent that an old application served, ms; undefined if none was. */
function lastOf(rows: readonly Row[], old: readonly Application[]): number | undefined {
  const ports = old.map(({ port }) => `:${port}`)
  const served = rows
    .flatMap(({ outcomes }) => outcomes)
    .filter(
      ({ result }) =>
        'status' in result &&
        result.status === 200 &&
        ports.some((port) => result.headers[triedHeader]?.endsWith(port)),
    )
  return served.length === 0 ? undefined : Math.max(...served.map(({ sentMs }) => sentMs))
}

function actOf(
  { name, all, one }: Rollout,
  { stopped, told }: { readonly stopped: number; readonly told: number },
  last: number | undefined,
): Act {
  const rows = [...all, ...one]
  const spoilt = spoiltText(latenessOf(rows.flatMap(({ outcomes }) => outcomes)))
  const since = (ms: number): number => Math.round((ms - beforeMs) / 100) / 10
  return {
    act: `${name}: ${lostOf(rows)} of ${sentOf(rows)} requests were lost`,
    figures: {
      'SIGTERM after (s)': since(stopped),
      'nginx told after (s)': since(told),
      ...(last !== undefined && { 'old Pods served until (s)': since(last) }),
      ...(spoilt !== undefined && { mind: spoilt }),
    },
    table: table(rows),
  }
}

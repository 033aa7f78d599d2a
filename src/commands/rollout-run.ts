// What `roadcrew rollout` does. Loaded only for it.

import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, connect } from '../kubernetes/client.ts'
import { loadKubeconfig } from '../kubernetes/kubeconfig.ts'
import { rolloutPage } from '../report/rollout-page.ts'
import type { RolloutReport } from '../report/rollout-schema.ts'
import { rolloutText } from '../report/rollout-text.ts'
import { agreed } from './agreed.ts'
import { type Io, UsageError, wantsColor } from './io.ts'
import { openLivePicture } from './live-picture.ts'
import type { RolloutOptions } from './rollout.ts'
import { expectAnswers, plansOf, type RunningLanes, startLanes } from './rollout-load.ts'
import { placeOf, type RolloutPlace } from './rollout-place.ts'
import { remediesFor } from './rollout-remedies.ts'
import { restartText } from './rollout-restart.ts'
import { outcomeOf } from './rollout-result.ts'
import { RolloutWatch } from './rollout-watch.ts'
import { type Ending, whileRolling } from './rollout-while.ts'
import { toolVersion } from './tool-version.ts'
import { expectPolicy, writeWait } from './write-wait.ts'

/** The API server may be away for a while; the measurement goes on. */
const asking = { timeoutMs: 5_000, tries: 2 }
/** How long the Pods may take to be listed (ms). */
const listsWithin = 20_000

/** @returns the exit code. @throws UsageError if the options don't go together, Error if it can't begin. */
export async function runRollout(what: string, options: RolloutOptions, io: Io): Promise<number> {
  expectTogether(options)
  if (options.writeWait !== undefined) expectPolicy(options.writeWait)
  const plans = options.url === undefined ? [] : await plansOf(options.url, options)
  const { kubeconfig: path, context } = options
  const config = await loadKubeconfig({ env: io.env, home: io.home, ...(path !== undefined && { path }) })
  const target = config.target(context ?? config.current ?? noContext(config.contexts))
  // Not ended by Ctrl-C: who stops a measurement wants to see what was measured.
  const client = connect(target, { env: io.env, ...asking })
  try {
    const place = await placeOf(client, what, options.namespace ?? target.namespace ?? 'default')
    await expectAnswers(plans, io.signal)
    if (options.restart && !options.yes && !(await agreed('restart', wouldRestart(place, client, options), io)))
      return 2
    const report = await measured({ place, client, options, io }, plans)
    await write(report, options, io)
    return report.exitCode
  } finally {
    await client.close()
  }
}

function noContext(contexts: readonly string[]): never {
  throw new UsageError(`the kubeconfig has no current context; --context names one of ${contexts.join(', ') || 'none'}`)
}

function expectTogether({ url, watchOnly, restart, yes, times, writeWait }: RolloutOptions): void {
  if (watchOnly && url !== undefined) throw new UsageError('--watch-only sends nothing, so it takes no --url')
  if (!watchOnly && url === undefined) throw new UsageError('--url says what to ask; --watch-only asks nothing')
  if (yes && !restart) throw new UsageError('--yes goes with --restart')
  if (times > 1 && !restart) throw new UsageError('--times goes with --restart')
  if (watchOnly && writeWait !== undefined)
    throw new UsageError('--write-wait takes a measurement, so it goes with --url')
}

const wouldRestart = (place: RolloutPlace, client: Client, { times }: RolloutOptions): string =>
  `${restartText(place, client.name)}${times > 1 ? `, ${times} times` : ''}`

export interface Rolling {
  readonly place: RolloutPlace
  readonly client: Client
  readonly options: RolloutOptions
  readonly io: Io
}

async function measured(rolling: Rolling, plans: Parameters<typeof startLanes>[0]): Promise<RolloutReport> {
  const { place, client, options, io } = rolling
  const watch = new RolloutWatch(client, place.watched, place.version, io.ticks)
  let running: RunningLanes | undefined
  const picture = await openLivePicture(io)
  try {
    const unlisted = await watch.start(listsWithin)
    if (unlisted !== undefined) throw new Error(`the Pods of ${what(place)} can't be watched: ${unlisted}`)
    let startAt = io.ticks()
    const startedAt = io.now()
    if (plans.length > 0)
      running = await startLanes(plans, options, (at) => {
        startAt = at
      })
    watch.begin(startAt)
    if (!io.errIsTerminal) io.err(`roadcrew: ${begunText(place, options)}\n`)
    const ending = await whileRolling({ ...rolling, watch, running, startAt, show: picture.show })
    await running?.stop()
    const endedMs = io.ticks() - startAt
    // What happened last has to be told by the API server too.
    if (!io.signal.aborted) await sleep(500)
    const outcome = outcomeOf(watch.timeline, running, endedMs, options.podHeader !== undefined)
    return await reportOf(rolling, { ending, outcome, startedAt, endedMs, unwatched: watch.unwatched() })
  } finally {
    picture.clear()
    await running?.stop().catch(() => undefined)
    await watch.stop()
  }
}

/** For a log: from now on it counts. */
const begunText = (place: RolloutPlace, { url, rate }: RolloutOptions): string =>
  url === undefined ? `watching ${what(place)}` : `watching ${what(place)}, and asking ${url} ${rate} times a second`

const what = ({ kind, namespace, name }: RolloutPlace): string => `${kind.kind} ${namespace}/${name}`

interface Ended {
  readonly ending: Ending
  readonly outcome: ReturnType<typeof outcomeOf>
  readonly startedAt: number
  readonly endedMs: number
  readonly unwatched: readonly string[]
}

async function reportOf({ place, client, options, io }: Rolling, ended: Ended): Promise<RolloutReport> {
  const { ending, outcome, startedAt, endedMs, unwatched } = ended
  const { drain, ...figures } = outcome
  const wait = drain.waitSeconds
  const notes = [...place.notes, ...unwatched, ...ending.notes, ...unblamedNote(outcome)]
  const remedies =
    wait === undefined || io.signal.aborted
      ? []
      : await remediesFor(place, wait, client, io).catch((error: unknown) => {
          notes.push(`what to set could not be looked up: ${error instanceof Error ? error.message : String(error)}`)
          return []
        })
  const { p999Ms, waitSeconds, pods, ...told } = drain
  return {
    ...{ schemaVersion: 1, toolVersion, cluster: client.name, kind: place.kind.kind, namespace: place.namespace },
    ...{ name: place.name, ...(options.url !== undefined && { url: options.url }) },
    ...{ startedAt: new Date(startedAt).toISOString(), tookMs: Math.round(endedMs), restarts: ending.restarts },
    ...{ outcome: ending.text, maxLost: options.maxLost, slowMs: options.slow, ...figures, remedies, notes },
    drain: {
      ...told,
      ...(p999Ms !== undefined && { p999Ms: Math.round(p999Ms) }),
      ...(waitSeconds !== undefined && { waitSeconds }),
      resolutionMs: Number.isFinite(drain.resolutionMs) ? Math.round(drain.resolutionMs) : 0,
      pods: pods.map((one) => ({ ...one, ms: Math.round(one.ms) })),
    },
    exitCode: !ending.complete ? 2 : outcome.lost > options.maxLost ? 1 : 0,
  }
}

/** Of a long outage the first requests are kept one by one, the others only counted. */
function unblamedNote({ lost, again, causes }: Ended['outcome']): string[] {
  const blamed = causes.filter(({ how }) => how !== 'slow').reduce((sum, { count }) => sum + count, 0)
  return lost + again > blamed ? [`the first ${blamed} of ${lost + again} are told apart by their causes`] : []
}

async function write(report: RolloutReport, options: RolloutOptions, io: Io): Promise<void> {
  io.out(
    options.output === 'json'
      ? `${JSON.stringify(report, undefined, 2)}\n`
      : rolloutText(report, { color: wantsColor(io), columns: io.columns }),
  )
  // After the report: a file that can't be written must not take it away.
  if (options.html !== undefined) writeFileSync(options.html, rolloutPage(report))
  if (options.writeWait !== undefined) io.err(`${writeWait(options.writeWait, report.drain)}\n`)
}

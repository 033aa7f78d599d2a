// What `roadcrew controller` does until it is stopped. Loaded only for it.
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Logger, pino } from 'pino'
import { ActingMetrics } from '../acting/acting-metrics.ts'
import { Events } from '../acting/events.ts'
import { serve } from '../acting/serve.ts'
import type { Subject, Version } from '../contract/hazard.ts'
import { findingEvent, overdueEvent } from '../controller/event-texts.ts'
import { guardedHazards, kindsOf } from '../controller/guarded.ts'
import { Guardian } from '../controller/guardian.ts'
import { ControllerMetrics } from '../controller/metrics.ts'
import type { News } from '../controller/news.ts'
import { WorkQueue } from '../controller/queue.ts'
import { Workers } from '../controller/workers.ts'
import { keptReads } from '../engine/kept-reads.ts'
import { subjectText } from '../engine/subjects.ts'
import { hazards as catalogue } from '../hazards/index.ts'
import { backOff } from '../kubernetes/back-off.ts'
import { type Client, connect } from '../kubernetes/client.ts'
import { serverVersion } from '../kubernetes/discovery.ts'
import { Informer } from '../kubernetes/informer.ts'
import { loadKubeconfig, type Target } from '../kubernetes/kubeconfig.ts'
import { Leader } from '../kubernetes/leader.ts'
import { machineZones } from '../node/time-zones.ts'
import { cronJobs, namespaces } from '../objects/kinds.ts'
import { timeText } from '../objects/time.ts'
import { ownNamespace } from './io.ts'
import type { ControllerOptions } from './controller.ts'
import { controllerActs } from './controller-acting.ts'
import { type Io, UsageError } from './io.ts'
import { toolVersion } from './tool-version.ts'

/** How long one request may take (ms): who leads has to hear of it in time. */
const requestMs = 5_000
const leaseName = 'roadcrew-controller'
/** Control planes are upgraded while this runs, and hazards go by their release (ms). */
const versionEvery = 300_000
/** A turn that takes so long (ms) hangs. */
const longestTurn = 600_000
/** How long what is being done may still take after a stop (ms); less than the Pod's grace period. */
const stopsWithin = 8_000

/**
 * Watches, and leads if it is its turn, until the signal is aborted; then it ends what it is doing and lets the other lead.
 * @throws UsageError if an option is no use, Error if the address can't be listened on.
 */
export async function controllerLoop(options: ControllerOptions, io: Io): Promise<void> {
  const zones = machineZones()
  if (!zones.find(options.timeZone)) {
    throw new UsageError(`--time-zone: ${zones.data} has no zone "${options.timeZone}"; such as Europe/Berlin`)
  }
  const target = await targetOf(options, io)
  const namespace = ownNamespace(options, io)
  const identity = options.identity ?? `${io.env.POD_NAME ?? hostname()}_${randomUUID()}`
  const log = pino({ base: { controller: identity }, timestamp: pino.stdTimeFunctions.isoTime }, { write: io.out })
  // Not ended by the signal: what is under way ends well, and the lease is released.
  const client = connect(target, { env: io.env, timeoutMs: requestMs })
  const leaseClient = connect(target, { env: io.env, timeoutMs: requestMs, tries: 1 })
  const stopped = new AbortController()
  const version = await watchVersion(client, stopped.signal, log)

  const guarded = guardedHazards(catalogue, cronJobs)
  const settings = settingsOf(guarded, options.timeZone)
  const { hazards, keep } = keptReads(guarded)
  const queue = new WorkQueue({
    // One at a time: looks take the only core there is, and steps are taken one after the other.
    parallel: 1,
    backOff: (failures) => backOff(failures, { firstMs: 1_000, mostMs: 60_000, random: Math.random }),
  })
  let informers: readonly Informer[] = []
  const leader = options.leaderElection
    ? new Leader({
        client: leaseClient,
        namespace,
        name: leaseName,
        identity,
        now: io.now,
        ticks: io.ticks,
        random: Math.random,
        changed: (leads, holder) => {
          log.info({ holder }, leads ? 'leads' : 'does not lead')
          if (leads) void lead()
          else guardian.resign()
        },
        failed: (because) => log.error({ because }, 'could not read or write the lease'),
      })
    : undefined
  const leads = (): boolean => leader?.leads ?? true
  const metrics = new ControllerMetrics(guarded, { informers: () => informers, depth: () => queue.depth, leads })
  const actingMetrics = new ActingMetrics(metrics.registry)
  const source = { component: 'roadcrew-controller', controller: 'roadcrew.dev/controller', instance: identity }
  const events = new Events({ client, source, dropped: (count) => actingMetrics.dropped(count) })
  const regarding = ({ kind, name, namespace: space, uid = '' }: Subject) => {
    const apiVersion = informers.find((one) => one.kind.kind === kind)?.apiVersion
    return { kind, name, uid, ...(space !== undefined && { namespace: space }), ...(apiVersion && { apiVersion }) }
  }
  const acts = controllerActs({
    ...{ io, client, namespace, identity, log, events, leads, regarding, settings },
    mode: options.mode,
    policy: options.policy,
    hazards: guarded,
    kinds: [cronJobs],
    metrics: actingMetrics,
  })
  const workers = new Workers({
    queue,
    ticks: io.ticks,
    turn: (key) => guardian.turn(key),
    failed: (key, error) => {
      metrics.failedTurn()
      log.error({ namespace: key, because: error instanceof Error ? error.message : String(error) }, 'a turn failed')
    },
  })
  const kinds = [...new Set([...kindsOf(guarded), namespaces])]
  informers = kinds.map(
    (kind) =>
      new Informer({
        client,
        kind,
        signal: stopped.signal,
        ticks: io.ticks,
        random: Math.random,
        keep: (object) => keep(kind.kind, object),
        happened: (happened) => guardian.happened(kind, happened),
        failed: (because, anew) => {
          metrics.restarted(kind.kind, anew)
          log.warn({ kind: kind.kind, because, anew }, 'a watch ended')
          if (anew) guardian.interrupted(kind)
        },
      }),
  )
  const guardian: Guardian = new Guardian(
    {
      ...{ hazards, informers, zones, settings, metrics, leads, version },
      cluster: client.name,
      timeZone: options.timeZone,
      now: io.now,
      ticks: io.ticks,
      tell: (news) => {
        logNews(log, news)
        const telling = findingEvent(news, regarding(news.subject), io.now())
        if (telling) events.add(telling)
      },
      overdue: (subject, planned) => {
        log.warn({ subject: subjectText(subject), planned: timeText(planned) }, 'a planned run has not started')
        events.add(overdueEvent(regarding(subject), planned, io.now()))
      },
      act: (space, seen) => acts.round(space, seen),
    },
    workers,
  )
  const isSynced = (): boolean => informers.every(({ synced }) => synced)
  const lead = async (): Promise<void> => {
    await acts.lead()
    while (!isSynced() && !stopped.signal.aborted) await sleep(100)
    if (leads()) guardian.lead()
  }

  const server = await serve(
    options.listen,
    metrics.registry,
    () => (workers.longest > longestTurn ? `a turn takes ${Math.round(workers.longest / 1000)} s by now` : undefined),
    () => {
      const waits = informers.filter(({ synced }) => !synced).map(({ kind }) => kind.kind)
      return waits.length > 0 ? `not listed yet: ${waits.join(', ')}` : undefined
    },
  )
  log.info(
    { version: toolVersion, server: client.server, listens: server.address, namespace, mode: options.mode },
    'started',
  )
  const watching = informers.map((informer) => informer.run())
  const leading = leader?.run(io.signal) ?? lead()
  await Promise.race([workers.run(io.signal), signalled(io.signal).then(() => sleep(stopsWithin, undefined, { ref: false }))])
  log.info('stopping')
  await leading
  await leader?.release()
  stopped.abort()
  await Promise.all([...watching, events.flush()])
  await server.close()
  await Promise.all([client.close(), leaseClient.close()])
}

async function targetOf({ kubeconfig }: ControllerOptions, io: Io): Promise<Target> {
  const config = await loadKubeconfig({
    env: io.env,
    home: io.home,
    ...(kubeconfig !== undefined && { path: kubeconfig }),
  })
  return config.target(config.current ?? config.contexts[0] ?? '')
}

/** The release of the API server as it was last known; it is waited for once. */
async function watchVersion(client: Client, signal: AbortSignal, log: Logger): Promise<() => Version | undefined> {
  let known: Version | undefined
  const ask = async (): Promise<void> => {
    try {
      known = (await serverVersion(client)) ?? known
    } catch (error) {
      log.warn({ because: error instanceof Error ? error.message : String(error) }, 'could not read the version')
    }
  }
  await ask()
  const timer = setInterval(() => void ask(), versionEvery)
  timer.unref()
  signal.addEventListener('abort', () => clearInterval(timer))
  return () => known
}

const settingsOf = (hazards: ReturnType<typeof guardedHazards>, timeZone: string): Readonly<Record<string, unknown>> =>
  Object.fromEntries(hazards.map(({ id, settings }) => [id, settings.parse({ controllerTimeZone: timeZone })]))

const signalled = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve())
  })

function logNews(log: Logger, { is, when, hazard, subject, finding }: News): void {
  const line = { hazard: hazard.id, reason: finding.reason, subject: subjectText(subject), when }
  if (is === 'ended') log.info(line, 'ended')
  else log.warn({ ...line, severity: finding.severity ?? hazard.severity }, finding.fact)
}

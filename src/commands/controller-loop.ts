// What `roadcrew controller` does until it is stopped. Loaded only for it.
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Logger, pino } from 'pino'
import { serve } from '../acting/serve.ts'
import type { Version } from '../contract/hazard.ts'
import { type Client, connect } from '../kubernetes/client.ts'
import { serverVersion } from '../kubernetes/discovery.ts'
import { ServerClock } from '../kubernetes/server-clock.ts'
import { machineZones } from '../node/time-zones.ts'
import type { ControllerOptions } from './controller.ts'
import { ControllerParts } from './controller-parts.ts'
import { daemonTarget, stopped } from './daemon.ts'
import { type Io, ownNamespace, UsageError } from './io.ts'
import { toolVersion } from './tool-version.ts'

/** How long one request may take (ms): who leads has to hear of it in time. */
const requestMs = 5_000
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
  const zones = machineZones(io.env.ZONEINFO)
  if (!zones.find(options.timeZone)) {
    throw new UsageError(`--time-zone: ${zones.data} has no zone "${options.timeZone}"; such as Europe/Berlin`)
  }
  const target = await daemonTarget(options, io)
  const namespace = ownNamespace(options, io)
  const identity = options.identity ?? `${io.env.POD_NAME ?? hostname()}_${randomUUID()}`
  const log = pino({ base: { controller: identity }, timestamp: pino.stdTimeFunctions.isoTime }, { write: io.out })
  // Not ended by the signal: what is under way ends well, and the lease is released.
  const clock = new ServerClock(io.now, io.ticks)
  const client = connect(target, { env: io.env, timeoutMs: requestMs, clock })
  const leaseClient = connect(target, { env: io.env, timeoutMs: requestMs, tries: 1 })
  const ends = new AbortController()
  const version = watchedVersion(client, ends.signal, log)
  const parts = new ControllerParts({
    ...{ options, io, log, client, leaseClient, namespace, identity, zones, version, clock },
    ends: ends.signal,
  })
  const server = await serveFor(parts, options.listen)
  log.info(
    { version: toolVersion, server: client.server, listens: server.address, namespace, mode: options.mode },
    'started',
  )
  const watching = parts.informers.map((informer) => informer.run())
  const leading = parts.leader?.run(io.signal) ?? parts.lead()
  const patience = stopped(io.signal).then(() => sleep(stopsWithin, undefined, { ref: false }))
  const zoned = parts.zoned?.run(io.signal)
  await Promise.race([Promise.all([parts.workers.run(io.signal), zoned]), patience])
  log.info('stopping')
  ends.abort()
  await leading
  await parts.leader?.release()
  await Promise.all([...watching, parts.events.flush(), parts.zoned?.end()])
  await server.close()
  await Promise.all([client.close(), leaseClient.close()])
}

const serveFor = ({ workers, informers, metrics, zoned }: ControllerParts, listen: string) =>
  serve(
    listen,
    metrics.registry,
    () => {
      const longest = Math.max(workers.longest, zoned?.longest ?? 0)
      return longest > longestTurn ? `a turn takes ${Math.round(longest / 1000)} s by now` : undefined
    },
    () => {
      const waits = [...informers, ...(zoned?.informers ?? [])]
        .filter(({ synced }) => !synced)
        .map(({ kind }) => kind.kind)
      return waits.length > 0 ? `not listed yet: ${waits.join(', ')}` : undefined
    },
  )

/** The release of the API server as it was last known: undefined, which is never taken for old, until it has said it. */
function watchedVersion(client: Client, signal: AbortSignal, log: Logger): () => Version | undefined {
  let known: Version | undefined
  const watch = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        known = (await serverVersion(client)) ?? known
      } catch (error) {
        log.warn({ because: error instanceof Error ? error.message : String(error) }, 'could not read the version')
      }
      const wait = known ? versionEvery : requestMs
      await sleep(wait, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }
  void watch()
  return () => known
}

// What `roadcrew webhook` does until it is stopped. Loaded only for it.
import { pino } from 'pino'
import { loop } from '../acting/loop.ts'
import { serve } from '../acting/serve.ts'
import { expiresAt } from '../admission/generation.ts'
import { type Certificate, type ReviewServer, reviewServer } from '../admission/server.ts'
import { connect } from '../kubernetes/client.ts'
import { machineZones } from '../node/time-zones.ts'
import { daemonTarget, stopped } from './daemon.ts'
import { gatheredLines } from './gathered-lines.ts'
import { type Io, ownNamespace, UsageError } from './io.ts'
import { toolVersion } from './tool-version.ts'
import type { WebhookOptions } from './webhook.ts'
import { certificatesOf, firstCertificate } from './webhook-certificate.ts'
import { WebhookParts } from './webhook-parts.ts'

/** How long one request may take (ms). */
const requestMs = 5_000
/** Policy, release and certificate are looked at again (ms): the kubelet shows a new Secret within a minute or so. */
const again = 20_000

/**
 * Answers reviews until the signal is aborted.
 * @throws UsageError if an option or the policy's file is no use, Error if it can't listen or the certificate can't be used.
 */
export async function webhookLoop(options: WebhookOptions, io: Io): Promise<void> {
  const target = await daemonTarget(options, io)
  const namespace = ownNamespace(options, io)
  const lines = gatheredLines(io.out)
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, lines)
  const client = connect(target, { env: io.env, timeoutMs: requestMs })
  const ends = new AbortController()
  const zones = machineZones(io.env.ZONEINFO)
  const address = addressOf(options.listen)
  const certificates = certificatesOf({ options, io, log, client, namespace })
  const certificateLeft = (): number | undefined => {
    const end = expiresAt(certificates.now()?.cert ?? '')
    return end === undefined ? undefined : end - io.now()
  }
  const parts = new WebhookParts({ options, io, log, client, namespace, zones, certificateLeft, ends: ends.signal })
  const metrics = await serve(
    options.metrics,
    parts.registry,
    () => undefined,
    () => certificates.unready() ?? parts.unready(),
  )
  try {
    const certificate = await firstCertificate(certificates, log, io.signal)
    if (!certificate) return
    const server = await reviewServer({
      ...{ ...address, certificate, ticks: io.ticks },
      review: (request) => parts.review(request),
      reviewed: (request, reviewed, ms) => parts.reviewed(request, reviewed, ms),
      failed: (because) => parts.failed(because),
      strayed: () => parts.strayed(),
      distrusted: (because) => parts.distrusted(because),
    })
    const watching = parts.informers.map((informer) => informer.run())
    let served = certificate
    // Apart: while the one can't be read the other is all the same.
    const looks = [
      async () => {
        try {
          await certificates.look()
        } finally {
          served = renewed(certificates.now() ?? served, served, server)
        }
      },
      () => parts.refresh(),
    ]
    const looking = looks.map((round) =>
      loop({
        ...{ everyMs: () => again, signal: ends.signal, random: Math.random, round },
        failed: (error) =>
          log.error({ because: error instanceof Error ? error.message : String(error) }, 'could not look again'),
      }),
    )
    const where = { listens: server.address, metrics: metrics.address }
    log.info({ version: toolVersion, server: client.server, ...where, namespace, mode: options.mode }, 'started')
    await stopped(io.signal)
    log.info('stopping')
    await server.close()
    ends.abort()
    await Promise.all([...watching, ...looking])
  } finally {
    await metrics.close() // or the process would never end
    await client.close()
    lines.flush()
  }
}

/** @throws Error if it can't be used, so that the one before goes on. */
function renewed(now: Certificate, before: Certificate, server: ReviewServer): Certificate {
  if (now.cert !== before.cert || now.key !== before.key) server.renew(now)
  return now
}

function addressOf(listen: string): { readonly host: string; readonly port: number } {
  const match = /^(.*):(\d+)$/.exec(listen)
  if (!match) throw new UsageError(`--listen: "${listen}" is no host:port, such as 0.0.0.0:9844`)
  return { host: match[1] ?? '', port: Number(match[2]) }
}

// Where the webhook's certificate comes from: files that somebody else renews, or a Secret that it keeps itself.
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { CertificateKeeper } from '../admission/certificate-keeper.ts'
import { namesOf } from '../admission/generation.ts'
import type { Certificate } from '../admission/server.ts'
import type { Client } from '../kubernetes/client.ts'
import { type Io, UsageError } from './io.ts'
import type { WebhookOptions } from './webhook.ts'

export interface Certificates {
  /** What is to be served; undefined before the first look that came so far. */
  readonly now: () => Certificate | undefined
  /** @throws UsageError or ApiError if it can't be read or kept; what there was stays. */
  readonly look: () => Promise<void>
  /** Why reviews would fail; undefined if they need not. */
  readonly unready: () => string | undefined
}

export interface CertificatesGiven {
  readonly options: WebhookOptions
  readonly io: Io
  readonly log: Logger
  readonly client: Client
  readonly namespace: string
}

/** @throws UsageError unless exactly one source is named. */
export function certificatesOf(given: CertificatesGiven): Certificates {
  const { certificate, key, ownCertificate, configuration } = given.options
  if (ownCertificate === undefined) {
    if (certificate !== undefined && key !== undefined) return ofFiles(certificate, key)
    throw new UsageError('a certificate is wanted: --certificate with --key, or --own-certificate with --configuration')
  }
  if (certificate !== undefined || key !== undefined)
    throw new UsageError('--own-certificate is instead of --certificate and --key')
  if (configuration === undefined) throw new UsageError('--own-certificate: --configuration says who has to trust it')
  return ofSecret(given, ownCertificate, configuration)
}

function ofFiles(certificate: string, key: string): Certificates {
  let held: Certificate | undefined
  const read = (option: string, path: string): Promise<string> =>
    readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new UsageError(`${option}: cannot read "${path}" (${error.code ?? error.message})`)
    })
  return {
    now: () => held,
    unready: () => undefined,
    look: async () => {
      held = { cert: await read('--certificate', certificate), key: await read('--key', key) }
    },
  }
}

function ofSecret(
  { options, io, log, client, namespace }: CertificatesGiven,
  secret: string,
  configuration: string,
): Certificates {
  const keeper = new CertificateKeeper({
    ...{ client, namespace, secret, configuration, now: io.now, ticks: io.ticks },
    names: namesOf(options.service, namespace),
    make: async (names, now) => (await import('../admission/make-generation.ts')).makeGeneration(names, now),
    wrote: (what, because) => log.warn({ because }, `wrote ${what}`),
  })
  return {
    now: () => keeper.held,
    look: () => keeper.look(),
    unready: () =>
      keeper.wasTold ? undefined : `${configuration} does not say yet that the certificate is to be trusted`,
  }
}

/** Between looks of one who has no certificate yet (ms). */
const hurry = 2_000

/**
 * The first one. Files have to be there; the API server may be away for a while.
 * @returns undefined if the signal was aborted before.
 * @throws UsageError if a file can't be read.
 */
export async function firstCertificate(
  certificates: Certificates,
  log: Logger,
  signal: AbortSignal,
): Promise<Certificate | undefined> {
  while (!signal.aborted) {
    const error = await certificates.look().then(
      () => undefined,
      (error: unknown) => error,
    )
    if (error instanceof UsageError) throw error
    if (error !== undefined)
      log.error(
        { because: error instanceof Error ? error.message : String(error) },
        'no certificate, or none that is trusted',
      )
    const certificate = certificates.now()
    if (certificate) return certificate
    await sleep(hurry, undefined, { signal }).catch(() => undefined)
  }
  return undefined
}

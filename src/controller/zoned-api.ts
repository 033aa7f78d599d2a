// What is asked of the API server for ZonedCronJobs, and what its refusals mean.
import type { Job } from 'kubernetes-types/batch/v1.js'
import { ApiError } from '../kubernetes/api-error.ts'
import type { Client } from '../kubernetes/client.ts'
import { isOwn, ownerLabel } from '../zoned-cronjob/jobs.ts'
import type { ZonedCronJob, ZonedCronJobStatus } from '../zoned-cronjob/zoned-cronjob.ts'

/** A namespace and a name. */
export interface Place {
  readonly namespace: string
  readonly name: string
}

export const keyOf = ({ namespace = '', name }: { readonly namespace?: string; readonly name: string }): string =>
  `${namespace}/${name}`

export function placeOf(key: string): Place {
  const [namespace = '', name = ''] = key.split('/')
  return { namespace, name }
}

export type Created =
  | { readonly job: Job }
  | { readonly refused: 'QuotaExceeded' | 'Refused'; readonly because: string }
  /** Its namespace is being deleted, or is gone: all of it will be soon. */
  | { readonly ends: true }

export class ZonedApi {
  readonly #client: Client
  /** Told of each request, for metrics. */
  readonly #asked: (what: string) => void

  constructor(client: Client, asked: (what: string) => void) {
    this.#client = client
    this.#asked = asked
  }

  /** As it is now; undefined if it is gone. @throws ApiError */
  async read(place: Place): Promise<ZonedCronJob | undefined> {
    return (await this.#found({ method: 'GET', path: pathOf(place) })) as ZonedCronJob | undefined
  }

  /** All Jobs that it may have made. @throws ApiError */
  async jobsOf({ namespace, name }: Place): Promise<readonly Job[]> {
    const jobs: Job[] = []
    let next: string | undefined
    do {
      const query = { labelSelector: `${ownerLabel}=${name}`, limit: '500', ...(next && { continue: next }) }
      const page = (await this.#ask({ method: 'GET', path: jobsPath(namespace), query })) as JobPage
      jobs.push(...(page.items ?? []))
      next = page.metadata?.continue || undefined
    } while (next !== undefined)
    return jobs
  }

  /**
   * Creates a Job. One of its name that this object made before, for which the answer was lost, is that one.
   * @throws ApiError if it may be so that it passes: no answer, 5xx but for webhooks, 429.
   */
  async create(zcj: ZonedCronJob, job: Job): Promise<Created> {
    const namespace = job.metadata?.namespace ?? ''
    try {
      return { job: (await this.#ask({ method: 'POST', path: jobsPath(namespace), body: job })) as Job }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.reason === 'AlreadyExists') return this.#existing(zcj, namespace, job.metadata?.name ?? '')
      return refusalOf(error)
    }
  }

  async #existing(zcj: ZonedCronJob, namespace: string, name: string): Promise<Created> {
    const found = (await this.#found({ method: 'GET', path: `${jobsPath(namespace)}/${name}` })) as Job | undefined
    if (found && isOwn(zcj, found)) return { job: found }
    return { refused: 'Refused', because: `there is a Job ${name} that somebody else made` }
  }

  /** Writes the status, if nobody wrote since. @returns what was written, or undefined. @throws ApiError */
  async writeStatus(place: Place, before: ZonedCronJob, status: ZonedCronJobStatus): Promise<ZonedCronJob | undefined> {
    // A merge patch leaves what it does not name: what is no more has to be null.
    const gone = Object.keys(before.status ?? {}).filter((key) => !(key in status))
    const body = {
      metadata: { resourceVersion: before.metadata?.resourceVersion },
      status: { ...Object.fromEntries(gone.map((key) => [key, null])), ...status },
    }
    const contentType = 'application/merge-patch+json'
    try {
      const path = `${pathOf(place)}/status`
      return (await this.#ask({ method: 'PATCH', path, contentType, body })) as ZonedCronJob
    } catch (error) {
      if (error instanceof ApiError && (error.status === 409 || error.status === 404)) return undefined
      throw error
    }
  }

  /** Deletes this very Job and its Pods. One that is gone, or another of its name, is left as it is. @throws ApiError */
  async delete(namespace: string, name: string, uid: string): Promise<void> {
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background', preconditions: { uid } }
    try {
      await this.#ask({ method: 'DELETE', path: `${jobsPath(namespace)}/${name}`, body })
    } catch (error) {
      if (!(error instanceof ApiError && (error.status === 404 || error.status === 409))) throw error
    }
  }

  async #found(ask: Parameters<Client['ask']>[0]): Promise<unknown> {
    try {
      return await this.#ask(ask)
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined
      throw error
    }
  }

  #ask(ask: Parameters<Client['ask']>[0]): Promise<unknown> {
    const what = ask.path.includes('/jobs') ? 'job' : ask.path.endsWith('/status') ? 'status' : 'zonedcronjob'
    this.#asked(`${ask.method.toLowerCase()} ${what}`)
    return this.#client.ask(ask)
  }
}

interface JobPage {
  readonly items?: readonly Job[]
  readonly metadata?: { readonly continue?: string }
}

const pathOf = ({ namespace, name }: Place): string =>
  `/apis/roadcrew.dev/v1/namespaces/${namespace}/zonedcronjobs/${name}`
const jobsPath = (namespace: string): string => `/apis/batch/v1/namespaces/${namespace}/jobs`

/**
 * A quota's refusal is a 403 like that of a missing right; only its text tells them apart (plugin/pkg/admission/resourcequota,
 * checkRequest: "exceeded quota"). Of a namespace that ends: admission/plugin/namespace/lifecycle. A webhook that does not answer is
 * a 500 (admission/plugin/webhook: "failed calling webhook"), but of these objects alone, and somebody has to hear of it.
 */
function refusalOf(error: ApiError): Created {
  const { status, message } = error
  const isOfWebhook = status === 500 && message.includes('failed calling webhook')
  const passes = status === 0 || status === 401 || status === 408 || status === 429 || status >= 500
  if (passes && !isOfWebhook) throw error
  if (status === 404 || /because it is being terminated/.test(message)) return { ends: true }
  return { refused: status === 403 && /exceeded quota/.test(message) ? 'QuotaExceeded' : 'Refused', because: message }
}

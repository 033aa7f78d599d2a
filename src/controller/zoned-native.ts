// What is asked of the API server for the CronJobs of `mode: native`, and what is known of them.
import type { CronJob } from 'kubernetes-types/batch/v1.js'
import { ApiError } from '../kubernetes/api-error.ts'
import type { Client } from '../kubernetes/client.ts'
import type { NativeStep, Unusable } from '../zoned-cronjob/native.ts'
import type { ZonedCronJob } from '../zoned-cronjob/zoned-cronjob.ts'
import type { Place } from './zoned-api.ts'
import { makerOf } from './zoned-jobs.ts'

/** So long (ms) it is believed that the API server takes no such CronJob: clusters are upgraded. */
const askedAgain = 600_000

interface Found {
  readonly unusable: Unusable
  readonly generation: number | undefined
  readonly until: number
}

/** Its CronJobs have these fields only from batch/v1 on. */
const pathOf = ({ namespace, name }: Place): string => `/apis/batch/v1/namespaces/${namespace}/cronjobs/${name}`
const listOf = ({ namespace }: Place): string => `/apis/batch/v1/namespaces/${namespace}/cronjobs`

export class NativeCronJobs {
  readonly #client: Client
  readonly #asked: (what: string) => void
  readonly #ticks: () => number
  /** By the uid of the ZonedCronJob that made it. */
  readonly #held = new Map<string, CronJob>()
  readonly #unusable = new Map<string, Found>()

  /** @param asked told of each request, for metrics. @param ticks ms on a clock that only goes forward. */
  constructor(client: Client, asked: (what: string) => void, ticks: () => number) {
    this.#client = client
    this.#asked = asked
    this.#ticks = ticks
  }

  of({ metadata }: ZonedCronJob): CronJob | undefined {
    return this.#held.get(metadata?.uid ?? '')
  }

  put(cronJob: CronJob): void {
    const maker = makerOf(cronJob)
    const { managedFields: _, ...metadata } = cronJob.metadata ?? {}
    if (maker) this.#held.set(maker.uid, { ...cronJob, metadata })
  }

  /** @param uid of the CronJob: another of its name may have come since. */
  remove(maker: string, uid: string): void {
    if (this.#held.get(maker)?.metadata?.uid === uid) this.#held.delete(maker)
  }

  /** The ZonedCronJob itself is gone. */
  forget({ metadata }: ZonedCronJob): void {
    this.#unusable.delete(metadata?.uid ?? '')
  }

  /** Why the API server did not take its CronJob when it was asked last; undefined if it should be asked. */
  unusable(zcj: ZonedCronJob): Unusable | undefined {
    return this.#found(zcj)?.unusable
  }

  /** When it is asked again, on the clock that only goes forward (ms); undefined if nothing stands against it. */
  asksAgainAt(zcj: ZonedCronJob): number | undefined {
    return this.#found(zcj)?.until
  }

  #found({ metadata }: ZonedCronJob): Found | undefined {
    const found = this.#unusable.get(metadata?.uid ?? '')
    return found && found.generation === metadata?.generation && found.until > this.#ticks() ? found : undefined
  }

  /** As it is now at the API server. @throws ApiError */
  async refresh(zcj: ZonedCronJob, place: Place): Promise<void> {
    const uid = zcj.metadata?.uid ?? ''
    try {
      const found = (await this.#ask('get', { method: 'GET', path: pathOf(place) })) as CronJob
      if (makerOf(found)?.uid === uid) this.put(found)
      else this.#held.delete(uid)
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error
      this.#held.delete(uid)
    }
  }

  /**
   * Takes a step, by the CronJob that is held.
   * @returns false if that is not how it is any more, or if it may not be made, which is noted. @throws ApiError
   */
  async take(zcj: ZonedCronJob, place: Place, step: NativeStep): Promise<boolean> {
    try {
      if (step.do === 'create CronJob') return await this.#create(zcj, place, step.cronJob)
      const held = this.of(zcj)
      if (!held) return false
      const isStatus = step.do === 'set last schedule'
      const body = isStatus ? lastScheduleSet(held, step.to) : edited(held, step)
      const path = `${pathOf(place)}${isStatus ? '/status' : ''}`
      this.put((await this.#ask('patch', { method: 'PATCH', path, body, contentType })) as CronJob)
      return true
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.status === 409 || error.status === 404) return false
      const isRefusal = error.status === 403 || error.status === 422 || error.status === 400
      if (!isRefusal) throw error
      this.#note(zcj, { reason: 'Refused', message: error.message })
      return false
    }
  }

  /** Asked without effect first: an API server of before 1.25 drops the zone without a word. */
  async #create(zcj: ZonedCronJob, place: Place, cronJob: CronJob): Promise<boolean> {
    const ask = { method: 'POST', path: listOf(place), body: cronJob } as const
    try {
      const tried = (await this.#ask('post', { ...ask, query: { dryRun: 'All' } })) as CronJob
      if (tried.spec?.timeZone === undefined) return this.#note(zcj, noTimeZone('does not keep'))
      this.put((await this.#ask('post', ask)) as CronJob)
      return true
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.status === 404) return this.#note(zcj, noTimeZone('has no batch/v1 for'))
      if (error.reason !== 'AlreadyExists') throw error
      await this.refresh(zcj, place)
      if (this.of(zcj)) return true
      const message = `there is a CronJob ${place.name} that somebody else made`
      return this.#note(zcj, { reason: 'NameTaken', message })
    }
  }

  #note({ metadata }: ZonedCronJob, unusable: Unusable): false {
    const { uid = '', generation } = metadata ?? {}
    this.#unusable.set(uid, { unusable, generation, until: this.#ticks() + askedAgain })
    return false
  }

  #ask(verb: string, ask: Parameters<Client['ask']>[0]): Promise<unknown> {
    this.#asked(`${verb} cronjob`)
    return this.#client.ask(ask)
  }
}

const noTimeZone = (how: string): Unusable => ({
  reason: 'NoTimeZone',
  message: `this API server ${how} the time zone of CronJobs (Kubernetes 1.25 and newer do)`,
})

const contentType = 'application/merge-patch+json'

const lastScheduleSet = ({ metadata }: CronJob, to: string): object => ({
  metadata: { resourceVersion: metadata?.resourceVersion },
  status: { lastScheduleTime: to },
})

/** A merge patch that names the whole spec: what the new one lacks is null, and of the template nothing stays behind. */
function edited({ metadata, spec }: CronJob, step: Extract<NativeStep, { do: 'edit CronJob' }>): object {
  return {
    metadata: { resourceVersion: metadata?.resourceVersion, annotations: step.annotations },
    spec: withoutRest(spec, step.spec),
  }
}

/** Deep: each key of `before` that `after` lacks becomes null. */
function withoutRest(before: unknown, after: unknown): unknown {
  if (!isObject(before) || !isObject(after)) return after
  const gone = Object.keys(before).filter((key) => !(key in after))
  const kept = Object.entries(after).map(([key, value]) => [key, withoutRest(before[key], value)])
  return Object.fromEntries([...gone.map((key) => [key, null]), ...kept])
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Of one that is gone only whose it was is needed. */
export const reducedCronJob = (object: unknown): unknown => {
  const { name, uid, ownerReferences } = (object as CronJob).metadata ?? {}
  return { metadata: { name, uid, ownerReferences } }
}

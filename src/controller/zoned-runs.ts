// Does for each ZonedCronJob what is decided of it. The order of writes is what a crash resumes from: a Job is created under the
// name of its run, then the mark is written under the resourceVersion that was read, then what is in the mark may be cleaned.
import type { CronJob, Job } from 'kubernetes-types/batch/v1.js'
import type { Regarding, Telling } from '../acting/events.ts'
import type { Zones } from '../contract/hazard.ts'
import { backOff } from '../kubernetes/back-off.ts'
import type { Happened } from '../kubernetes/informer.ts'
import { timeText } from '../objects/time.ts'
import type { Action } from '../zoned-cronjob/decide.ts'
import { doesAnything, heldByClock, refused } from '../zoned-cronjob/held-back.ts'
import { type Way, wayOf } from '../zoned-cronjob/native.ts'
import { conditionOf, markOf } from '../zoned-cronjob/status.ts'
import { spreadOf } from '../zoned-cronjob/timing.ts'
import { defaults, type ZonedCronJob, type ZonedCronJobStatus } from '../zoned-cronjob/zoned-cronjob.ts'
import type { Workers } from './workers.ts'
import { keyOf, type Place, placeOf, type ZonedApi } from './zoned-api.ts'
import { type ClockOptions, ZonedClock } from './zoned-clock.ts'
import { countsMissed, needsFresh } from './zoned-fresh.ts'
import { makerOf, ZonedJobs } from './zoned-jobs.ts'
import type { ZonedMetrics } from './zoned-metrics.ts'
import type { NativeCronJobs } from './zoned-native.ts'

export interface ZonedOptions extends ClockOptions {
  readonly api: ZonedApi
  readonly native: NativeCronJobs
  readonly zones: Zones
  /** From 0 to 1. */
  readonly random: () => number
  /** Asked right before each write. */
  readonly leads: () => boolean
  readonly tell: (telling: Telling) => void
  readonly metrics: ZonedMetrics
}

/** Somebody else writes too; after so many lost races in one turn the next one is left to the back-off. */
const mostConflicts = 5
/** Deleting is not urgent: so long (ms) lies between two deletions of finished Jobs, of whichever object. */
const betweenDeletes = 20

/** What a turn goes by. */
interface Held {
  zcj: ZonedCronJob
  /** It was read from the API server itself in this turn. */
  isFresh: boolean
  /** Its Jobs too. */
  hasJobs: boolean
  conflicts: number
}

type Creation = Extract<Action, { do: 'create' }>

export class ZonedRuns {
  readonly #options: ZonedOptions
  readonly #workers: () => Workers
  readonly #objects = new Map<string, ZonedCronJob>()
  /** What this one wrote last, until the informer shows it, and the versions of all that it wrote till then. */
  readonly #written = new Map<string, { readonly latest: ZonedCronJob; readonly versions: ReadonlySet<string> }>()
  readonly #jobs = new ZonedJobs()
  readonly #refusals = new Map<string, number>()
  /** Jobs of which no answer came: the request may still be on its way. */
  readonly #unanswered = new Map<string, Creation>()
  #isReady = false
  #nextDelete = 0
  readonly #clock: ZonedClock

  constructor(options: ZonedOptions, workers: () => Workers) {
    this.#options = options
    this.#workers = workers
    this.#clock = new ZonedClock(options)
  }

  /** What the informer of ZonedCronJobs saw. */
  changed({ what, item, object }: Happened): void {
    const key = keyOf(item.subject)
    if (what === 'gone') {
      const last = this.#objects.get(key)
      if (last) this.#options.native.forget(last)
      this.#objects.delete(key)
      this.#written.delete(key)
      this.#refusals.delete(key)
      this.#unanswered.delete(key)
      this.#show(placeOf(key), undefined)
      return
    }
    const zcj = object as ZonedCronJob
    this.#objects.set(key, zcj)
    const version = zcj.metadata?.resourceVersion ?? ''
    const written = this.#written.get(key)
    const isOwn = written?.versions.has(version) === true
    if (!isOwn || written.latest.metadata?.resourceVersion === version) this.#written.delete(key)
    // Of its own write nothing follows that the turn did not do.
    if (!isOwn) this.#soon(key)
  }

  /** What the informer of their Jobs saw. */
  jobChanged({ what, item, object }: Happened): void {
    const job = (what === 'gone' ? item.object : object) as Job
    const maker = makerOf(job)
    if (!maker) return
    if (what === 'gone') this.#jobs.remove(maker.uid, item.subject.uid ?? '')
    else this.#jobs.put(job)
    this.#soon(keyOf({ ...item.subject, name: maker.name }))
  }

  /** What the informer of the CronJobs that it made saw. */
  cronJobChanged({ what, item, object }: Happened): void {
    const cronJob = (what === 'gone' ? item.object : object) as CronJob
    const maker = makerOf(cronJob)
    if (!maker) return
    if (what === 'gone') this.#options.native.remove(maker.uid, item.subject.uid ?? '')
    else this.#options.native.put(cronJob)
    this.#soon(keyOf({ ...item.subject, name: maker.name }))
  }

  /** All Jobs are listed anew: what was known only from having created them may be gone unseen. */
  interrupted(known: readonly Job[]): void {
    this.#jobs.clear()
    for (const job of known) this.#jobs.put(job)
  }

  #soon(key: string): void {
    if (this.#isReady && this.#options.leads()) this.#workers().add(key)
  }

  /** This one leads now, and all of them and their Jobs are known: they are looked at. */
  lead(): void {
    this.#isReady = true
    for (const key of this.#objects.keys()) this.#workers().add(key)
  }

  resign(): void {
    this.#isReady = false
    this.#written.clear()
    this.#refusals.clear()
    this.#unanswered.clear()
    this.#options.metrics.resign()
  }

  /** To be called every second or so: after the clock was set, what is due is due at another time of the timers'. */
  watchClock(): void {
    if (this.#isReady && this.#clock.wasSet() && this.#options.leads()) this.lead()
  }

  /** Does what is to be done for one of them. @throws ApiError if that should be tried again. */
  async turn(key: string): Promise<void> {
    const { leads } = this.#options
    const zcj = this.#written.get(key)?.latest ?? this.#objects.get(key)
    if (!zcj || !this.#isReady || !leads()) return
    const held: Held = { zcj, isFresh: false, hasJobs: false, conflicts: 0 }
    if (!(await this.#answer(key, held))) return
    for (;;) {
      const { at, ahead } = this.#clock.read()
      const way = this.#way(held.zcj, at)
      // The answer to one more look tells the time too: it may be that the machine only slept.
      const needsJobs = !held.hasJobs && countsMissed(held.zcj, way)
      const isStale = needsJobs || (!held.isFresh && (ahead !== 0 || needsFresh(way)))
      if (ahead !== 0 && !isStale && doesAnything(way))
        return this.#hold(key, held, heldByClock(held.zcj, way, ahead, at))
      const went = isStale ? 'stale' : await this.#go(key, held, way)
      if (went === 'stale' && !(await this.#refresh(held, placeOf(key), needsJobs))) return
      if (went === 'stops' || went === 'rests') return
    }
  }

  /**
   * Asks once more for a Job of which no answer came, before anything else is decided: whenever the first request arrives, its name
   * keeps it from being a second one, and its run is started and not missed. @returns false if there is nothing to go on with.
   */
  async #answer(key: string, held: Held): Promise<boolean> {
    const creation = this.#unanswered.get(key)
    if (!creation) return true
    const { generation } = held.zcj.metadata ?? {}
    if (!(await this.#refresh(held, placeOf(key), true))) return false
    this.#unanswered.delete(key)
    const isWished = held.zcj.metadata?.generation === generation && held.zcj.metadata?.deletionTimestamp === undefined
    const isOpen = creation.run > markOf(held.zcj)
    return isWished && isOpen && this.#options.leads() ? this.#create(key, held, creation) : true
  }

  #way(zcj: ZonedCronJob, at: number): Way {
    const { native, zones } = this.#options
    const jobs = this.#jobs.of(zcj.metadata?.uid ?? '')
    return wayOf({ zcj, jobs, cronJob: native.of(zcj), unusable: native.unusable(zcj) }, at, zones)
  }

  /** `again`: there may be more to do at once. */
  async #go(key: string, held: Held, way: Way): Promise<'again' | 'rests' | 'stops' | 'stale'> {
    const { leads, ticks, native } = this.#options
    const place = placeOf(key)
    for (const step of way.steps) {
      if (!leads()) return 'stops'
      if (!(await native.take(held.zcj, place, step))) return 'stale'
    }
    const told = way.told === undefined ? [] : [tellOf(way.told)]
    if (!('decision' in way)) {
      for (const tell of told) this.#tell(held.zcj, tell)
      return 'again'
    }
    const { actions, again, wakesAt } = way.decision
    const went = await this.#all(key, held, [...actions, ...(actions.length > 0 ? told : [])])
    if (went !== 'done') return went
    this.#show(place, held.zcj.status)
    if (again) return 'again'
    if (wakesAt !== undefined) this.#workers().add(key, ticks() + Math.max(0, wakesAt - this.#clock.read().at))
    const asksAgain = native.asksAgainAt(held.zcj)
    if (asksAgain !== undefined) this.#workers().add(key, asksAgain)
    return 'rests'
  }

  /**
   * The object itself, and with Forbid and Replace its Jobs, as the API server has them now: what is held may be of before
   * another controller led, or before the owner suspended it. @param needsJobs with Allow too: a Job of which no answer came
   * may be there, and its run was not missed. @returns false if it is gone.
   */
  async #refresh(held: Held, place: Place, needsJobs: boolean): Promise<boolean> {
    const { api, native } = this.#options
    if (++held.conflicts > mostConflicts) throw new Error('it is written by somebody else all the time')
    const isAllowed = (held.zcj.spec.concurrencyPolicy ?? defaults.concurrencyPolicy) === 'Allow'
    const asksJobs = needsJobs || !isAllowed
    const [zcj, jobs] = await Promise.all([api.read(place), asksJobs ? api.jobsOf(place) : []])
    if (!zcj) return false
    if (zcj.spec.mode === 'native' || native.of(zcj)) await native.refresh(zcj, place)
    held.zcj = zcj
    held.isFresh = true
    held.hasJobs = asksJobs
    for (const job of jobs) this.#jobs.put(job)
    return true
  }

  async #all(key: string, held: Held, actions: readonly Action[]): Promise<'done' | 'stops' | 'stale'> {
    for (const action of actions) {
      if (!this.#options.leads()) return 'stops'
      if (action.do === 'tell') this.#tell(held.zcj, action)
      else if (action.do === 'delete') await this.#delete(held.zcj, action)
      else if (action.do === 'status') {
        if (!(await this.#write(key, held, action))) return 'stale'
      } else if (!(await this.#create(key, held, action))) return 'stops'
    }
    return 'done'
  }

  /** @returns false if it was refused, which is told and tried again later. */
  async #create(key: string, held: Held, creation: Creation): Promise<boolean> {
    const { api, now, metrics } = this.#options
    const { run, job } = creation
    this.#unanswered.set(key, creation)
    const created = await api.create(held.zcj, job)
    this.#unanswered.delete(key)
    if ('job' in created) {
      this.#jobs.put(created.job)
      this.#refusals.delete(key)
      metrics.started(placeOf(key).namespace, now() - run - spreadOf(held.zcj))
      this.#tell(held.zcj, {
        ...{ do: 'tell', type: 'Normal', reason: 'Started' },
        message: `Job ${job.metadata?.name} of the run planned for ${timeText(run)}`,
      })
      return true
    }
    if (!('ends' in created))
      await this.#hold(key, held, refused(held.zcj, run, created.refused, created.because, this.#clock.read().at))
    return false
  }

  /** Says why nothing is started, and comes back later. */
  async #hold(key: string, held: Held, actions: readonly Action[]): Promise<void> {
    const { ticks, random } = this.#options
    for (const action of actions) {
      if (action.do === 'status' && !(await this.#write(key, held, action))) break
      if (action.do === 'tell') this.#tell(held.zcj, action)
    }
    this.#show(placeOf(key), held.zcj.status)
    const failures = this.#refusals.get(key) ?? 0
    this.#refusals.set(key, failures + 1)
    this.#workers().add(key, ticks() + backOff(failures, { firstMs: 2_000, mostMs: 60_000, random }))
  }

  /** @returns false if somebody else wrote since it was read. */
  async #write(key: string, held: Held, { status }: Extract<Action, { do: 'status' }>): Promise<boolean> {
    const place = placeOf(key)
    const before = held.zcj.status?.missed?.count ?? 0
    const written = await this.#options.api.writeStatus(place, held.zcj, status)
    if (!written) {
      this.#written.delete(key)
      return false
    }
    held.zcj = written
    this.#note(key, written)
    const { count = 0, recent = [] } = status.missed ?? {}
    if (count > before)
      this.#options.metrics.missed(place.namespace, place.name, recent[0]?.reason ?? '', count - before)
    return true
  }

  /** The informer may have shown it before the answer came. */
  #note(key: string, latest: ZonedCronJob): void {
    const version = latest.metadata?.resourceVersion ?? ''
    if (this.#objects.get(key)?.metadata?.resourceVersion === version) return
    const { versions = new Set<string>() } = this.#written.get(key) ?? {}
    this.#written.set(key, { latest, versions: new Set([...versions, version]) })
  }

  async #delete(zcj: ZonedCronJob, { name, uid, why }: Extract<Action, { do: 'delete' }>): Promise<void> {
    const { api, ticks } = this.#options
    if (why === 'history' || why === 'ttl') {
      const at = Math.max(ticks(), this.#nextDelete)
      this.#nextDelete = at + betweenDeletes
      await new Promise((resolve) => setTimeout(resolve, at - ticks()))
    }
    await api.delete(zcj.metadata?.namespace ?? '', name, uid)
    this.#jobs.remove(zcj.metadata?.uid ?? '', uid)
  }

  #tell(zcj: ZonedCronJob, { type, reason, message }: Extract<Action, { do: 'tell' }>): void {
    this.#options.tell({ regarding: regarding(zcj), type, reason, message, at: this.#clock.read().at })
  }

  #show({ namespace, name }: Place, status: ZonedCronJobStatus | undefined): void {
    const [blocked, valid] = [conditionOf(status, 'Blocked'), conditionOf(status, 'Valid')]
    this.#options.metrics.blocked(namespace, name, blocked?.status === 'True' ? blocked.reason : undefined)
    this.#options.metrics.invalid(namespace, name, valid?.status === 'False' ? valid.reason : undefined)
  }
}

const tellOf = (message: string): Extract<Action, { do: 'tell' }> => ({
  ...{ do: 'tell', type: 'Normal', reason: 'Mode', message },
})

const regarding = ({ metadata }: ZonedCronJob): Regarding => ({
  kind: 'ZonedCronJob',
  apiVersion: 'roadcrew.dev/v1',
  name: metadata?.name ?? '',
  uid: metadata?.uid ?? '',
  ...(metadata?.namespace !== undefined && { namespace: metadata.namespace }),
})

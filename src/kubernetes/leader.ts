// Who of several leads, by a Lease. As client-go's leader election has it (tools/leaderelection/leaderelection.go): who holds
// the lease renews it; whoever saw it unchanged for as long as it says, by its own clock that only goes forward, takes it.
// The times in the lease are for people: clocks of two machines are never compared.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Lease } from 'kubernetes-types/coordination/v1.js'
import { ApiError } from './api-error.ts'
import type { Client } from './client.ts'

/** Times in ms. The defaults are those of kube-controller-manager. */
export interface Election {
  readonly leaseMs: number
  /** Who could not renew for so long leads no more: earlier than anybody else may think so. */
  readonly renewMs: number
  readonly retryMs: number
}

export const usualElection: Election = { leaseMs: 15_000, renewMs: 10_000, retryMs: 2_000 }

/** What was last seen of a lease, and when by one's own clock (ticks, ms). */
export interface Observed {
  readonly spec: NonNullable<Lease['spec']>
  readonly ticks: number
}

/** A lease that says the same as before was not renewed: it is as old as when it was first seen so. */
export function observe(before: Observed | undefined, spec: Observed['spec'], ticks: number): Observed {
  const says = ({ holderIdentity, renewTime, acquireTime, leaseTransitions }: Observed['spec']): string =>
    JSON.stringify([holderIdentity, renewTime, acquireTime, leaseTransitions])
  return before && says(before.spec) === says(spec) ? before : { spec, ticks }
}

/** Whether somebody else holds it, so that it can't be taken. */
export function isHeldByOther({ spec, ticks: since }: Observed, identity: string, ticks: number): boolean {
  const { holderIdentity = '', leaseDurationSeconds = 0 } = spec
  return holderIdentity !== '' && holderIdentity !== identity && ticks < since + leaseDurationSeconds * 1000
}

/** What to write to take or renew it. `now`: ms UTC. */
export function claim(
  before: Observed['spec'] | undefined,
  identity: string,
  now: number,
  leaseMs: number,
): Observed['spec'] {
  const time = microTime(now)
  const isOwn = before?.holderIdentity === identity
  return {
    holderIdentity: identity,
    leaseDurationSeconds: leaseMs / 1000,
    acquireTime: (isOwn && before.acquireTime) || time,
    renewTime: time,
    leaseTransitions: (before?.leaseTransitions ?? 0) + (before && !isOwn ? 1 : 0),
  }
}

/** metav1.MicroTime: RFC 3339 with six digits. */
const microTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z')

export interface LeaderOptions {
  /** Of its own, with no second tries: those are made here, in time. */
  readonly client: Client
  readonly namespace: string
  /** The lease's. */
  readonly name: string
  readonly identity: string
  /** ms UTC, and ms on a clock that only goes forward. */
  readonly now: () => number
  readonly ticks: () => number
  /** From 0 to 1. */
  readonly random: () => number
  readonly election?: Election
  /** Told when this one begins or ceases to lead, and who is seen to. */
  readonly changed: (leads: boolean, holder: string | undefined) => void
  /** Told why the lease could not be read or written. */
  readonly failed: (because: string) => void
}

/** How much longer than `retryMs` it waits by chance while another leads. */
const jitter = 0.2

export class Leader {
  readonly #options: LeaderOptions
  readonly #election: Election
  readonly #path: string
  #observed: Observed | undefined
  #version: string | undefined
  /** Until when it leads (ticks), if it is not renewed: counted from before the request, since its answer may be long on its way. */
  #until = Number.NEGATIVE_INFINITY
  #told: { leads: boolean; holder: string | undefined } = { leads: false, holder: undefined }

  constructor(options: LeaderOptions) {
    this.#options = options
    this.#election = options.election ?? usualElection
    this.#path = `/apis/coordination.k8s.io/v1/namespaces/${options.namespace}/leases`
  }

  /** Asked right before each act: a process that stood still for a while does not lead any more, whatever it remembers. */
  get leads(): boolean {
    return this.#options.ticks() < this.#until
  }

  /** Takes, renews or waits for the lease until the signal is aborted. Does not release it: see `release`. */
  async run(signal: AbortSignal): Promise<void> {
    const { retryMs } = this.#election
    while (!signal.aborted) {
      await this.round().catch((error: unknown) => {
        if (!(error instanceof ApiError)) throw error
        this.#options.failed(error.message)
      })
      this.#tell()
      const wait = this.leads ? retryMs : retryMs * (1 + jitter * this.#options.random())
      await sleep(wait, undefined, { signal }).catch(() => undefined)
    }
  }

  /** One attempt. @throws ApiError if the lease can't be read or written. */
  async round(): Promise<void> {
    const { client, identity, ticks, now } = this.#options
    const began = ticks()
    const lease = await this.#read()
    if (lease) {
      this.#version = lease.metadata?.resourceVersion
      this.#observed = observe(this.#observed, lease.spec ?? {}, ticks())
      if (isHeldByOther(this.#observed, identity, ticks())) {
        this.#until = Number.NEGATIVE_INFINITY
        return
      }
    }
    const spec = claim(lease?.spec, identity, now(), this.#election.leaseMs)
    try {
      if (lease) await this.#write(spec)
      else await client.ask({ method: 'POST', path: this.#path, body: this.#leaseOf(spec) })
    } catch (error) {
      // Somebody else was faster: the next round sees whom.
      if (error instanceof ApiError && error.status === 409) return
      throw error
    }
    this.#observed = { spec, ticks: ticks() }
    this.#until = began + this.#election.renewMs
  }

  /** Lets the others lead at once. To be called when nothing is done any more. Never throws: the lease expires anyway. */
  async release(): Promise<void> {
    if (!this.leads) return
    this.#until = Number.NEGATIVE_INFINITY
    const time = microTime(this.#options.now())
    const { leaseTransitions = 0 } = this.#observed?.spec ?? {}
    // As client-go does it: nobody holds it, and what is left of it is over in a second.
    const spec = { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: time, renewTime: time, leaseTransitions }
    try {
      const lease = await this.#read()
      if (lease?.spec?.holderIdentity !== this.#options.identity) return
      this.#version = lease.metadata?.resourceVersion
      await this.#write(spec)
    } catch (error) {
      this.#options.failed(error instanceof Error ? error.message : String(error))
    }
    this.#tell()
  }

  async #read(): Promise<Lease | undefined> {
    const { client, name } = this.#options
    try {
      return (await client.ask({ method: 'GET', path: `${this.#path}/${name}` })) as Lease
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined
      throw error
    }
  }

  /** With the version that was read, a merge patch is refused if anybody wrote in between. */
  async #write(spec: Partial<Observed['spec']>): Promise<void> {
    const { client, name } = this.#options
    const body = { metadata: { resourceVersion: this.#version }, spec }
    const contentType = 'application/merge-patch+json'
    await client.ask({ method: 'PATCH', path: `${this.#path}/${name}`, contentType, body })
  }

  #leaseOf(spec: Observed['spec']): Lease {
    const { namespace, name } = this.#options
    return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace }, spec }
  }

  #tell(): void {
    const [leads, holder] = [this.leads, this.#observed?.spec.holderIdentity || undefined]
    if (leads === this.#told.leads && holder === this.#told.holder) return
    this.#told = { leads, holder }
    this.#options.changed(leads, holder)
  }
}

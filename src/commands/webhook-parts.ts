// What the webhook is made of: what it watches, by which policy and release it judges, and what it says of it.
import type { Logger } from 'pino'
import { readPolicy } from '../acting/policy-source.ts'
import { AdmissionMetrics } from '../admission/admission-metrics.ts'
import { isSpared, type Request, type Reviewed, review } from '../admission/review.ts'
import { admittedHazards, contextKinds, kubeletRelease, withoutManagers } from '../admission/reviewed.ts'
import type { Kind, Version, Zones } from '../contract/hazard.ts'
import { defaultPolicy, type Mode, modeOf, type Policy } from '../engine/policy.ts'
import { settingsBy } from '../engine/policy-settings.ts'
import { hazards as catalogue } from '../hazards/index.ts'
import type { Client } from '../kubernetes/client.ts'
import { serverVersion } from '../kubernetes/discovery.ts'
import { heldWorld } from '../kubernetes/held-world.ts'
import { Informer } from '../kubernetes/informer.ts'
import { namespaces, nodes } from '../objects/kinds.ts'
import { oldest, parseVersion } from '../objects/version.ts'
import type { Io } from './io.ts'
import { policyOfFile } from './policy-facts.ts'
import type { WebhookOptions } from './webhook.ts'

export interface WebhookGiven {
  readonly options: WebhookOptions
  readonly io: Io
  readonly log: Logger
  readonly client: Client
  readonly namespace: string
  readonly zones: Zones
  /** For how long (ms) the certificate is still valid. */
  readonly certificateLeft: () => number | undefined
  /** Ends the informers. */
  readonly ends: AbortSignal
}

/** A policy that could not be read for so long (ms) is not gone by any more. */
const policyLasts = 60_000
/** Between two lines of it (ms). */
const distrustToldEvery = 60_000

export class WebhookParts {
  readonly #given: WebhookGiven
  readonly #hazards = admittedHazards(catalogue)
  /** As the policy says, which was read last. */
  #settings: Readonly<Record<string, unknown>>
  readonly #metrics: AdmissionMetrics
  readonly #nodes: Informer
  readonly #namespaces: Informer
  readonly informers: readonly Informer[]
  #policy: { readonly policy: Policy; readonly ticks: number } | undefined
  #server: Version | undefined
  /** Of the kubelets; undefined: to be looked at again. A review comes more often than a node changes. */
  #kubelets: readonly (Version | undefined)[] | undefined
  #toldOfDistrust = Number.NEGATIVE_INFINITY

  /** @throws UsageError if the policy's file is no policy. */
  constructor(given: WebhookGiven) {
    this.#given = given
    this.#metrics = new AdmissionMetrics(given.certificateLeft)
    const { options } = given
    this.#settings = settingsBy(defaultPolicy, this.#hazards)
    if (options.policy !== undefined) {
      this.#take(policyOfFile(options.policy), Number.POSITIVE_INFINITY)
    }
    this.#nodes = this.#informer(nodes, kubeletRelease, () => {
      this.#kubelets = undefined
    })
    this.#namespaces = this.#informer(namespaces, withoutManagers)
    const others = contextKinds(this.#hazards).filter(({ kind }) => kind !== nodes.kind && kind !== namespaces.kind)
    this.informers = [this.#nodes, this.#namespaces, ...others.map((kind) => this.#informer(kind, withoutManagers))]
  }

  get registry(): AdmissionMetrics['registry'] {
    return this.#metrics.registry
  }

  /** Why it can't judge yet; undefined if it can. */
  unready(): string | undefined {
    const waits = this.informers.filter(({ synced }) => !synced).map(({ kind }) => kind.kind)
    if (waits.length > 0) return `not listed yet: ${waits.join(', ')}`
    return this.#version() ? undefined : 'the releases of API server and kubelets are not known yet'
  }

  /** Reads policy and release anew. @throws ApiError if one can't be read, Error of what is wrong in the policy. */
  async refresh(): Promise<void> {
    const { client, namespace, options, io } = this.#given
    this.#server = (await serverVersion(client)) ?? this.#server
    if (options.policy !== undefined) return
    this.#take((await readPolicy(client, namespace, catalogue)).policy, io.ticks())
  }

  #take(policy: Policy, ticks: number): void {
    this.#policy = { policy, ticks }
    this.#settings = settingsBy(policy, this.#hazards)
  }

  /** @throws Error if it can't be judged. */
  review(request: Request): Promise<Reviewed> {
    const { client, io, zones } = this.#given
    const version = this.#version()
    const unready = this.unready()
    if (!version || unready) throw new Error(unready)
    const { namespace } = request
    return review(request, {
      ...{ hazards: this.#hazards, settings: this.#settings, zones, version, now: io.now(), ticks: io.ticks() },
      world: heldWorld({ name: client.name, version, informers: this.informers, namespace }),
      mode: (hazard) => this.#mode(hazard, namespace),
    })
  }

  reviewed(request: Request, reviewed: Reviewed, ms: number): void {
    this.#metrics.reviewed(request, reviewed, ms)
    const { kind, namespace, name, dryRun } = request
    const { patch } = reviewed
    if (patch.length > 0) this.#given.log.info({ kind, namespace, name, patch, ...(dryRun && { dryRun }) }, 'audit')
  }

  failed(because: string): void {
    this.#metrics.failed()
    this.#given.log.error({ because }, 'could not review')
  }

  strayed(): void {
    this.#metrics.strayed()
  }

  distrusted(because: string): void {
    this.#metrics.distrusted()
    const ticks = this.#given.io.ticks()
    if (ticks - this.#toldOfDistrust < distrustToldEvery) return // one for each Pod would be too many
    this.#toldOfDistrust = ticks
    this.#given.log.error({ because }, 'a client does not trust the certificate')
  }

  /** The oldest counts: who runs the Pod has to know what is written as well as who stores it. */
  #version(): Version | undefined {
    this.#kubelets ??= [...new Set(this.#nodes.items().map(({ object }) => String(object)))].map(parseVersion)
    return oldest([this.#server, ...this.#kubelets])
  }

  #mode(hazard: string, namespace: string): Mode {
    const { options, io } = this.#given
    const policy = this.#policy && io.ticks() - this.#policy.ticks < policyLasts ? this.#policy.policy : defaultPolicy
    if (policy.paused || policy.protectedNamespaces.includes(namespace) || this.#isSpared(namespace)) return 'observe'
    return modeOf(policy, hazard, undefined, options.mode, { namespace })
  }

  /** As for all that acts: the annotation on a namespace holds for all in it. */
  #isSpared(namespace: string): boolean {
    return isSpared(this.#namespaces.get(namespace)?.object)
  }

  #informer(kind: Kind<unknown>, keep: (object: unknown) => unknown, happened = (): void => {}): Informer {
    const { client, ends, io, log } = this.#given
    return new Informer({
      ...{ client, kind, signal: ends, ticks: io.ticks, random: Math.random, keep },
      happened,
      failed: (because, anew) => log.warn({ kind: kind.kind, because, anew }, 'a watch ended'),
    })
  }
}

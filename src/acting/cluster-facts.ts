// What rails need to know from the API server, read when a step is about to be taken. What can't be read keeps the value
// that was read before, with its age: rails hold back once it is too old.
import type { Namespace, Node, Pod } from 'kubernetes-types/core/v1.js'
import type { OwnerReference } from 'kubernetes-types/meta/v1.js'
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js'
import type { Kind, Subject } from '../contract/hazard.ts'
import type { Known } from '../engine/policy-document.ts'
import { spareAnnotation } from '../engine/rails.ts'
import type { Done, ObjectFacts, PodFacts, Read } from '../engine/situation.ts'
import { subjectKey } from '../engine/subjects.ts'
import { ApiError } from '../kubernetes/api-error.ts'
import type { Client } from '../kubernetes/client.ts'
import { Discovery } from '../kubernetes/discovery.ts'
import type { PodIdentity } from '../linux/container.ts'
import { originOf } from '../objects/origin.ts'
import { readBudget } from './budget.ts'
import { isSamePod, type OwnerSeen, podFacts } from './pod-facts.ts'
import { type PolicyRead, readPolicy } from './policy-source.ts'

export interface ClusterFactsOptions {
  readonly client: Client
  /** The namespace of Roadcrew's own policy and budget. */
  readonly namespace: string
  /** Where it is of one. */
  readonly node?: string
  readonly hazards: readonly Known[]
  /** ms UTC. */
  readonly now: () => number
  /** ms, monotonic. */
  readonly ticks: () => number
  /** Told when something could not be read, and (undefined) when it could again. */
  readonly unreadable: (what: string, because: string | undefined) => void
}

export class ClusterFacts {
  readonly #options: ClusterFactsOptions
  readonly #discovery: Discovery
  readonly #known = new Map<string, Read<unknown>>()

  constructor(options: ClusterFactsOptions) {
    this.#options = options
    this.#discovery = new Discovery(options.client)
  }

  policy(): Promise<Read<PolicyRead> | undefined> {
    const { client, namespace, hazards } = this.#options
    return this.#read('policy', 'policy', () => readPolicy(client, namespace, hazards))
  }

  done(): Promise<Read<readonly Done[]> | undefined> {
    const { client, namespace } = this.#options
    return this.#read('budget', 'budget', () => readBudget(client, namespace))
  }

  async labels(): Promise<Readonly<Record<string, string>> | undefined> {
    const path = `/api/v1/nodes/${this.#options.node}`
    const read = await this.#read('node', 'node', () => this.#get<Node>(path))
    return read?.value?.metadata?.labels ?? (read && {})
  }

  /** An object of a kind that may be changed. */
  objectOf(kinds: readonly Kind<unknown>[], subject: Subject): Promise<Read<ObjectFacts> | undefined> {
    return this.#read('object', `object ${subjectKey(subject)}`, () => this.#object(kinds, subject))
  }

  async #object(kinds: readonly Kind<unknown>[], subject: Subject): Promise<ObjectFacts> {
    const { namespace: space = '', name } = subject
    const kind = kinds.find((one) => one.kind === subject.kind)
    const served = kind && (await this.#discovery.served(kind))
    if (!served) throw new Error(`a ${subject.kind} is not among what may be changed, or not served`)
    const [object, namespace] = await Promise.all([
      this.#get<Namespace>(`${served.prefix}/namespaces/${space}/${served.resource}/${name}`),
      this.#get<Namespace>(`/api/v1/namespaces/${space}`),
    ])
    const spare = namespace?.metadata?.annotations?.[spareAnnotation]
    const ofNamespace = spare === undefined ? {} : { [spareAnnotation]: spare }
    const { fixAt } = originOf(object)
    const annotations = { ...ofNamespace, ...object?.metadata?.annotations }
    return { namespace: space, name, annotations, ...(fixAt !== undefined && { keptBy: fixAt }) }
  }

  pod(identity: PodIdentity): Promise<Read<PodFacts> | undefined> {
    return this.#read('pod', `pod ${identity.uid}`, () => this.#pod(identity))
  }

  async #pod(identity: PodIdentity): Promise<PodFacts> {
    const { namespace: space, name } = identity
    const [pod, namespace, budgets] = await Promise.all([
      this.#get<Pod>(`/api/v1/namespaces/${space}/pods/${name}`),
      this.#get<Namespace>(`/api/v1/namespaces/${space}`),
      this.#budgets(space),
    ])
    const same = pod && isSamePod(pod, identity) ? pod : 'gone'
    const maker = same === 'gone' ? undefined : same.metadata?.ownerReferences?.find((one) => one.controller)
    const owner = maker && (await this.#owner(space, maker))
    return podFacts(identity, { pod: same, namespace, budgets, ...(owner && { owner }) }, this.#options.now())
  }

  /** policy/v1 from 1.21 on, v1beta1 before. */
  async #budgets(space: string): Promise<readonly PodDisruptionBudget[]> {
    type List = { readonly items: readonly PodDisruptionBudget[] }
    const path = (version: string) => `/apis/policy/${version}/namespaces/${space}/poddisruptionbudgets`
    const list = (await this.#get<List>(path('v1'))) ?? (await this.#get<List>(path('v1beta1')))
    if (!list) throw new Error('PodDisruptionBudgets are served in no version')
    return list.items
  }

  /** A courtesy to people: without the right to read it, or for a kind that is not known, nothing is said of it. */
  async #owner(space: string, { apiVersion, kind, name }: OwnerReference): Promise<OwnerSeen | undefined> {
    const resource = { ReplicaSet: 'replicasets', StatefulSet: 'statefulsets', DaemonSet: 'daemonsets' }[kind]
    if (resource === undefined || apiVersion !== 'apps/v1') return undefined
    return this.#get<OwnerSeen>(`/apis/apps/v1/namespaces/${space}/${resource}/${name}`).catch(() => undefined)
  }

  /** Undefined if there is none. */
  async #get<T>(path: string): Promise<T | undefined> {
    try {
      return (await this.#options.client.ask({ method: 'GET', path })) as T
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined
      throw error
    }
  }

  async #read<T>(what: string, key: string, read: () => Promise<T>): Promise<Read<T> | undefined> {
    const { ticks, unreadable } = this.#options
    try {
      const known = { value: await read(), ticks: ticks() }
      this.#known.set(key, known)
      unreadable(what, undefined)
      this.#forgetOld()
      return known
    } catch (error) {
      unreadable(what, error instanceof Error ? error.message : String(error))
      return this.#known.get(key) as Read<T> | undefined
    }
  }

  /** Pods come and go. */
  #forgetOld(): void {
    for (const [key, { ticks }] of this.#known) if (this.#options.ticks() - ticks > 600_000) this.#known.delete(key)
  }
}

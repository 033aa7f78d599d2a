// Makes objects for others, so that it is done once however often whoever does it is cut off.
import type { Creation, Json, Kind, Path, Step, Subject } from '../contract/hazard.ts'
import type { Arm } from '../contract/world.ts'
import { applyChanges, sameValue, valueAt } from '../objects/changes.ts'
import { isJsonMap } from '../objects/json.ts'
import { ApiError } from './api-error.ts'
import type { Client } from './client.ts'
import { Discovery, type Served } from './discovery.ts'

/** What is looked at of an object of the API. */
interface Seen {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata?: {
    readonly name?: string
    readonly namespace?: string
    readonly uid?: string
    readonly resourceVersion?: string
    readonly deletionTimestamp?: string
    readonly annotations?: Readonly<Record<string, string>>
    readonly ownerReferences?: readonly { readonly uid?: string; readonly controller?: boolean }[]
  }
  readonly status?: {
    readonly conditions?: readonly { readonly type?: string; readonly status?: string }[]
    readonly [field: string]: unknown
  }
}

/** What is to be written next. `clear`: the note is all that is left of it; `held`: what is said then. */
export type Write =
  | { readonly write: 'note' | 'object' | 'status' }
  | { readonly write: 'clear'; readonly held?: string }
  | 'done'
  | { readonly held: string }

/**
 * One step further from whatever is there: each write is the last before which one can be cut off.
 * @param target as it is now; undefined: gone.
 * @param made what is there under the name of the object.
 */
export function nextWrite(step: Creation, target: Seen | undefined, made: Seen | undefined): Write {
  const whose = `${step.target.kind} ${step.target.name}`
  const { uid, deletionTimestamp, annotations } = target?.metadata ?? {}
  if (!target || deletionTimestamp !== undefined) return { held: `${whose} is gone, or about to be` }
  if (step.target.uid !== undefined && uid !== step.target.uid) {
    return { held: `${whose} was made anew since it was looked at` }
  }
  const isNoted = annotations?.[step.note.key] === step.note.value
  if (!made) return beforeMade(step, target, isNoted)
  const isOwn = made.metadata?.ownerReferences?.some((one) => one.uid === uid && one.controller === true)
  if (!isOwn) return { held: `another ${made.kind ?? 'object'} has the name ${made.metadata?.name}` }
  // Where somebody else moved the status on it stays as it is, but for the reference to what was made.
  const isSaid = step.changes.every(({ path, after }) => sameValue(valueAt(target, path), after))
  const isMoved = 'held' in applyChanges(target, step.changes)
  const isSettled = (isSaid || isMoved) && (isFinished(made) || isReferred(target, step.refer, made))
  return isSettled ? (isNoted ? { write: 'clear' } : 'done') : { write: 'status' }
}

function beforeMade({ given, changes }: Creation, target: Seen, isNoted: boolean): Write {
  const before = applyChanges(target, changes)
  const edited = given.find(({ path, value }) => !sameValue(valueAt(target, path), value))
  const held = 'held' in before ? before.held : edited && `${edited.path.join('.')} was changed since it was looked at`
  if (held !== undefined) return isNoted ? { write: 'clear', held } : { held }
  return { write: isNoted ? 'object' : 'note' }
}

/** A Job's conditions. */
const isFinished = ({ status }: Seen): boolean =>
  (status?.conditions ?? []).some(({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True')

const referredIn = (target: Seen, refer: Path): readonly Json[] => {
  const list = valueAt(target, refer)
  return Array.isArray(list) ? (list as readonly Json[]) : []
}

const isReferred = (target: Seen, refer: Path, { metadata }: Seen): boolean =>
  referredIn(target, refer).some((one) => isJsonMap(one) && one.uid === metadata?.uid)

/** What the status is to say: refused by the server if anybody wrote since `target` was read. */
export function statusPatch(step: Creation, target: Seen, made: Seen): Json {
  const applies = 'object' in applyChanges(target, step.changes)
  const changes: [Path, Json | undefined][] = applies ? step.changes.map(({ path, after }) => [path, after]) : []
  if (!isFinished(made) && !isReferred(target, step.refer, made)) {
    changes.push([step.refer, [...referredIn(target, step.refer), referenceTo(made)]])
  }
  return patchOf(target, step.note.key, null, changes)
}

/** As controllers write it (client-go's reference.GetReference). */
const referenceTo = ({ apiVersion = '', kind = '', metadata = {} }: Seen): Json => {
  const { namespace = '', name = '', uid = '', resourceVersion = '' } = metadata
  return { apiVersion, kind, namespace, name, uid, resourceVersion }
}

function patchOf(
  { metadata }: Seen,
  key: string,
  note: string | null,
  changes: readonly (readonly [Path, Json | undefined])[] = [],
): Json {
  const body: { [key: string]: Json } = {
    metadata: { resourceVersion: metadata?.resourceVersion ?? '', annotations: { [key]: note } },
  }
  for (const [path, value] of changes) {
    let at: { [key: string]: Json } = body
    for (const part of path.slice(0, -1)) {
      const inner: { [key: string]: Json } = { ...(isJsonMap(at[part]) ? at[part] : {}) }
      at[part] = inner
      at = inner
    }
    at[String(path.at(-1))] = value ?? null
  }
  return body
}

/** So often others may be faster. */
const mostTries = 6
/** Of its own: an entry of managedFields that is of no spec tells nothing of when that was changed. */
const fieldManager = 'roadcrew-controller'

export interface CreateOptions {
  readonly client: Client
  /** What may be made, and for what. */
  readonly kinds: readonly Kind<unknown>[]
  /** Asked right before each write: why it may not be done by now. */
  readonly mayNot: () => string | undefined
}

/**
 * Writes only to the target's status subresource: that takes annotations too where it is a built-in kind of Kubernetes (its
 * PrepareForUpdate restores nothing but the spec: pkg/registry/batch/cronjob/strategy.go), and so no right on specs is needed.
 */
export function createArm({ client, kinds, mayNot }: CreateOptions): Arm {
  const discovery = new Discovery(client)
  const served = async (kind: string): Promise<Served | undefined> => {
    const known = kinds.find((one) => one.kind === kind)
    return known && discovery.served(known)
  }
  return {
    does: 'create',
    async apply(step) {
      if (!isCreation(step)) throw new Error(`an arm that creates was given ${step.do}`)
      const { source } = step.target
      if (!('cluster' in source) || source.cluster !== client.name) {
        return { held: `${step.target.kind} ${step.target.name} is not in the cluster ${client.name}` }
      }
      try {
        const [target, object] = [await served(step.target.kind), await served(kindOf(step))]
        if (!target || !object) return { held: `a ${kindOf(step)} is not among what may be made, or not served` }
        return await new Creating(client, mayNot, step, target, object).run()
      } catch (error) {
        if (error instanceof ApiError) return { held: error.message }
        throw error
      }
    },
  }
}

const isCreation = (step: Step): step is Extract<Step, { do: 'create' }> => step.do === 'create'
const kindOf = ({ object }: Creation): string => (isJsonMap(object) ? String(object.kind) : '')
const nameOf = ({ object }: Creation): string => {
  const metadata = isJsonMap(object) ? object.metadata : undefined
  return isJsonMap(metadata) ? String(metadata.name) : ''
}

class Creating {
  readonly #client: Client
  readonly #mayNot: CreateOptions['mayNot']
  readonly #step: Creation
  readonly #owner: Served
  readonly #paths: { readonly target: string; readonly objects: string }

  constructor(client: Client, mayNot: CreateOptions['mayNot'], step: Creation, owner: Served, object: Served) {
    this.#client = client
    this.#mayNot = mayNot
    this.#step = step
    this.#owner = owner
    const at = ({ prefix, resource }: Served, { namespace }: Subject): string =>
      `${prefix}/namespaces/${namespace}/${resource}`
    this.#paths = { target: `${at(owner, step.target)}/${step.target.name}`, objects: at(object, step.target) }
  }

  async run(): Promise<'done' | { readonly held: string }> {
    for (let tries = 0; tries < mostTries; tries++) {
      const [target, made] = await Promise.all([
        this.#get(this.#paths.target),
        this.#get(`${this.#paths.objects}/${nameOf(this.#step)}`),
      ])
      const next = nextWrite(this.#step, target, made)
      if (next === 'done' || !('write' in next) || !target) return next === 'done' || !('write' in next) ? next : 'done'
      const why = this.#mayNot()
      if (why !== undefined) return { held: why }
      const wrote = await this.#write(next.write, target, made)
      if (wrote && next.write === 'clear') return next.held === undefined ? 'done' : { held: next.held }
    }
    return { held: `others wrote to ${this.#step.target.kind} ${this.#step.target.name} all the time` }
  }

  /** False: somebody else was faster, so all has to be looked at again. @throws ApiError if it is refused. */
  async #write(what: Exclude<Write, 'done' | { held: string }>['write'], target: Seen, made?: Seen): Promise<boolean> {
    const { note } = this.#step
    try {
      if (what === 'object') await this.#post(target)
      else if (what === 'status' && made) await this.#patch(statusPatch(this.#step, target, withKind(made, this.#step)))
      else {
        const wanted = what === 'note' ? note.value : undefined
        const answer = await this.#patch(patchOf(target, note.key, wanted ?? null))
        const kept = answer.metadata?.annotations?.[note.key]
        if (kept !== wanted) throw new ApiError(0, '', `the API server takes no annotation ${note.key} with a status`)
      }
      return true
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) return false
      throw error
    }
  }

  async #post(target: Seen): Promise<void> {
    const { object, target: subject } = this.#step
    const { metadata, ...rest } = isJsonMap(object) ? object : {}
    const owner = {
      apiVersion: this.#owner.apiVersion,
      kind: subject.kind,
      name: subject.name,
      uid: target.metadata?.uid,
      controller: true,
      blockOwnerDeletion: true,
    }
    const own = { ...(isJsonMap(metadata) ? metadata : {}), namespace: subject.namespace, ownerReferences: [owner] }
    const body = { ...rest, metadata: own }
    await this.#client.ask({ method: 'POST', path: this.#paths.objects, query: { fieldManager }, body })
  }

  async #patch(body: Json): Promise<Seen> {
    const path = `${this.#paths.target}/status`
    const contentType = 'application/merge-patch+json'
    return (await this.#client.ask({ method: 'PATCH', path, query: { fieldManager }, contentType, body })) as Seen
  }

  async #get(path: string): Promise<Seen | undefined> {
    try {
      return (await this.#client.ask({ method: 'GET', path })) as Seen
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined
      throw error
    }
  }
}

/** An answer says its kind; a fake or an old server's may not. */
const withKind = (made: Seen, { object }: Creation): Seen => {
  const { apiVersion, kind } = isJsonMap(object) ? object : {}
  return { apiVersion: String(apiVersion), kind: String(kind), ...made }
}

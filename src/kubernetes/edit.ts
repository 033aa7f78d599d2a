import type { Change, Kind, Step, Subject } from '../contract/hazard.ts'
import type { Arm } from '../contract/world.ts'
import { applyChanges, recordedChanges, valueAt } from '../objects/changes.ts'
import { type Operation, operationsOf } from '../objects/json-patch.ts'
import { ApiError } from './api-error.ts'
import type { Client } from './client.ts'
import { Discovery, type Served } from './discovery.ts'

type Edit = Extract<Step, { do: 'edit' }>

const isEdit = (step: Step): step is Edit => step.do === 'edit'

export interface EditOptions {
  /** Asked right before each write: why it may not be done by now. */
  readonly mayNot?: () => string | undefined
  /** Lets the API server say first what it would make of all patches of a step (dryRun, 1.18): what it refuses or drops is not begun. */
  readonly triesFirst?: boolean
}

/**
 * Applies edits to objects of a cluster as JSON patches (RFC 6902) that test every field's `before` and the object's
 * resourceVersion, so that nothing is written over what somebody else wrote meanwhile. Changes of the status go to the
 * status subresource, and first: if they are refused, the spec stays as it was.
 * @param kinds what may be written: a step for anything else is held.
 */
export function editArm(
  client: Client,
  kinds: readonly Kind<unknown>[],
  { mayNot = () => undefined, triesFirst = false }: EditOptions = {},
): Arm {
  const discovery = new Discovery(client)
  return {
    does: 'edit',
    async apply(step) {
      if (!isEdit(step)) throw new Error(`an arm for edits was given ${step.do}`)
      const { source } = step.target
      if (!('cluster' in source) || source.cluster !== client.name) {
        return { held: `${step.target.kind} ${step.target.name} is not in the cluster ${client.name}` }
      }
      try {
        const kind = kinds.find((one) => one.kind === step.target.kind)
        const served = kind && (await discovery.served(kind))
        if (!served) return { held: `${step.target.kind} is not among what may be written, or not served` }
        return (await edit({ client, mayNot, triesFirst }, step, served)) ?? 'done'
      } catch (error) {
        if (error instanceof ApiError) return { held: error.message }
        throw error
      }
    },
  }
}

interface Writer extends Required<EditOptions> {
  readonly client: Client
}

async function edit(writer: Writer, { target, changes }: Edit, served: Served): Promise<{ held: string } | undefined> {
  const { namespace, name } = target
  const path = `${served.prefix}/${served.namespaced ? `namespaces/${namespace}/` : ''}${served.resource}/${name}`
  const patches = bySubresource(changes).filter(([, some]) => some.length > 0)
  for (const isTrial of writer.triesFirst ? [true, false] : [false]) {
    for (const [subresource, some] of patches) {
      const held = await patch(writer, { target, path: `${path}${subresource}`, object: path, isTrial }, some)
      if (held !== undefined) return { held: isTrial ? `tried on the server: ${held}` : held }
    }
  }
  return undefined
}

const bySubresource = (changes: readonly Change[]): readonly (readonly [string, readonly Change[]])[] => [
  ['/status', changes.filter(isOfStatus)],
  ['', changes.filter((one) => !isOfStatus(one))],
]

/**
 * Roadcrew's own notes go with the status: built-in kinds take annotations there (their PrepareForUpdate restores only the
 * spec, as in pkg/registry/batch/cronjob/strategy.go), and who writes them needs no right on specs.
 */
const isOfStatus = ({ path: [first, second, key] }: Change): boolean =>
  first === 'status' || (first === 'metadata' && second === 'annotations' && String(key).startsWith('roadcrew.dev/'))

/** `object`: where it is read; `path`: where it is written. */
interface Place {
  readonly target: Subject
  readonly object: string
  readonly path: string
  readonly isTrial: boolean
}

/** Why it was held, if it was. */
async function patch(
  { client, mayNot }: Writer,
  { target, path, object: at, isTrial }: Place,
  changes: readonly Change[],
): Promise<string | undefined> {
  const object = await client.ask({ method: 'GET', path: at })
  const metadata = (object as { metadata?: { resourceVersion?: string; uid?: string } }).metadata ?? {}
  if (target.uid !== undefined && metadata.uid !== target.uid)
    return `${target.kind} ${target.name} was made anew since it was looked at`
  const applied = applyChanges(object, changes)
  if ('held' in applied) return applied.held
  const why = mayNot()
  if (why !== undefined) return why
  const body: Operation[] = [
    { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
    ...recordedChanges(object, changes).flatMap(operationsOf),
  ]
  const answer = await client
    .ask({
      method: 'PATCH',
      path,
      query: { fieldManager: 'roadcrew', ...(isTrial && { dryRun: 'All' }) },
      contentType: 'application/json-patch+json',
      body,
    })
    .catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.status !== 0 || isTrial) throw error
      throw new ApiError(0, error.reason, `${error.message}; the edit may have been made all the same`)
    })
  const dropped = changes.find(({ path: field, after }) => after !== undefined && valueAt(answer, field) === undefined)
  return dropped && `the API server dropped ${dropped.path.join('.')}; its release may not know that field`
}

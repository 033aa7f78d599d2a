import type { Job } from 'kubernetes-types/batch/v1.js'
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js'
import type { Kind, Step } from '../contract/hazard.ts'
import type { Arm } from '../contract/world.ts'
import { endOf } from '../objects/finished.ts'
import { jobs } from '../objects/kinds.ts'
import { ApiError } from './api-error.ts'
import type { Client } from './client.ts'
import { Discovery, type Served } from './discovery.ts'

type Delete = Extract<Step, { do: 'delete' }>

const isDelete = (step: Step): step is Delete => step.do === 'delete'

export interface DeleteOptions {
  /** Hold back every step that may end what runs. */
  readonly onlyFinished?: true
}

/**
 * Deletes objects of a cluster, on the condition that uid and resourceVersion are still those that it has just looked at
 * (DeleteOptions.preconditions, meta/v1), so that nothing is deleted that was made anew or went on meanwhile. What belongs to it
 * follows in the background: a finalizer such as foregroundDeletion could keep it.
 * @param kinds what may be deleted: a step for anything else is held.
 */
export function deleteArm(client: Client, kinds: readonly Kind<unknown>[], { onlyFinished }: DeleteOptions = {}): Arm {
  const discovery = new Discovery(client)
  return {
    does: 'delete',
    async apply(step) {
      if (!isDelete(step)) throw new Error(`an arm for deletes was given ${step.do}`)
      const { source, kind: wanted, name } = step.target
      if (!('cluster' in source) || source.cluster !== client.name) {
        return { held: `${wanted} ${name} is not in the cluster ${client.name}` }
      }
      if (onlyFinished && !step.finished) return { held: `it may end a ${wanted} that runs, which is for people` }
      try {
        const kind = kinds.find((one) => one.kind === wanted)
        const served = kind && (await discovery.served(kind))
        if (!served) return { held: `${wanted} is not among what may be deleted, or not served` }
        return (await remove(client, step, served)) ?? 'done'
      } catch (error) {
        if (error instanceof ApiError) return { held: error.message }
        throw error
      }
    },
  }
}

/** Why it was held, if it was. @throws ApiError if the server refuses it: 409 where it was not as it was looked at any more. */
async function remove(client: Client, step: Delete, served: Served): Promise<{ held: string } | undefined> {
  const { namespace, name, kind, uid } = step.target
  const path = `${served.prefix}/${served.namespaced ? `namespaces/${namespace}/` : ''}${served.resource}/${name}`
  const object = (await client.ask({ method: 'GET', path })) as { readonly metadata?: ObjectMeta }
  const { metadata = {} } = object
  if (uid !== undefined && metadata.uid !== uid) return { held: `${kind} ${name} was made anew since it was looked at` }
  if (metadata.deletionTimestamp !== undefined) return { held: `${kind} ${name} is being deleted already` }
  if (step.finished && !hasFinished(kind, object)) return { held: `${kind} ${name} has not finished` }
  await client
    .ask({
      method: 'DELETE',
      path,
      body: {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        preconditions: { uid: metadata.uid, resourceVersion: metadata.resourceVersion },
        propagationPolicy: 'Background',
      },
    })
    .catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.status !== 0) throw error
      throw new ApiError(0, error.reason, `${error.message}; it may have been deleted all the same`)
    })
  return undefined
}

/** Of a kind that is not known to finish, nothing has. */
const hasFinished = (kind: string, object: object): boolean => kind === jobs.kind && endOf(object as Job) !== undefined

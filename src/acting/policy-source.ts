// Where the policy stands: a ConfigMap of the cluster, fit for Git, or a file. The pause is a note on the same ConfigMap, so
// that whoever keeps the policy in Git does not take it back unknowingly.
import type { ConfigMap } from 'kubernetes-types/core/v1.js'
import { parseDocument } from 'yaml'
import { defaultPolicy, type Policy } from '../engine/policy.ts'
import { type Known, policyOf } from '../engine/policy-document.ts'
import { ApiError } from '../kubernetes/api-error.ts'
import type { Client } from '../kubernetes/client.ts'

export const policyName = 'roadcrew-policy'
const key = 'policy.yaml'
/** Says since when and by whom all agents and controllers hold still. */
export const pausedAnnotation = 'roadcrew.dev/paused'

export interface PolicyRead {
  readonly policy: Policy
  /** What the pause says; undefined: none. */
  readonly paused?: string
  /** Where it was read; undefined: there is none, so that everything is only observed. */
  readonly from?: string
}

type Catalogue = readonly Known[]

export const policyPath = (namespace: string): string => `/api/v1/namespaces/${namespace}/configmaps/${policyName}`

/** @throws Error naming the ConfigMap and what is wrong in it; ApiError if it can't be read. */
export async function readPolicy(client: Client, namespace: string, hazards: Catalogue): Promise<PolicyRead> {
  const map = await configMap(client, namespace)
  if (!map) return { policy: defaultPolicy }
  const from = `ConfigMap ${namespace}/${policyName}`
  const policy = policyFrom(map.data?.[key] ?? '', `${from}, ${key}`, hazards)
  const paused = map.metadata?.annotations?.[pausedAnnotation]
  if (paused === undefined) return { policy, from }
  return { policy: { ...policy, paused: true }, paused, from }
}

/** For people: a policy that is wrong is what they came to see, with what pauses it. @throws ApiError if it can't be read. */
export async function readPolicyOrWrong(
  client: Client,
  namespace: string,
  hazards: Catalogue,
): Promise<PolicyRead | { readonly wrong: string; readonly paused?: string }> {
  try {
    return await readPolicy(client, namespace, hazards)
  } catch (error) {
    if (error instanceof ApiError || !(error instanceof Error)) throw error
    const paused = (await configMap(client, namespace))?.metadata?.annotations?.[pausedAnnotation]
    return { wrong: error.message, ...(paused !== undefined && { paused }) }
  }
}

async function configMap(client: Client, namespace: string): Promise<ConfigMap | undefined> {
  try {
    return (await client.ask({ method: 'GET', path: policyPath(namespace) })) as ConfigMap
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}

/** Reads a policy's YAML. @param from where it stands. @throws Error naming it, and the line or the field that is wrong. */
export function policyFrom(text: string, from: string, hazards: Catalogue): Policy {
  const document = parseDocument(text, { prettyErrors: true })
  const [error] = document.errors
  if (error) throw new Error(`${from}: ${error.message.split('\n')[0]}`)
  const result = policyOf(document.toJS(), hazards)
  if ('wrong' in result) throw new Error(`${from}: ${result.wrong.join('; ')}`)
  return result.policy
}

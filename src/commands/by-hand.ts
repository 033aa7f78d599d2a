// What a person does by hand goes through the executor and its rails all the same: what they are told there.
import { Events, type Regarding } from '../acting/events.ts'
import { type PolicyRead, readPolicy } from '../acting/policy-source.ts'
import type { Kind, Subject } from '../contract/hazard.ts'
import { defaultPolicy, type Policy } from '../engine/policy.ts'
import { spareAnnotation } from '../engine/rails.ts'
import type { Done, ObjectFacts, Situation } from '../engine/situation.ts'
import { hazards as catalogue } from '../hazards/index.ts'
import { ApiError } from '../kubernetes/api-error.ts'
import type { Client } from '../kubernetes/client.ts'
import { Discovery } from '../kubernetes/discovery.ts'
import { originOf } from '../objects/origin.ts'
import { type Io, ownNamespace } from './io.ts'

/** The policy of the cluster. Who may not read Roadcrew's namespace, as application teams, is not kept from what kubectl would do. */
export async function policyByHand(client: Client, io: Io): Promise<PolicyRead> {
  try {
    return await readPolicy(client, ownNamespace({}, io), catalogue)
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return { policy: defaultPolicy }
    throw error
  }
}

/** When and what is for a person to say; a pause, opt-outs, protected namespaces and rates hold for people too. */
export const askedFor = (policy: Policy, hazards: readonly string[]): Policy => ({
  ...policy,
  windows: [],
  hazards: Object.fromEntries(hazards.map((id) => [id, { mode: 'act' as const }])),
})

/** What rails ask of an object, as it is now. @param done by this hand so far. */
export function situationByHand(
  { subject, object }: { readonly subject: Subject; readonly object: ObjectFacts },
  policy: Policy,
  done: readonly Done[],
  io: Io,
): Situation {
  const ticks = io.ticks()
  return {
    ...{ now: io.now(), ticks, node: undefined, pod: undefined, subject },
    policy: { value: policy, ticks },
    done: { value: done, ticks },
    object: { value: object, ticks },
  }
}

type Annotated = { readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> } }

/** Reads what rails ask of an object of a cluster. @throws ApiError if it can't be read. */
export class ObjectsByHand {
  readonly #client: Client
  readonly #discovery: Discovery
  readonly #spares = new Map<string, Promise<Readonly<Record<string, string>>>>()

  constructor(client: Client) {
    this.#client = client
    this.#discovery = new Discovery(client)
  }

  /** @param kinds of which the subject is one. */
  async factsOf(
    kinds: readonly Kind<unknown>[],
    { kind: name, namespace = '', ...subject }: Subject,
  ): Promise<ObjectFacts> {
    const kind = kinds.find((one) => one.kind === name)
    const served = kind && (await this.#discovery.served(kind))
    if (!served) throw new Error(`a ${name} is not among what may be changed, or not served`)
    const within = served.namespaced ? `namespaces/${namespace}/` : ''
    const path = `${served.prefix}/${within}${served.resource}/${subject.name}`
    const object = (await this.#client.ask({ method: 'GET', path })) as Annotated
    const spare = served.namespaced ? await this.#spareOf(namespace) : {}
    const { fixAt } = originOf(object)
    const annotations = { ...spare, ...object.metadata?.annotations }
    return { namespace, name: subject.name, annotations, ...(fixAt !== undefined && { keptBy: fixAt }) }
  }

  /** As the cluster serves the kind, for Events. */
  async apiVersionOf(kinds: readonly Kind<unknown>[], name: string): Promise<string> {
    const kind = kinds.find((one) => one.kind === name)
    const served = kind && (await this.#discovery.served(kind))
    return served ? served.prefix.replace(/^\/apis?\//, '') : 'v1'
  }

  #spareOf(namespace: string): Promise<Readonly<Record<string, string>>> {
    const known = this.#spares.get(namespace) ?? this.#readSpare(namespace)
    this.#spares.set(namespace, known)
    return known
  }

  async #readSpare(namespace: string): Promise<Readonly<Record<string, string>>> {
    try {
      const path = `/api/v1/namespaces/${namespace}`
      const says = ((await this.#client.ask({ method: 'GET', path })) as Annotated).metadata?.annotations?.[
        spareAnnotation
      ]
      return says === undefined ? {} : { [spareAnnotation]: says }
    } catch (error) {
      if (error instanceof ApiError && error.status === 403) return {}
      throw error
    }
  }
}

/** Leaves an Event on what was done by hand. Never throws: it is done by then. */
export async function tellByHand(
  regarding: Regarding,
  {
    reason,
    message,
    at,
    command,
  }: { readonly reason: string; readonly message: string; readonly at: number; readonly command: string },
  client: Client,
  io: Io,
): Promise<void> {
  const events = new Events({
    client,
    source: { component: 'roadcrew', controller: `roadcrew.dev/${command}`, instance: io.env.HOSTNAME ?? 'roadcrew' },
    dropped: () => undefined,
  })
  events.add({ regarding, type: 'Normal', reason, message, at })
  await events.flush()
}

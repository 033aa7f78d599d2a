// Conditions of the node, for who drains or alerts by them: there while something is wrong, gone otherwise. They are taken
// back by the check that set them and when the agent leaves, since platforms delete nodes over conditions that stay
// (kubernetes/node-problem-detector#474).
import type { Node } from 'kubernetes-types/core/v1.js'
import type { Judged } from '../engine/look.ts'
import { subjectText } from '../engine/subjects.ts'
import type { Client } from '../kubernetes/client.ts'
import { timeText } from '../objects/time.ts'

const prefix = 'Roadcrew'

export interface ConditionWanted {
  readonly type: string
  readonly reason: string
  readonly message: string
}

/**
 * The conditions that hold by one look: of what is happening and grave, since a first suspicion comes and goes. A hazard that
 * could not judge some of its subjects keeps the condition that it has.
 * @param known the types that are set now.
 * @returns what holds now, and the types that stay as they are.
 */
export function conditionsOf(
  judged: readonly Judged[],
  known: ReadonlySet<string>,
): { readonly holds: readonly ConditionWanted[]; readonly stays: readonly string[] } {
  const types = new Set(
    judged.flatMap(({ hazard }) => hazard.condition ?? []).filter((type) => type.startsWith(prefix)),
  )
  const holds: ConditionWanted[] = []
  const stays: string[] = []
  for (const type of types) {
    const own = judged.filter(({ hazard }) => hazard.condition === type)
    const grave = own.flatMap(graveReasons)
    const [first] = grave
    if (first) {
      const names = [...new Set(grave.map(({ subject }) => subject))]
      const message = `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`
      holds.push({ type, reason: camelCase(first.reason), message })
    } else if (known.has(type) && own.some(({ verdict }) => verdict.verdict === 'unknown')) {
      stays.push(type)
    }
  }
  return { holds, stays }
}

function graveReasons({
  hazard,
  subject,
  verdict,
}: Judged): readonly { readonly reason: string; readonly subject: string }[] {
  if (verdict.verdict !== 'found') return []
  const grave = verdict.findings.filter(
    ({ state, severity = hazard.severity }) =>
      state === 'occurring' && (severity === 'high' || severity === 'critical'),
  )
  return grave.map(({ reason }) => ({ reason, subject: subjectText(subject) }))
}

/** `shim-stopped` as conditions have it: `ShimStopped`. */
const camelCase = (reason: string): string =>
  reason.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())

export class Conditions {
  readonly #client: Client
  readonly #path: string
  /** What is set, as it was last written; undefined until it was read. */
  #set: Map<string, string> | undefined

  constructor(client: Client, node: string) {
    this.#client = client
    this.#path = `/api/v1/nodes/${node}`
  }

  /** Writes what changed. @param now ms UTC. @throws ApiError */
  async round(judged: readonly Judged[], now: number): Promise<void> {
    this.#set ??= await this.#read()
    const { holds, stays } = conditionsOf(judged, new Set(this.#set.keys()))
    const left = new Set([...stays, ...holds.map(({ type }) => type)])
    const gone = [...this.#set.keys()].filter((type) => !left.has(type))
    const changed = holds.filter((one) => this.#set?.get(one.type) !== textOf(one))
    if (gone.length === 0 && changed.length === 0) return
    await this.#write(changed, gone, now)
    for (const type of gone) this.#set.delete(type)
    for (const one of changed) this.#set.set(one.type, textOf(one))
  }

  /** Takes all of them back. @throws ApiError */
  async close(now: number): Promise<void> {
    const all = [...(this.#set?.keys() ?? [])]
    if (all.length > 0) await this.#write([], all, now)
    this.#set = undefined
  }

  /** Those that an earlier agent left. */
  async #read(): Promise<Map<string, string>> {
    const { status } = (await this.#client.ask({ method: 'GET', path: this.#path })) as Node
    const own = (status?.conditions ?? []).filter(({ type }) => type.startsWith(prefix))
    return new Map(own.map(({ type, reason = '', message = '' }) => [type, textOf({ reason, message })]))
  }

  /** Conditions are merged by their type. */
  async #write(changed: readonly ConditionWanted[], gone: readonly string[], now: number): Promise<void> {
    const time = timeText(now)
    const conditions = [
      ...changed.map((one) => ({ ...one, status: 'True', lastHeartbeatTime: time, lastTransitionTime: time })),
      ...gone.map((type) => ({ type, $patch: 'delete' })),
    ]
    const contentType = 'application/strategic-merge-patch+json'
    await this.#client.ask({
      method: 'PATCH',
      path: `${this.#path}/status`,
      contentType,
      body: { status: { conditions } },
    })
  }
}

const textOf = ({ reason, message }: Pick<ConditionWanted, 'reason' | 'message'>): string => `${reason}: ${message}`

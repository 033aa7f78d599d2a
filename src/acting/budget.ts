// The budgets of the whole cluster, as Leases: one for each act that is allowed within an hour, for each status that may be
// corrected and each run that may be started within a minute. To act, one takes a Lease that nobody took for that long; the API server sees to it that no two take the same. What they say is the history that
// rates and cool-downs are counted from, which so survives a restart.
import type { Lease } from 'kubernetes-types/coordination/v1.js'
import { type Budget, budgets, freePlaces, type Rate } from '../engine/budgets.ts'
import type { Done } from '../engine/situation.ts'
import { ApiError } from '../kubernetes/api-error.ts'
import type { Client } from '../kubernetes/client.ts'
import { timeOf } from '../objects/time.ts'

const label = 'roadcrew.dev/budget'
/** Other agents take places too: after so many lost races it is left for the next round. */
const mostTries = 5

const annotations = {
  subject: 'roadcrew.dev/subject',
  step: 'roadcrew.dev/step',
  text: 'roadcrew.dev/text',
  outcome: 'roadcrew.dev/outcome',
}

/** One act as the budget knows it. */
export interface Entry extends Done {
  /** For people: what was to be done to whom. */
  readonly text: string
  /** Undefined while it is being done, or if whoever did it never said. */
  readonly outcome?: string
}

const leases = (namespace: string): string => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`

/** @throws ApiError */
async function places(client: Client, namespace: string): Promise<readonly Lease[]> {
  const query = { labelSelector: label }
  const { items } = (await client.ask({ method: 'GET', path: leases(namespace), query })) as { items: Lease[] }
  return items
}

/** What was done lately by anybody in the cluster, newest first. @throws ApiError if it can't be read. */
export async function readBudget(client: Client, namespace: string): Promise<readonly Entry[]> {
  return (await places(client, namespace)).flatMap((lease) => entryOf(lease) ?? []).toSorted((a, b) => b.at - a.at)
}

function entryOf({ metadata, spec }: Lease): Entry | undefined {
  const at = timeOf(spec?.renewTime)
  if (at === undefined) return undefined
  const { [annotations.subject]: subject = '', [annotations.step]: step = '' } = metadata?.annotations ?? {}
  const { [annotations.text]: text = '', [annotations.outcome]: outcome } = metadata?.annotations ?? {}
  const budget = budgetIn(metadata?.labels)
  return {
    at,
    ...(budget && budget !== 'act' && { budget }),
    node: spec?.holderIdentity ?? '',
    subject,
    step,
    text,
    ...(outcome && { outcome }),
  }
}

const budgetIn = (labels: Readonly<Record<string, string>> = {}): Budget | undefined =>
  budgets.find((one) => one === labels[label])

/**
 * Takes one of so many places for an act that is about to be done.
 * @returns the place's name, or why there is none. Never throws: what can't be read is no leave.
 */
export async function takePlace(
  client: Client,
  namespace: string,
  entry: Entry,
  rate: Rate,
): Promise<{ readonly place: string } | { readonly full: string }> {
  try {
    const taken = new Map((await places(client, namespace)).map((lease) => [lease.metadata?.name ?? '', lease]))
    const times = new Map([...taken].map(([name, { spec }]) => [name, timeOf(spec?.renewTime) ?? 0]))
    const free = freePlaces(`roadcrew-${entry.budget ?? 'act'}-`, rate, times, entry.at)
    // Each begins elsewhere, so that agents which act at once seldom meet.
    const start = free.length > 0 ? Math.floor(Math.random() * free.length) : 0
    for (const name of [...free.slice(start), ...free.slice(0, start)].slice(0, mostTries)) {
      if (await take(client, namespace, name, taken.get(name), entry, rate)) return { place: name }
    }
    return {
      full:
        free.length === 0
          ? `all ${rate.most} places of this ${rate.withinMs >= 3_600_000 ? 'hour' : 'minute'} are taken`
          : 'other agents were faster',
    }
  } catch (error) {
    return { full: `the budget can not be read or written: ${error instanceof Error ? error.message : String(error)}` }
  }
}

/** False if somebody else was faster. */
async function take(
  client: Client,
  namespace: string,
  name: string,
  before: Lease | undefined,
  { at, node, subject, step, text, budget = 'act' }: Entry,
  { withinMs }: Rate,
): Promise<boolean> {
  const time = new Date(at).toISOString().replace('Z', '000Z') // a MicroTime
  const spec = { holderIdentity: node, acquireTime: time, renewTime: time, leaseDurationSeconds: withinMs / 1000 }
  const notes = {
    [annotations.subject]: subject,
    [annotations.step]: step,
    [annotations.text]: text,
    [annotations.outcome]: null,
  }
  const metadata = { name, labels: { [label]: budget }, annotations: notes }
  try {
    if (before === undefined) {
      const { [annotations.outcome]: _, ...first } = notes
      const body = {
        kind: 'Lease',
        apiVersion: 'coordination.k8s.io/v1',
        metadata: { ...metadata, annotations: first },
        spec,
      }
      await client.ask({ method: 'POST', path: leases(namespace), body })
    } else {
      // With the version that was read, a merge patch is refused if anybody wrote in between.
      const body = { metadata: { ...metadata, resourceVersion: before.metadata?.resourceVersion }, spec }
      await client.ask({ method: 'PATCH', path: `${leases(namespace)}/${name}`, contentType: merge, body })
    }
    return true
  } catch (error) {
    if (error instanceof ApiError && error.status === 409) return false
    throw error
  }
}

const merge = 'application/merge-patch+json'

/** Notes how an act ended, for people. @throws ApiError */
export async function noteOutcome(client: Client, namespace: string, place: string, outcome: string): Promise<void> {
  const body = { metadata: { annotations: { [annotations.outcome]: outcome.slice(0, 500) } } }
  await client.ask({ method: 'PATCH', path: `${leases(namespace)}/${place}`, contentType: merge, body })
}

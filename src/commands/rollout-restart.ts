// Restarts a workload as `kubectl rollout restart` does: a person asks for it, and it goes through the executor and its rails all the same.
import { z } from 'zod'
import { Events } from '../acting/events.ts'
import { type PolicyRead, readPolicy } from '../acting/policy-source.ts'
import type { Change, Finding, Hazard, Json, Subject } from '../contract/hazard.ts'
import { seen } from '../contract/verdicts.ts'
import { type Audit, execute } from '../engine/executor.ts'
import type { Judged } from '../engine/look.ts'
import { defaultPolicy } from '../engine/policy.ts'
import { spareAnnotation } from '../engine/rails.ts'
import type { Situation } from '../engine/situation.ts'
import { hazards as catalogue } from '../hazards/index.ts'
import { ApiError } from '../kubernetes/api-error.ts'
import type { Client } from '../kubernetes/client.ts'
import { editArm } from '../kubernetes/edit.ts'
import { recordedChanges, valueAt } from '../objects/changes.ts'
import { timeText } from '../objects/time.ts'
import type { Workload } from '../rollout/workload.ts'
import { type Io, ownNamespace } from './io.ts'
import { type RolloutPlace, readWorkload } from './rollout-place.ts'

/** What kubectl writes (kubectl, pkg/polymorphichelpers/objectrestarter.go). */
const restartedAt = ['spec', 'template', 'metadata', 'annotations', 'kubectl.kubernetes.io/restartedAt']

/** No hazard of the catalogue: what the executor is told of a restart that somebody asked for. */
const asked: Hazard = {
  id: 'restart-that-was-asked-for',
  title: 'A restart that was asked for',
  severity: 'low',
  reasons: {},
  settings: z.object({}),
  steps: { restart: 'Rolls the workload out anew' },
}

/** What it will do, for who is asked before. */
export function restartText({ kind, namespace, name, workload }: RolloutPlace, cluster: string): string {
  const { spec } = workload
  const replicas = spec?.replicas === undefined ? '' : `, ${spec.replicas} replicas`
  const { type, rollingUpdate } = spec?.strategy ?? spec?.updateStrategy ?? {}
  const how = type === undefined ? '' : `, ${type}${rollingUpdate ? ` ${JSON.stringify(rollingUpdate)}` : ''}`
  return `${kind.kind} ${namespace}/${name} in ${cluster}${replicas}${how}: all of its Pods are replaced`
}

/** @returns what became of it. @throws ApiError if the workload can't be read. */
export async function restart(place: RolloutPlace, client: Client, io: Io): Promise<Audit> {
  const judge = async (): Promise<Judged> =>
    judged(place, await readWorkload(client, place.path, place.subject.name), io.now())
  const policy = await policyOf(client, io)
  const audits = await execute([await judge()], {
    arms: [editArm(client, [place.kind])],
    ceiling: 'act',
    situation: () => situationOf(place, client, io, policy),
    again: async () => [await judge()],
    tried: () => new Set(),
    record: (audit) => tell(audit, place.subject, client, io),
  })
  const [audit] = audits
  if (!audit) throw new Error('the restart was only observed') // the mode of this hazard is always act
  return audit
}

function judged({ subject }: RolloutPlace, workload: Workload, now: number): Judged {
  const change: Change = {
    path: restartedAt,
    before: valueAt(workload, restartedAt) as Json | undefined,
    after: timeText(now),
  }
  const finding: Finding = {
    reason: 'asked',
    state: 'occurring',
    fact: 'a restart was asked for',
    evidence: [seen('restarted', change.before ?? 'never', subject, ...restartedAt)],
    remedy: [
      {
        ...{ do: 'edit', name: 'restart', why: 'it was asked for', target: subject },
        changes: recordedChanges(workload, [change]),
      },
    ],
  }
  return {
    hazard: asked,
    vantage: 'cluster',
    subject,
    verdict: { verdict: 'found', findings: [finding] },
    origin: {},
  }
}

/** Who may not read Roadcrew's namespace, as application teams, is not kept from a restart that kubectl would make. */
async function policyOf(client: Client, io: Io): Promise<PolicyRead> {
  try {
    return await readPolicy(client, ownNamespace({}, io), catalogue)
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return { policy: defaultPolicy }
    throw error
  }
}

/** When to restart is for a person to say; a pause, opt-outs and protected namespaces hold for people too. */
async function situationOf(place: RolloutPlace, client: Client, io: Io, read: PolicyRead): Promise<Situation> {
  const { namespace, name } = place
  const ticks = io.ticks()
  const workload = await readWorkload(client, place.path, name)
  const spare = await namespaceSpare(client, namespace)
  const annotations = { ...spare, ...workload.metadata?.annotations }
  const policy = { ...read.policy, windows: [], hazards: { [asked.id]: { mode: 'act' as const } } }
  return {
    ...{ now: io.now(), ticks, node: undefined, pod: undefined, subject: place.subject },
    policy: { value: policy, ticks },
    done: { value: [], ticks },
    object: { value: { namespace, name, annotations }, ticks },
  }
}

async function namespaceSpare(client: Client, namespace: string): Promise<Readonly<Record<string, string>>> {
  try {
    const path = `/api/v1/namespaces/${namespace}`
    const object = (await client.ask({ method: 'GET', path })) as Workload
    const says = object.metadata?.annotations?.[spareAnnotation]
    return says === undefined ? {} : { [spareAnnotation]: says }
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return {}
    throw error
  }
}

async function tell(audit: Audit, { kind, name, namespace, uid = '' }: Subject, client: Client, io: Io): Promise<void> {
  if (audit.outcome !== 'done') return
  const events = new Events({
    client,
    source: { component: 'roadcrew', controller: 'roadcrew.dev/rollout', instance: io.env.HOSTNAME ?? 'roadcrew' },
    dropped: () => undefined,
  })
  const regarding = { kind, apiVersion: 'apps/v1', name, ...(namespace && { namespace }), uid }
  const message = 'was restarted by roadcrew rollout, which measures the requests that are lost meanwhile'
  events.add({ regarding, type: 'Normal', reason: 'RoadcrewRestarted', message, at: audit.at })
  await events.flush()
}

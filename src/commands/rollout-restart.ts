// Restarts a workload as `kubectl rollout restart` does: a person asks for it, and it goes through the executor and its rails all the same.
import { z } from 'zod'
import type { PolicyRead } from '../acting/policy-source.ts'
import type { Change, Finding, Hazard, Json, Subject } from '../contract/hazard.ts'
import { seen } from '../contract/verdicts.ts'
import { type Audit, execute } from '../engine/executor.ts'
import type { Judged } from '../engine/look.ts'
import type { Situation } from '../engine/situation.ts'
import type { Client } from '../kubernetes/client.ts'
import { editArm } from '../kubernetes/edit.ts'
import { recordedChanges, valueAt } from '../objects/changes.ts'
import { timeText } from '../objects/time.ts'
import type { Workload } from '../rollout/workload.ts'
import { askedFor, ObjectsByHand, policyByHand, situationByHand, tellByHand } from './by-hand.ts'
import type { Io } from './io.ts'
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
  const policy = await policyByHand(client, io)
  const objects = new ObjectsByHand(client)
  const audits = await execute([await judge()], {
    arms: [editArm(client, [place.kind])],
    ceiling: 'act',
    situation: () => situationOf(place, objects, io, policy),
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

/** What rails ask: see by-hand.ts. */
async function situationOf(
  place: RolloutPlace,
  objects: ObjectsByHand,
  io: Io,
  { policy }: PolicyRead,
): Promise<Situation> {
  const { subject, kind } = place
  const object = await objects.factsOf([kind], subject)
  // A restart changes nothing that anybody keeps: tools leave the annotation as it is.
  const { keptBy: _, ...facts } = object
  return situationByHand({ subject, object: facts }, askedFor(policy, [asked.id]), [], io)
}

async function tell(audit: Audit, { kind, name, namespace, uid = '' }: Subject, client: Client, io: Io): Promise<void> {
  if (audit.outcome !== 'done') return
  const message = 'was restarted by roadcrew rollout, which measures the requests that are lost meanwhile'
  const regarding = { kind, apiVersion: 'apps/v1', name, ...(namespace && { namespace }), uid }
  await tellByHand(regarding, { reason: 'RoadcrewRestarted', message, at: audit.at, command: 'rollout' }, client, io)
}

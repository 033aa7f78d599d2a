// `roadcrew rails pause` and `resume`: the note on the policy's ConfigMap, written so that nobody's note is lost unseen.
import { pausedAnnotation, policyName, policyPath, readPolicyOrWrong } from '../acting/policy-source.ts'
import { hazards } from '../hazards/index.ts'
import { ApiError } from '../kubernetes/api-error.ts'
import type { Client } from '../kubernetes/client.ts'
import { timeText } from '../objects/time.ts'
import type { Io } from './io.ts'

/** So often somebody else's write is waited out. */
const mostTries = 5

export interface Place {
  readonly client: Client
  readonly namespace: string
  readonly context: string
  readonly io: Io
}

export interface Pause {
  readonly who: string
  readonly reason?: string
}

/** Idempotent: the first pause stays, with who set it and why. @returns the exit code. @throws ApiError */
export async function pause(place: Place, { who, reason }: Pause): Promise<number> {
  const { client, namespace, context, io } = place
  // One line: it is shown in one.
  const why = reason?.trim().replaceAll(/\s+/g, ' ')
  const note = `${who} since ${timeText(io.now())}${why ? `: ${why}` : ''}`
  return untilWritten(io, async () => {
    const before = await noteOf(client, namespace)
    if (before?.note !== undefined) {
      io.out(`${context} is paused already, by ${before.note}\n`)
      return 0
    }
    if (before) await annotate(client, namespace, note, before.version)
    else await create(client, namespace, note)
    io.out(`Paused ${context}: ConfigMap ${namespace}/${policyName} says "${note}".\n`)
    io.out(`${heeded}\nTo go on: roadcrew rails resume\n`)
    if (!before)
      io.err(
        `there was no ConfigMap ${namespace}/${policyName}, so it was made; only agents of namespace ${namespace} read it (-n names another)\n`,
      )
    return 0
  })
}

const heeded = `Agents read it before their next step; one that can not read it stops within 60 s. Without the API, on one node:
touch /run/roadcrew/pause`

/** Lifts only the pause that was read first. @returns the exit code. @throws ApiError */
export async function resume({ client, namespace, context, io }: Place): Promise<number> {
  let first: Noted | undefined
  const newer = await untilWritten(io, async () => {
    const read = await noteOf(client, namespace)
    first ??= read
    if (read?.note === undefined) return undefined
    if (read.note !== first?.note) return read.note
    await annotate(client, namespace, null, read.version)
    return undefined
  })
  if (newer !== undefined) {
    io.err(
      `${context} was paused anew meanwhile, by ${newer}; it still is, until roadcrew rails resume is called again\n`,
    )
    return 1
  }
  const known = first?.note
  io.out(known === undefined ? `${context} was not paused.\n` : `Resumed ${context}; it was paused by ${known}\n`)
  const read = await readPolicyOrWrong(client, namespace, hazards)
  if ('wrong' in read) {
    io.err(`nothing is done all the same, since the policy is wrong: ${read.wrong}\n`)
    return 2
  }
  if (!read.policy.paused) return 0
  io.err(
    read.paused === undefined
      ? `it is still paused: policy.yaml in ${read.from} says paused: true; whoever keeps that file has to take it out\n`
      : `it was paused anew at once, by ${read.paused}\n`,
  )
  return 1
}

/** Again from the start where somebody wrote between the reading and the writing, since that may have been a new pause. */
async function untilWritten<T>(io: Io, readAndWrite: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await readAndWrite()
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409 || tries >= mostTries) throw error
      io.err('somebody else wrote to the policy meanwhile, reading it again\n')
    }
  }
}

interface Noted {
  readonly note: string | undefined
  readonly version: string | undefined
}

/** What stands on the ConfigMap; undefined: there is none. */
async function noteOf(client: Client, namespace: string): Promise<Noted | undefined> {
  try {
    const { metadata } = (await client.ask({ method: 'GET', path: policyPath(namespace) })) as {
      readonly metadata?: {
        readonly resourceVersion?: string
        readonly annotations?: Readonly<Record<string, string>>
      }
    }
    return { note: metadata?.annotations?.[pausedAnnotation], version: metadata?.resourceVersion }
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}

/** With the version that was read, so that the API server refuses it if anybody wrote since. */
const annotate = (
  client: Client,
  namespace: string,
  note: string | null,
  resourceVersion: string | undefined,
): Promise<unknown> =>
  client.ask({
    method: 'PATCH',
    path: policyPath(namespace),
    contentType: 'application/merge-patch+json',
    body: { metadata: { annotations: { [pausedAnnotation]: note }, resourceVersion } },
  })

async function create(client: Client, namespace: string, note: string): Promise<void> {
  const metadata = { name: policyName, annotations: { [pausedAnnotation]: note } }
  const path = policyPath(namespace).replace(/\/[^/]+$/, '')
  try {
    await client.ask({ method: 'POST', path, body: { apiVersion: 'v1', kind: 'ConfigMap', metadata } })
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 403)) throw error
    throw new Error(
      error.status === 404
        ? `there is no namespace ${namespace}, so nothing was paused; -n names the one in which Roadcrew runs`
        : `${error.message}\nThere is no ConfigMap ${namespace}/${policyName} to note the pause on, and you may not make one: -n names the namespace in which Roadcrew runs, or somebody with the right to create it does so.`,
    )
  }
}

// What `roadcrew rails` does. Loaded only for it.
import { readBudget } from '../agent/budget.ts'
import { type PolicyRead, pausedAnnotation, policyName, policyPath, readPolicy } from '../agent/policy-source.ts'
import { readReports } from '../agent/shadow-store.ts'
import { hazards } from '../hazards/index.ts'
import { ApiError } from '../kubernetes/api-error.ts'
import { type Client, connect } from '../kubernetes/client.ts'
import { loadKubeconfig } from '../kubernetes/kubeconfig.ts'
import { timeText } from '../objects/time.ts'
import { type Io, UsageError, wantsColor } from './io.ts'
import type { RailsOptions } from './rails.ts'
import { reportData, reportText } from './rails-report.ts'
import { statusData, statusText } from './rails-status.ts'

/** So often somebody else's write is waited out. */
const mostTries = 5

/** @returns the exit code. @throws Error for what can't be read, with what to do. */
export async function runRails(
  what: 'status' | 'pause' | 'resume' | 'report',
  options: RailsOptions,
  io: Io,
): Promise<number> {
  const { kubeconfig: path, context, namespace, output } = options
  const config = await loadKubeconfig({ env: io.env, home: io.home, ...(path !== undefined && { path }) })
  const name = context ?? config.current
  if (name === undefined)
    throw new UsageError(`the kubeconfig has no current context; --context names one of ${config.contexts.join(', ')}`)
  const client = connect(config.target(name), { env: io.env, signal: io.signal })
  const style = { color: wantsColor(io), columns: io.columns }
  try {
    if (what === 'pause') return await pause(client, options, name, io)
    if (what === 'resume') return await resume(client, namespace, io)
    if (what === 'report') {
      const data = reportData(await readReports(client, namespace), io.now())
      io.out(output === 'json' ? jsonText(data) : reportText(data, style))
      return 0
    }
    const data = statusData(
      await policyOrWrong(client, namespace),
      await readBudget(client, namespace),
      hazards,
      io.now(),
    )
    io.out(
      output === 'json'
        ? jsonText({ context: name, namespace, ...data })
        : statusText({ ...data, context: name, namespace }, style),
    )
    return data.wrong === undefined ? 0 : 2
  } catch (error) {
    throw error instanceof ApiError && error.status === 403 ? new Error(`${error.message}\n${needed}`) : error
  } finally {
    await client.close()
  }
}

const needed = "The chart's Role roadcrew-rails has the rights for it: policy and leases in Roadcrew's own namespace."

const jsonText = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`

/** A policy that is none is what a person came to see, not a failure. */
async function policyOrWrong(client: Client, namespace: string): Promise<PolicyRead | { readonly wrong: string }> {
  try {
    return await readPolicy(client, namespace, hazards)
  } catch (error) {
    if (error instanceof ApiError || !(error instanceof Error)) throw error
    return { wrong: error.message }
  }
}

interface Noted {
  readonly metadata?: {
    readonly resourceVersion?: string
    readonly annotations?: Readonly<Record<string, string>>
  }
}

async function noteOf(client: Client, namespace: string): Promise<Noted | undefined> {
  try {
    return (await client.ask({ method: 'GET', path: policyPath(namespace) })) as Noted
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}

async function pause(client: Client, { namespace, reason }: RailsOptions, context: string, io: Io): Promise<number> {
  const who = io.env.USER || io.env.LOGNAME || 'somebody'
  const note = `${who} since ${timeText(io.now())}${reason === undefined ? '' : `: ${reason}`}`
  const before = await noteOf(client, namespace)
  const known = before?.metadata?.annotations?.[pausedAnnotation]
  if (known !== undefined) {
    io.out(`${context} is paused already, by ${known}\n`)
    return 0
  }
  if (before) await annotate(client, namespace, { [pausedAnnotation]: note })
  else {
    const metadata = { name: policyName, annotations: { [pausedAnnotation]: note } }
    const path = policyPath(namespace).replace(/\/[^/]+$/, '')
    await client.ask({ method: 'POST', path, body: { apiVersion: 'v1', kind: 'ConfigMap', metadata } })
  }
  io.out(`Paused ${context}: ConfigMap ${namespace}/${policyName} says "${note}". Agents read it before each step.\n`)
  return 0
}

/** With the version that was read, so that a pause which somebody set meanwhile is not lifted unseen. */
async function resume(client: Client, namespace: string, io: Io): Promise<number> {
  for (let tries = 1; ; tries++) {
    const before = await noteOf(client, namespace)
    const known = before?.metadata?.annotations?.[pausedAnnotation]
    if (known === undefined) return stillPaused(client, namespace, io, 'It was not paused.')
    try {
      await annotate(client, namespace, { [pausedAnnotation]: null }, before?.metadata?.resourceVersion)
      return await stillPaused(client, namespace, io, `Resumed; it was paused by ${known}`)
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409 || tries >= mostTries) throw error
      io.err('somebody wrote to the policy meanwhile, reading it again\n')
    }
  }
}

async function stillPaused(client: Client, namespace: string, io: Io, text: string): Promise<number> {
  io.out(`${text}\n`)
  const read = await policyOrWrong(client, namespace)
  if ('wrong' in read) {
    io.err(`the policy is none, so that nothing is done: ${read.wrong}\n`)
    return 2
  }
  if (!read.policy.paused) return 0
  io.err(`the policy itself says paused: true (${read.from}); whoever keeps it has to take that out\n`)
  return 1
}

const annotate = (
  client: Client,
  namespace: string,
  annotations: Readonly<Record<string, string | null>>,
  resourceVersion?: string,
): Promise<unknown> =>
  client.ask({
    method: 'PATCH',
    path: policyPath(namespace),
    contentType: 'application/merge-patch+json',
    body: { metadata: { annotations, ...(resourceVersion !== undefined && { resourceVersion }) } },
  })

// What `roadcrew rails` does. Loaded only for it.
import { readBudget } from '../acting/budget.ts'
import { readPolicyOrWrong } from '../acting/policy-source.ts'
import { readReports } from '../acting/shadow-store.ts'
import { hazards } from '../hazards/index.ts'
import { ApiError } from '../kubernetes/api-error.ts'
import { connect } from '../kubernetes/client.ts'
import { loadKubeconfig } from '../kubernetes/kubeconfig.ts'
import { type Io, UsageError, wantsColor } from './io.ts'
import type { RailsOptions } from './rails.ts'
import { type Place, pause, resume } from './rails-pause.ts'
import { reportData } from './rails-report.ts'
import { reportText } from './rails-report-view.ts'
import { statusData } from './rails-status.ts'
import { statusText } from './rails-status-view.ts'

type What = 'status' | 'pause' | 'resume' | 'report'

/** @returns the exit code. @throws Error for what can't be read, with what to do. */
export async function runRails(what: What, options: RailsOptions, io: Io): Promise<number> {
  const { kubeconfig: path, namespace, reason } = options
  const config = await loadKubeconfig({ env: io.env, home: io.home, ...(path !== undefined && { path }) })
  const context = options.context ?? config.current
  if (context === undefined) {
    const known = config.contexts.join(', ') || 'none'
    throw new UsageError(`the kubeconfig has no current context; --context names one of ${known}`)
  }
  const target = config.target(context)
  const client = connect(target, { env: io.env, signal: io.signal })
  const place: Place = { client, namespace, context, io }
  try {
    if (what === 'status') return await status(place, options)
    if (what === 'report') return await report(place, options)
    if (what === 'resume') return await resume(place)
    const who = target.user ?? io.env.USER ?? io.env.LOGNAME ?? 'somebody'
    return await pause(place, { who, ...(reason !== undefined && { reason }) })
  } catch (error) {
    throw error instanceof ApiError && error.status === 403
      ? new Error(`${error.message}\n${needed(namespace)}`)
      : error
  } finally {
    await client.close()
  }
}

const needed = (namespace: string): string =>
  `The chart's Role roadcrew-rails has what this needs; who may bind it: kubectl -n ${namespace} create rolebinding oncall --role=roadcrew-rails --user=<you>`

const jsonText = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`

const styleOf = (io: Io) => ({ color: wantsColor(io), columns: io.columns })

async function status({ client, namespace, context, io }: Place, { output }: RailsOptions): Promise<number> {
  const read = await readPolicyOrWrong(client, namespace, hazards)
  const budget = await readBudget(client, namespace)
  const data = statusData({ context, namespace, read, budget, hazards, now: io.now() })
  io.out(output === 'json' ? jsonText(data) : statusText(data, styleOf(io)))
  return data.wrong ? 2 : 0
}

async function report({ client, namespace, context, io }: Place, options: RailsOptions): Promise<number> {
  const reports = await readReports(client, namespace)
  const data = reportData({ context, namespace, reports, by: options.by ?? 'step', now: io.now() })
  io.out(options.output === 'json' ? jsonText(data) : reportText(data, styleOf(io)))
  return 0
}

// The loads of a rollout: which connections they use, and what becomes of each request.
import { readFile } from 'node:fs/promises'
import { type Load, tryOnce } from '../rollout/load.ts'
import { startLoadThread, type ThreadPlan } from '../rollout/load-thread.ts'
import { howLost, Measured } from '../rollout/measured.ts'
import { UsageError } from './io.ts'
import type { RolloutOptions } from './rollout.ts'

export interface Lane {
  readonly protocol: 'http1' | 'http2'
  readonly connections: 'fresh' | 'kept'
  readonly perSecond: number
  readonly load: Load
}

export interface RunningLanes {
  readonly lanes: readonly Lane[]
  readonly measured: Measured
  /** No further request is sent; ends when the last has ended. */
  stop(): Promise<void>
}

export interface LanePlan extends ThreadPlan {
  readonly lane: string
}

/** @throws UsageError if the URL is none, or the certificate's file can't be read. */
export async function plansOf(url: string, options: RolloutOptions): Promise<readonly LanePlan[]> {
  const target = urlOf(url)
  const ca = options.ca === undefined ? undefined : await certificateOf(options.ca)
  const protocols = { '1.1': ['http1'], '2': ['http2'], both: ['http1', 'http2'] } as const
  const kinds = protocols[options.http].flatMap((protocol) =>
    (['fresh', 'kept'] as const).map((connections) => ({ protocol, connections })),
  )
  const perSecond = options.rate / kinds.length
  return kinds.map(({ protocol, connections }, place) => ({
    lane: `${protocol} ${connections}`,
    // Not all at one instant: a burst every few ms is no constant rate.
    arrivals: { perSecond, offsetMs: (place * 1000) / options.rate },
    ...{ url: target.href, method: 'GET', protocol, connections, timeoutMs: options.timeout },
    ...(options.podHeader !== undefined && { keepHeaders: [options.podHeader.toLowerCase()] }),
    ...(options.connectTo !== undefined && { address: options.connectTo }),
    ...(ca !== undefined && { ca }),
  }))
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new UsageError(`--url: "${text}" is no URL; expected e.g. https://shop.example.com/health`)
}

const certificateOf = (path: string): Promise<string> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`--ca: cannot read "${path}" (${error.code ?? error.message})`)
  })

/** Asks once over each kind of connection: a URL that does not answer at rest would blame the rollout. @throws Error if one fails. */
export async function expectAnswers(plans: readonly LanePlan[], signal: AbortSignal): Promise<void> {
  for (const plan of plans) {
    const outcome = await tryOnce({ ...plan, target: () => new URL(plan.url) }, signal)
    const how = howLost(outcome)
    if (how === undefined) continue
    const { result } = outcome
    const what = 'failure' in result ? `failed (${result.failure}: ${result.message})` : `answered ${result.status}`
    throw new Error(`${plan.url} ${what} over ${plan.protocol}, before anything was done: mend that first`)
  }
}

/** Sends until it is stopped. All times count from the instant that `begin` is told of. */
export async function startLanes(
  plans: readonly LanePlan[],
  options: RolloutOptions,
  begin: (startAt: number) => void,
): Promise<RunningLanes> {
  const podHeader = options.podHeader?.toLowerCase()
  const measured = new Measured({ slowMs: options.slow, ...(podHeader !== undefined && { podHeader }) })
  // Whoever stops early wants to see what was measured: the load is ended by `stop` alone.
  const { loads, sinceStartMs } = await startLoadThread(plans, new AbortController().signal, {
    onEnd: (outcome, place) => {
      const plan = plans[place]
      if (plan) measured.take(plan.lane, plan.connections === 'fresh', outcome)
    },
  })
  begin(performance.now() - sinceStartMs())
  const lanes = loads.flatMap((load, place): Lane[] => {
    const plan = plans[place]
    if (!plan) return []
    const { protocol = 'http1', connections, arrivals } = plan
    return [{ protocol, connections, perSecond: arrivals.perSecond, load }]
  })
  return { lanes, measured, stop: async () => void (await Promise.all(lanes.map(({ load }) => load.stop()))) }
}

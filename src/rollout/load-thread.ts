// Sends loads in a thread of their own. Two things make a generator late that has nothing else to do: other work of its thread, and the
// collector of garbage. What a request leaves behind hangs on handles of the system, which V8 takes for alive until it has moved them
// twice; with its usual young generation (16 MB of it at a time) that stops everything for 10 to 25 ms, three times a second at 2000
// requests per second. In a small one it stops for 2 to 4 ms, and a thread may have its own.
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { isOneFile, ownText } from '../own-files.ts'
import { expectPlan, type Load, type LoadPlan, type Loads } from './load.ts'
import { OutcomeLog, type ServerOf } from './outcome-log.ts'
import type { Outcome } from './outcomes.ts'

/** A plan that is data alone: it always asks for one URL. */
export interface ThreadPlan extends Omit<LoadPlan, 'target' | 'serverOf' | 'onEnd' | 'hold'> {
  readonly url: string
}

export interface ThreadOptions {
  /** Who served, for the logs. By default the address that was connected to. */
  readonly serverOf?: ServerOf
  /** Told of each that has ended, some 100 ms later; `place` is that of its plan. */
  readonly onEnd?: (outcome: Outcome, place: number) => void
  /** Sends for a moment what nobody counts, unless false: the first requests of a thread are late. */
  readonly warmUp?: boolean
}

/** What the thread is told. */
export interface ThreadOrder {
  readonly plans: readonly ThreadPlan[]
  readonly warmUp: boolean
}

/** What the thread tells: when it started (ns of the system's clock), or what has ended since it last told. */
export type ThreadNews =
  | { readonly startedNs: bigint }
  | {
      readonly outcomes: readonly (readonly Outcome[])[]
      readonly underWay: readonly Going[]
      /** The places of the loads that have stopped. */
      readonly stopped: readonly number[]
    }

type Going = ReturnType<Load['underWay']>

/** A third of it is filled before it is collected, MB. Below, it is collected too often to be worth it. */
const youngGenerationMb = 3

/**
 * Starts several at one instant, as `startLoads`; the logs alone hold what became of them.
 * @returns them, when they have started. @throws as `startLoad`, RangeError for a URL that is none, or why the thread did not start.
 */
export async function startLoadThread(
  plans: readonly ThreadPlan[],
  signal: AbortSignal,
  { serverOf, onEnd, warmUp = true }: ThreadOptions = {},
): Promise<Loads> {
  for (const plan of plans) {
    expectPlan(plan)
    expectUrl(plan.url)
  }
  signal.throwIfAborted()
  const order: ThreadOrder = { plans, warmUp }
  const worker = startWorker(order)
  const logs = plans.map(() => new OutcomeLog(serverOf))
  let going: readonly Going[] = plans.map(() => ({ sent: 0, waiting: 0 }))
  const started = deferred<bigint>()
  const stopped = plans.map(() => deferred<void>())
  const abort = (): void => void worker.terminate()
  signal.addEventListener('abort', abort, { once: true })
  const fail = (error: unknown): void => {
    signal.removeEventListener('abort', abort)
    for (const { reject } of [started, ...stopped]) reject(error)
  }
  worker.on('error', fail)
  worker.on('exit', () => fail(signal.aborted ? signal.reason : new Error('the thread that sends has ended')))
  worker.on('message', (news: ThreadNews) => {
    if ('startedNs' in news) {
      started.resolve(news.startedNs)
      return
    }
    going = news.underWay
    for (const [place, outcomes] of news.outcomes.entries())
      for (const outcome of outcomes) {
        logs[place]?.add(outcome)
        onEnd?.(outcome, place)
      }
    for (const place of news.stopped) stopped[place]?.resolve()
  })
  const startedNs = await started.promise
  const loads = logs.map(
    (log, place): Load => ({
      outcomes: [],
      log,
      underWay: () => going[place] ?? { sent: 0, waiting: 0 },
      async stop() {
        worker.postMessage({ stop: place })
        await stopped[place]?.promise
        return []
      },
    }),
  )
  return { loads, sinceStartMs: () => Number(process.hrtime.bigint() - startedNs) / 1e6 }
}

function expectUrl(url: string): void {
  const protocol = URL.canParse(url) ? new URL(url).protocol : undefined
  if (protocol !== 'http:' && protocol !== 'https:') throw new RangeError(`"${url}" is no URL of http or https`)
}

function startWorker(order: ThreadOrder): Worker {
  const options = { workerData: order, resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb } }
  if (isOneFile) return new Worker(ownText('load-worker.cjs'), { ...options, eval: true })
  const extension = extname(import.meta.url)
  const file = new URL(`./load-worker${extension}`, import.meta.url)
  // What is installed is built. In a checkout there are sources, and in a thread Node.js 20 reads them only with help.
  return extension === '.ts'
    ? new Worker("import('tsx/esm/api').then(({ register }) => (register(), import(process.argv.at(-1))))", {
        ...{ ...options, eval: true, argv: [file.href] },
      })
    : new Worker(file, options)
}

interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

function deferred<T>(): Deferred<T> {
  let resolve: Deferred<T>['resolve'] = () => undefined
  let reject: Deferred<T>['reject'] = () => undefined
  const promise = new Promise<T>((resolved, rejected) => {
    resolve = resolved
    reject = rejected
  })
  // Who does not wait for it does not want to hear.
  promise.catch(() => undefined)
  return { promise, resolve, reject }
}

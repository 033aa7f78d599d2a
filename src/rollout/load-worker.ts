// The thread of load-thread.ts: sends, and tells what became of it.
import { parentPort, workerData } from 'node:worker_threads'
import { type LoadPlan, startLoads, warmUp } from './load.ts'
import type { ThreadNews, ThreadOrder, ThreadPlan } from './load-thread.ts'
import type { Outcome } from './outcomes.ts'

const tellEveryMs = 100

const { plans, warmUp: warm } = workerData as ThreadOrder
const tell = (news: ThreadNews): void => parentPort?.postMessage(news)
const ended: Outcome[][] = plans.map(() => [])

const planOf = ({ url, ...plan }: ThreadPlan, onEnd: (outcome: Outcome) => void): LoadPlan => {
  const target = new URL(url)
  return { ...plan, target: () => target, hold: 'none', onEnd }
}

async function send(): Promise<void> {
  // Who holds this thread ends it.
  const signal = new AbortController().signal
  if (warm) {
    const ignore = (): void => undefined
    await warmUp(
      plans.map((plan) => planOf(plan, ignore)),
      signal,
    )
  }
  const { loads, sinceStartMs } = startLoads(
    plans.map((plan, place) => planOf(plan, (outcome) => ended[place]?.push(outcome))),
    signal,
  )
  tell({ startedNs: process.hrtime.bigint() - BigInt(Math.round(sinceStartMs() * 1e6)) })

  const asked = new Set<number>()
  const stopped = new Set<number>()
  function tellEnded(): void {
    tell({
      outcomes: ended.map((some) => some.splice(0)),
      underWay: loads.map((load) => load.underWay()),
      stopped: [...stopped],
    })
  }
  const telling = setInterval(tellEnded, tellEveryMs)

  parentPort?.on('message', ({ stop }: { readonly stop: number }) => {
    const load = loads[stop]
    if (!load || asked.has(stop)) return
    asked.add(stop)
    void load.stop().then(() => {
      stopped.add(stop)
      tellEnded()
      if (stopped.size < loads.length) return
      clearInterval(telling)
      parentPort?.close()
    })
  })
}

// Not awaited here, as in main.ts.
void send()

import type { ClusterPlace } from '../contract/drill.ts'
import { controllerLoop } from './controller-loop.ts'
import type { Io } from './io.ts'

/**
 * Runs the controller in this process, as `roadcrew controller --zoned-cron-jobs` would be in one of its own.
 * @returns what stops it, when it has started. @throws Error if it ends before.
 */
export async function startController(
  { kubeconfig, timeZone = 'UTC', zoneinfo }: ClusterPlace,
  io: Io,
): Promise<() => Promise<void>> {
  const ends = new AbortController()
  let said = (): void => undefined
  const started = new Promise<void>((resolve) => {
    said = resolve
  })
  const own: Io = {
    ...io,
    // Its log is no part of what a drill shows.
    out: (line) => line.includes('"msg":"started"') && said(),
    env: { ZONEINFO: zoneinfo },
    signal: ends.signal,
  }
  const running = controllerLoop(
    {
      ...{ kubeconfig, timeZone, zonedCronJobs: true },
      ...{ listen: '127.0.0.1:0', leaderElection: false, mode: 'observe' },
    },
    own,
  )
  const ended = running.then(() => {
    throw new Error('the controller has ended by itself')
  })
  await Promise.race([started, ended])
  ended.catch(() => undefined) // how it ends is told by what stops it
  return async () => {
    ends.abort()
    await running
  }
}

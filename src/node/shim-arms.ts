// The two hands that touch a shim. Both make sure right before the signal that the pid is still the process that was meant;
// Node.js has no pidfd, so that between that last look and the signal there is a window, of about 0.1 ms (see Signalled).
import type { Shim, Step, Subject } from '../contract/hazard.ts'
import type { Arm } from '../contract/world.ts'
import { isOver, type Process } from '../linux/process.ts'
import { shimOf } from '../linux/shims.ts'

/** What the hands need of the node. */
export interface ShimHands {
  /** Reads one process now, without waiting; undefined if there is none of that pid. */
  readonly read: (pid: number) => Process | undefined
  /** The processes of a container by its id, zombies included; a text says why they can't be told. */
  readonly processesOf: (containerId: string) => readonly Process[] | string
  readonly signal: (pid: number, signal: 'SIGCONT' | 'SIGKILL') => void
  readonly sleep: (ms: number) => Promise<void>
  /** ms, monotonic. */
  readonly ticks: () => number
  /** Keeps what there is to know before anything is ended; never throws. */
  readonly keepEvidence: (step: Step) => Promise<void>
  readonly signalled?: (sent: Signalled) => void
}

/** One signal that was sent. `windowMs`: from the last look at the process to the signal. */
export interface Signalled {
  readonly pid: number
  readonly signal: 'SIGCONT' | 'SIGKILL'
  readonly windowMs: number
}

/** How long processes get to die of SIGKILL (ms): a second is ample, unless they wait in the kernel. */
const dyingTime = 5000
const pollEvery = 50

type Held = { readonly held: string }

/** Sends a signal if the pid is still that process; else why not. */
function send(
  hands: ShimHands,
  wanted: Pick<Shim, 'pid' | 'startTicks'> & { command?: string },
  signal: Signalled['signal'],
): Held | undefined {
  const looked = hands.ticks()
  const now = hands.read(wanted.pid)
  if (!now) return { held: `there is no process ${wanted.pid} any more` }
  if (
    now.startTicks !== wanted.startTicks ||
    (wanted.command !== undefined && now.command.join(' ') !== wanted.command)
  ) {
    return { held: `another process has the pid ${wanted.pid} by now: ${now.name}` }
  }
  try {
    hands.signal(wanted.pid, signal)
  } catch (error) {
    return { held: `${signal} to ${wanted.pid} failed: ${error instanceof Error ? error.message : String(error)}` }
  }
  hands.signalled?.({ pid: wanted.pid, signal, windowMs: hands.ticks() - looked })
  return undefined
}

/** SIGCONT to a stopped shim. One that is traced belongs to somebody. */
export const continueShimArm = (hands: ShimHands): Arm => ({
  does: 'continue-shim',
  apply(step) {
    if (step.do !== 'continue-shim') throw new Error(`an arm that continues shims was given ${step.do}`)
    const now = hands.read(step.shim.pid)
    if (now?.tracer) return Promise.resolve({ held: `process ${now.tracer} traces it` })
    return Promise.resolve(send(hands, step.shim, 'SIGCONT') ?? 'done')
  },
})

/**
 * Kills the container's own processes, and of all that end with it; the shim only once none of them is left. A survivor is
 * why it holds: without its shim the runtime forgets the container, and the kubelet starts a second one beside the first.
 */
export const endShimArm = (hands: ShimHands): Arm => ({
  does: 'end-shim',
  async apply(step) {
    if (step.do !== 'end-shim') throw new Error(`an arm that ends shims was given ${step.do}`)
    const ids = [step.target, ...step.alsoEnds].map(({ uid }: Subject) => uid)
    if (ids.some((id) => id === undefined))
      return { held: 'a container without its id: which processes are its own can not be told' }
    await hands.keepEvidence(step)
    const survivors = await endProcesses(
      hands,
      ids.filter((id) => id !== undefined),
    )
    if ('held' in survivors) return survivors
    if (survivors.pids.length > 0) {
      return {
        held: `uninterruptible: ${survivors.pids.join(', ')} survived SIGKILL, so the shim ${step.shim.pid} is left alone; drain the node`,
      }
    }
    if (await leaves(hands, step.shim)) return 'done'
    return send(hands, step.shim, 'SIGKILL') ?? ((await hasEnded(hands, step.shim)) ? 'done' : survived(step.shim))
  },
})

/**
 * Whether a conmon goes by itself: it ends with its container, and writes first how that ended, which is all that CRI-O
 * hears. One that is killed before leaves CRI-O with a container that runs for ever. Other shims wait to be told.
 */
async function leaves(hands: ShimHands, shim: Shim): Promise<boolean> {
  const until = hands.ticks() + dyingTime
  for (;;) {
    const now = hands.read(shim.pid)
    if (!now || (now.startTicks === shim.startTicks && isOver(now))) return true
    if (shimOf(now)?.kind !== 'conmon' || now.state === 'T' || hands.ticks() >= until) return false
    await hands.sleep(pollEvery)
  }
}

const survived = ({ pid }: Shim): Held => ({ held: `the shim ${pid} survived SIGKILL; drain the node` })

/** Whether a process that was killed is over, or reaped; it gets as long as others to die. */
async function hasEnded(hands: ShimHands, { pid, startTicks }: Shim): Promise<boolean> {
  for (const until = hands.ticks() + dyingTime; ; await hands.sleep(pollEvery)) {
    const now = hands.read(pid)
    if (!now || now.startTicks !== startTicks || isOver(now)) return true
    if (hands.ticks() >= until) return false
  }
}

/** The pids of containers that live on after SIGKILL. */
async function endProcesses(
  hands: ShimHands,
  ids: readonly string[],
): Promise<{ readonly pids: readonly number[] } | Held> {
  const until = hands.ticks() + dyingTime
  for (let first = true; ; first = false) {
    const alive: Process[] = []
    for (const id of ids) {
      const own = hands.processesOf(id)
      if (typeof own === 'string') return { held: `its processes can not be told: ${own}` }
      alive.push(...own.filter((one) => !isOver(one)))
    }
    if (alive.length === 0) return { pids: [] }
    if (!first && hands.ticks() >= until) return { pids: alive.map(({ pid }) => pid) }
    // Also those that were forked meanwhile. One that is gone by now is what was wanted.
    for (const { pid, startTicks } of alive) send(hands, { pid, startTicks }, 'SIGKILL')
    await hands.sleep(pollEvery)
  }
}

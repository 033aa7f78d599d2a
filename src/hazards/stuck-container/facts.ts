// What else is wrong with a container, beside that its inspection fails: facts that do not come from the runtime's answer.
import type { ContainerSeen, ShimSeen } from '../../linux/container.ts'
import type { Process } from '../../linux/process.ts'

/** A second, independent fact about a container. */
export interface Fact {
  readonly reason: string
  readonly text: string
  /** It may pass by itself, or no signal helps: nothing is ended because of it. */
  readonly holds?: string
}

/** The shims that may be the container's own: those above a live process, else the only one. Several: nobody can tell. */
export function supervisors(shims: readonly ShimSeen[]): readonly ShimSeen[] {
  const busy = shims.filter(({ liveChildren }) => liveChildren.length > 0)
  return busy.length > 0 ? busy : shims
}

const isStopped = ({ state, tracer = 0 }: Process): boolean => state === 'T' && tracer === 0
const isTraced = ({ state, tracer = 0 }: Process): boolean => state === 't' || (state === 'T' && tracer > 0)

/** Kernel stacks that did not change over the readings; by pid, with how often they were read so in a row. */
export type Waits = Readonly<Record<string, { readonly stack: string; readonly readings: number }>>

/** From how many readings of the same stack on a wait counts as one that does not end. */
export const readingsToBelieve = 3

/** Adds one reading: a stack that changed, or a process that no longer waits, begins anew. */
export function waitsAfter(before: Waits, { stacks = {}, processes, shims, frozen }: ContainerSeen): Waits {
  if (frozen) return {}
  const waiting = [...processes, ...shims.map(({ self }) => self)].filter(({ state }) => state === 'D')
  return Object.fromEntries(
    waiting.flatMap(({ pid }) => {
      const stack = stacks[String(pid)]
      if (stack === undefined) return []
      const known = before[String(pid)]
      return [[String(pid), { stack, readings: known?.stack === stack ? known.readings + 1 : 1 }] as const]
    }),
  )
}

/** What is known of a container beside its inspection. `overdueMs`: how long its Pod should have been gone; undefined: not asked to. */
export function factsOf(seen: ContainerSeen, waits: Waits, overdueMs: number | undefined): Fact[] {
  return [...shimFacts(seen), ...processFacts(seen, waits), ...stopFacts(overdueMs)]
}

function shimFacts({ shims, condition, processes }: ContainerSeen): Fact[] {
  const own = supervisors(shims)
  if (shims.length === 0) {
    const live = processes.filter(({ state }) => state !== 'Z' && state !== 'X')
    if (condition.is === 'alive')
      return [
        {
          reason: 'orphan',
          text: `its shim is gone and ${live.length} of its processes live on`,
          holds: 'there is no shim to end',
        },
      ]
    return [{ reason: 'shim-gone', text: 'no shim of it is left', holds: 'there is no shim to end' }]
  }
  if (own.length > 1)
    return [
      {
        reason: 'inspect-timeout',
        text: `${own.length} shims name it, and which one is its own can't be told`,
        holds: `${own.length} shims name it`,
      },
    ]
  const [shim] = own
  if (!shim) return []
  const { self, program } = shim
  if (isTraced(self))
    return [
      { reason: 'shim-stopped', text: `${program} ${self.pid} is being traced`, holds: 'somebody traces its shim' },
    ]
  return isStopped(self) ? [{ reason: 'shim-stopped', text: `${program} ${self.pid} is stopped (T)` }] : []
}

function processFacts({ condition, processes, shims }: ContainerSeen, waits: Waits): Fact[] {
  if (shims.length === 0) return []
  const stuck = [...processes, ...shims.map(({ self }) => self)].filter(
    ({ pid }) => (waits[String(pid)]?.readings ?? 0) >= readingsToBelieve,
  )
  const [first] = stuck
  if (first) {
    const ownShim = shims.some(({ self }) => self.pid === first.pid)
    const text = `${ownShim ? 'its shim' : 'its process'} ${first.pid} (${first.name}) waits in the kernel and dies of no signal`
    return [{ reason: 'uninterruptible', text, holds: 'a process that waits in the kernel survives SIGKILL' }]
  }
  if (condition.is === 'no-processes') return [{ reason: 'no-processes', text: 'it has no process left' }]
  if (condition.is === 'only-zombies')
    return [
      {
        reason: 'only-zombies',
        text:
          processes.length === 1
            ? 'its only process is a zombie'
            : `all of its ${processes.length} processes are zombies`,
      },
    ]
  return []
}

function stopFacts(overdueMs: number | undefined): Fact[] {
  if (overdueMs === undefined || overdueMs <= 0) return []
  return [{ reason: 'cannot-stop', text: `its Pod should have been gone for ${Math.round(overdueMs / 1000)} s` }]
}

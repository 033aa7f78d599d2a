// What the privileged part refuses whoever asks. It trusts nothing of a step but whom it is about: everything else it reads
// itself, from the kernel and the runtime. Pure.
import type { Shim as NamedShim, Step } from '../contract/hazard.ts'
import type { Inspection, PodIdentity } from '../linux/container.ts'
import type { Process } from '../linux/process.ts'
import { isOver } from '../linux/process.ts'
import { shimOf } from '../linux/shims.ts'

export type ShimStep = Extract<Step, { do: 'continue-shim' | 'end-shim' }>

/** One container by the runtime's own list. */
export interface Claimed {
  readonly id: string
  readonly sandboxId?: string
  readonly pod?: PodIdentity
  /** Whether it may have processes. */
  readonly runs: boolean
}

/** What the actor was started with. */
export interface Protection {
  readonly mode: 'observe' | 'act'
  readonly perHour: number
  readonly protectedNamespaces: readonly string[]
  /** Its own Pod, `namespace/name`. */
  readonly self?: string
}

/** What it read itself, right before. */
export interface Seen {
  readonly paused: boolean
  /** When it acted within the last hour, ms UTC. */
  readonly acts: readonly number[]
  /** ms UTC. */
  readonly now: number
  readonly containers: readonly Claimed[] | { readonly because: string }
  readonly shim: Process | undefined
  readonly inspection: Inspection
  /** The container's own processes; a text says why they can't be told. */
  readonly processes: readonly Process[] | string
}

const hour = 3_600_000

/** Why a step is refused; undefined if nothing speaks against it. */
export function refusal(
  step: ShimStep,
  { mode, perHour, protectedNamespaces, self }: Protection,
  seen: Seen,
): string | undefined {
  if (mode !== 'act') return 'the actor of this node was started to observe only'
  if (seen.paused) return 'a file on the node says pause'
  const recent = seen.acts.filter((at) => at > seen.now - hour).length
  if (recent >= perHour) return `${recent} acts within an hour, the actor allows ${perHour}`
  if ('because' in seen.containers) return `the runtime does not list its containers: ${seen.containers.because}`
  const target = seen.containers.find(({ id }) => id === step.target.uid)
  if (!target) return `the runtime has no container ${step.target.uid ?? 'without an id'}`
  const { pod } = target
  if (!pod) return 'it belongs to no Pod'
  if (protectedNamespaces.includes(pod.namespace)) return `the actor protects the namespace ${pod.namespace}`
  if (self === `${pod.namespace}/${pod.name}`) return "it is the actor's own Pod"
  return (
    wrongShim(step.shim, target, seen.shim) ??
    wrongExtent(step, target, seen.containers, seen.shim) ??
    isWell(step, seen)
  )
}

/** It has to be a shim by its own command line, and that container's. */
function wrongShim({ pid }: NamedShim, { id, sandboxId }: Claimed, process: Process | undefined): string | undefined {
  if (!process || isOver(process)) return `there is no process ${pid} any more`
  const shim = shimOf(process)
  if (!shim) return `process ${pid} (${process.name}) is no shim`
  if (!shim.killable) return `${shim.kind} stands for a whole sandbox and is never ended`
  return shim.id === id || shim.id === sandboxId ? undefined : `the shim ${pid} serves another container: ${shim.id}`
}

/** All that would end has to be named: nobody may be surprised by a Pod's other containers. */
function wrongExtent(
  step: ShimStep,
  target: Claimed,
  containers: readonly Claimed[],
  process: Process | undefined,
): string | undefined {
  if (step.do !== 'end-shim') return undefined
  const servesPod = process && shimOf(process)?.servesPod
  const behind = containers.filter(
    (one) => one.id !== target.id && one.runs && servesPod && sandboxOf(one) === sandboxOf(target),
  )
  const named = new Set(step.alsoEnds.map(({ uid }) => uid))
  const unnamed = behind.filter(({ id }) => !named.has(id))
  if (unnamed.length > 0)
    return `${unnamed.length} more containers would end with the shim: ${unnamed.map(({ id }) => id).join(', ')}`
  const known = new Map(containers.map((one) => [one.id, one]))
  const foreign = [...named].filter((id) => known.get(id ?? '')?.pod?.uid !== target.pod?.uid)
  return foreign.length > 0 ? `${foreign.join(', ')} is none of the Pod's containers` : undefined
}

/** A sandbox is its own. */
const sandboxOf = ({ id, sandboxId }: Claimed): string => sandboxId ?? id

/** What the runtime answers for, and of which something lives, is not broken: nobody has to believe who asked. */
function isWell(step: ShimStep, { inspection, shim, processes }: Seen): string | undefined {
  if (step.do === 'continue-shim') return shim?.state === 'T' ? undefined : 'its shim is not stopped'
  if (inspection.answer === 'gone') return 'the runtime says that there is no such container any more'
  if (inspection.answer !== 'told') return undefined
  if (typeof processes === 'string')
    return `the runtime answers for it, and its processes can not be told: ${processes}`
  return processes.some((one) => !isOver(one)) ? 'the runtime answers for it, and it has live processes' : undefined
}

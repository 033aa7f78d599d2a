// The steps against a container that can't be inspected, smallest first. What they do was measured: see README.md.
import type { Shim, Step, Subject } from '../../contract/hazard.ts'
import type { ContainerSeen, ShimSeen } from '../../linux/container.ts'
import { type Fact, supervisors } from './facts.ts'

export const advise = (why: string): Step => ({ do: 'advise', why })

const shimOf = ({ self }: ShimSeen): Shim => ({
  pid: self.pid,
  startTicks: self.startTicks,
  command: self.command.join(' '),
})

/** The other containers that end with the shim: one serves a whole Pod in containerd's newer runtimes. */
const podmates = (target: Subject, mates: ContainerSeen['podmates']): Subject[] =>
  mates.map(({ id, name }) => ({ ...target, name, uid: id }))

/** What may be done about a condemned container. */
export function stepsFor(target: Subject, seen: ContainerSeen, facts: readonly Fact[]): Step[] {
  const [shim] = supervisors(seen.shims)
  if (!shim) return [advise('restart the runtime, or remove the container by its id when the runtime answers')]
  const stopped = facts.some(({ reason }) => reason === 'shim-stopped')
  const steps: Step[] = stopped
    ? [
        {
          do: 'continue-shim',
          name: 'continue-shim',
          why: 'a stopped shim goes on where it was, and nothing is lost',
          target,
          shim: shimOf(shim),
        },
      ]
    : []
  if (!shim.killable)
    return [
      ...steps,
      advise(`${shim.program} stands for a whole sandbox and is never ended: delete its Pod, or drain the node`),
    ]
  const alsoEnds = podmates(target, seen.podmates)
  return [
    ...steps,
    {
      do: 'end-shim',
      name: 'end-shim',
      why: `the runtime forgets the container and the kubelet makes it anew${alsoEnds.length > 0 ? `; ${alsoEnds.length} more of its Pod end with it` : ''}`,
      target,
      shim: shimOf(shim),
      alsoEnds,
    },
  ]
}

/** What a person can do where nothing may be ended. */
export function adviceFor(facts: readonly Fact[]): Step {
  const held = facts.find(({ holds }) => holds !== undefined)
  if (held?.reason === 'uninterruptible')
    return advise('drain the node and restart it: what waits in the kernel dies of nothing else')
  if (held) return advise(`nothing is ended: ${held.holds}; look at the node`)
  return advise(
    'wait: it is looked at again, and only condemned if it fails for longer and something else is wrong too',
  )
}

// A drill's look and cure on the containers of this machine: the agent's own round, and the executor with its rails.
import { lookAround, nodeName, nodeWorld } from '../agent/round.ts'
import type { Cured, Place, PodMetadata } from '../contract/drill.ts'
import type { Hazard, Step, Subject } from '../contract/hazard.ts'
import type { World } from '../contract/world.ts'
import { execute } from '../engine/executor.ts'
import { type Look, look, type Memory } from '../engine/look.ts'
import { defaultPolicy, type Policy } from '../engine/policy.ts'
import { stepKey } from '../engine/rails.ts'
import type { Situation } from '../engine/situation.ts'
import { subjectKey } from '../engine/subjects.ts'
import { networkSeen } from '../linux/network.ts'
import { nodeHands } from '../node/hands.ts'
import { readNetwork } from '../node/network.ts'
import { replaceRuleArm } from '../node/replace-rule.ts'
import { continueShimArm, endShimArm } from '../node/shim-arms.ts'
import { machineZones } from '../node/time-zones.ts'
import { pods } from '../objects/kinds.ts'
import type { Runtime } from '../runtimes/runtime.ts'
import type { Io } from './io.ts'

type RuntimePlace = Extract<Place, { socket: string }>
type NodePlace = Exclude<Place, { kubeconfig: string }>

const roots = { proc: '/proc', cgroup: '/sys/fs/cgroup' }
const limits = { callMs: 10_000, inspectMs: 5_000 }

/** Looks and cures at one runtime, with memory from look to look; `close` lets go of its socket. */
export class NodeStage {
  readonly #hazard: Hazard
  readonly #io: Io
  readonly #runtimes = new Map<string, Runtime>()
  readonly #tried = new Map<string, Set<string>>()
  #memory: Memory = new Map()

  constructor(hazard: Hazard, io: Io) {
    this.#hazard = hazard
    this.#io = io
  }

  async look(place: NodePlace): Promise<Look> {
    const ticks = this.#io.ticks()
    const world = 'network' in place ? await networkWorld(place.network) : await this.#containers(place)
    const common = { now: this.#io.now(), ticks, zones: machineZones(this.#io.env.ZONEINFO), memory: this.#memory }
    const seen = await look({ hazards: [this.#hazard], vantages: ['node'], world, ...common })
    this.#memory = seen.memory
    return seen
  }

  async #containers(place: RuntimePlace): Promise<World> {
    const [runtime, node] = [await this.#runtime(place.socket), nodeName()]
    return nodeWorld(node, await lookAround({ runtime, roots, limits, node }), podsWorld(node, place))
  }

  async cure(place: NodePlace): Promise<readonly Cured[]> {
    const { judged } = await this.look(place)
    const steps = new Map<string, { step: Step; target: Subject }>()
    const hands = nodeHands(roots)
    const audits = await execute(judged, {
      arms: [continueShimArm(hands), endShimArm(hands), ...('network' in place ? [ruleArm(place.network)] : [])],
      ceiling: 'act',
      situation: (one, step) => {
        steps.set(stepKey(step), { step, target: one.subject })
        return Promise.resolve(this.#situation())
      },
      again: async (one) => {
        const { judged: now } = await this.look(place)
        return now.filter((other) => subjectKey(other.subject) === subjectKey(one.subject))
      },
      tried: (subject) => this.#tried.get(subject) ?? new Set(),
      record: () => Promise.resolve(),
    })
    return audits.flatMap(({ subjectKey: subject, stepKey: key, outcome, because }) => {
      const done = steps.get(key)
      if (!done) return []
      this.#tried.set(subject, new Set([...(this.#tried.get(subject) ?? []), key]))
      return [{ ...done, ...(outcome === 'done' ? {} : { held: because ?? outcome }) }]
    })
  }

  async close(): Promise<void> {
    for (const runtime of this.#runtimes.values()) await runtime.close()
    this.#runtimes.clear()
  }

  async #runtime(socket: string): Promise<Runtime> {
    const known = this.#runtimes.get(socket)
    if (known) return known
    // Half of what all takes to load; a drill of a network needs none of it.
    const { findRuntimes, openRuntime } = await import('../runtimes/find.ts')
    const [found] = await findRuntimes({ socket }, limits.callMs)
    const runtime = found && openRuntime(found)
    if (!runtime) throw new Error(`${socket}: ${found?.because ?? 'no runtime that can be asked'}`)
    this.#runtimes.set(socket, runtime)
    return runtime
  }

  /** In a lab of its own all rails but those of the arms themselves have nothing against it. */
  #situation(): Situation {
    const ticks = this.#io.ticks()
    const policy: Policy = { ...defaultPolicy, hazards: { [this.#hazard.id]: { mode: 'act' } } }
    const long = 3_600_000
    const pod = { namespace: 'lab', name: 'lab', annotations: {}, pastGraceMs: 1, owner: 'the lab', static: false }
    const node = { name: nodeName(), runtimeUpMs: long, runtimeAnswers: true, agentUpMs: long, timersLateMs: 0 }
    return {
      now: this.#io.now(),
      ticks,
      policy: { value: policy, ticks },
      done: { value: [], ticks },
      pod: { value: pod, ticks },
      node: { ...node, kubeletHealthy: true, containers: 100, condemned: 0, pauseFile: false },
    }
  }
}

/** The lock is the machine's: its iptables know no other. */
const ruleArm = (within: number) => replaceRuleArm({ within, toolMs: limits.callMs, lock: '/run/xtables.lock' })

/** The network that a process is in. */
async function networkWorld(pid: number): Promise<World> {
  const [node, network] = [nodeName(), await readNetwork({ proc: roots.proc, within: pid, toolMs: limits.callMs })]
  return {
    name: node,
    async *read(kinds) {
      for (const of of kinds) {
        const subject = { source: { node }, kind: of.kind, name: node }
        if (of.kind === networkSeen.kind) yield { of, items: [{ subject, object: network }] }
        else yield { of, elsewhere: 'the drill is of a network' }
      }
    },
  }
}

/** What the API server of the drill's cluster would say of its Pods. */
const podsWorld = (node: string, { pods: all = [] }: RuntimePlace): World => ({
  name: node,
  async *read(kinds) {
    for (const of of kinds) {
      const items = of.kind === pods.kind ? all.map((object) => ({ subject: subjectOf(object.metadata), object })) : []
      yield items.length > 0 ? { of, items } : { of, elsewhere: 'the drill says nothing of it' }
    }
  },
})

const subjectOf = ({ namespace, name, uid }: PodMetadata): Subject => ({
  source: { cluster: 'drill' },
  kind: pods.kind,
  namespace,
  name,
  uid,
})

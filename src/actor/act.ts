// One step, from the wish to the signal: reads everything itself, asks the guard, and uses its hands.
import { existsSync, readdirSync } from 'node:fs'
import type { Arm } from '../contract/world.ts'
import type { ShimHands } from '../node/shim-arms.ts'
import { continueShimArm, endShimArm } from '../node/shim-arms.ts'
import type { Runtime, RuntimeContainer } from '../runtimes/runtime.ts'
import { type Claimed, type Protection, refusal, type Seen, type ShimStep } from './guard.ts'

export interface ActorOptions {
  readonly runtime: Runtime
  readonly hands: ShimHands
  readonly protection: Protection
  readonly pauseFile: string
  /** Of what is kept there the names say when something was ended: so the rate survives a restart. */
  readonly evidence: string
  /** ms UTC. */
  readonly now: () => number
  /** How long the runtime may take (ms). */
  readonly limitMs: number
}

export type Outcome = 'done' | { readonly held: string }

/** Takes one step after the other, never two at once: the second would not see what the first did. */
export class Actor {
  readonly #options: ActorOptions
  readonly #arms: readonly Arm[]
  readonly #acts: number[]
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: ActorOptions) {
    this.#options = options
    this.#arms = [continueShimArm(options.hands), endShimArm(options.hands)]
    this.#acts = keptTimes(options.evidence)
  }

  /** Whether the file on the node says so, which works without the API. */
  isPaused(): boolean {
    return existsSync(this.#options.pauseFile)
  }

  /** @throws Error if the arm fails. */
  apply(step: ShimStep): Promise<Outcome> {
    const next = this.#last.then(() => this.#apply(step))
    this.#last = next.catch(() => undefined)
    return next
  }

  async #apply(step: ShimStep): Promise<Outcome> {
    const seen = await this.#look(step)
    const held = refusal(step, this.#options.protection, seen)
    if (held !== undefined) return { held }
    const arm = this.#arms.find(({ does }) => does === step.do)
    if (!arm) return { held: `the actor can not ${step.do}` }
    this.#acts.push(seen.now)
    return arm.apply(step)
  }

  async #look({ target, shim }: ShimStep): Promise<Seen> {
    const { runtime, hands, now, limitMs } = this.#options
    const id = target.uid ?? ''
    const listed = await runtime.list(limitMs)
    const inspection = await runtime.inspect(id, limitMs)
    return {
      paused: this.isPaused(),
      acts: this.#acts,
      now: now(),
      containers: 'because' in listed ? listed : listed.map(claimed),
      inspection,
      processes: hands.processesOf(id),
      shim: hands.read(shim.pid),
    }
  }
}

const claimed = ({ id, sandboxId, pod, state }: RuntimeContainer): Claimed => ({
  id,
  runs: state === 'running' || state === 'paused' || state === 'unknown',
  ...(sandboxId && { sandboxId }),
  ...(pod && { pod }),
})

/** `<ms UTC>-<pid>.json`. */
function keptTimes(folder: string): number[] {
  try {
    return readdirSync(folder).flatMap((name) => Number(/^(\d{13})-\d+\.json$/.exec(name)?.[1] ?? []) || [])
  } catch {
    return []
  }
}

import type { Inspection } from '../linux/container.ts'
import type { Runtime } from '../runtimes/runtime.ts'

/** How many containers are asked for at a time: few enough not to be a burden, many enough that one mute one holds up few. */
const atOnce = 8

/** From when on an answer is no longer a matter of course (ms): one that comes at once takes 2 to 20. */
const promptMs = 250

/** Twice as many as condemn a container by default: until then each round counts. */
const patience = 6

/** However often it failed, it is asked after this time (ms). */
const longestWait = 120_000

type Failed = Extract<Inspection, { answer: 'nothing' | 'error' }>

/** What earlier rounds know of one container that failed in the last of them. */
export interface Asked {
  /** How often in a row. */
  readonly failures: number
  /** When it was last asked: ticks (ms), and how many rounds ago, of which 1 is the one before. */
  readonly at: number
  readonly roundsAgo: number
  readonly last: Failed
}

/** It answered at once, so that nothing is wrong with whom it asked. */
export const isPrompt = ({ answer, ms }: Inspection): boolean =>
  (answer === 'told' || answer === 'gone') && ms < promptMs

/**
 * Whether a container is asked this time. One that keeps failing is asked every second round, every fourth, and so on: each
 * question may hold something of the daemon for as long as it hangs (40 of them 40 of dockerd's goroutines), also where the
 * runtime gives up by itself and answers.
 */
export const isDue = ({ failures, roundsAgo, at }: Asked, ticks: number): boolean =>
  failures < patience || roundsAgo >= 2 ** (failures - patience + 1) || ticks - at >= longestWait

/**
 * Inspects containers side by side, each with its own deadline, so that a mute one costs the others nothing.
 * @param limitMs how long one inspection may take.
 * @param asked what earlier rounds know, carried on to the next one: by it those that keep failing are not always asked, and who is
 * not among `ids` is forgotten. Without it all of them are asked.
 * @returns what came of each, by id.
 */
export async function inspectAll(
  runtime: Runtime,
  ids: readonly string[],
  limitMs: number,
  asked?: Map<string, Asked>,
): Promise<ReadonlyMap<string, Inspection>> {
  const answers = new Map<string, Inspection>()
  const began = performance.now()
  const queue: string[] = []
  for (const id of ids) {
    const known = asked?.get(id)
    if (!known || isDue(known, began)) queue.push(id)
    else answers.set(id, { ...known.last, earlier: true })
  }
  const worker = async (): Promise<void> => {
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
      answers.set(id, await runtime.inspect(id, limitMs))
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, queue.length) }, worker))
  if (asked) carryOn(asked, answers, began)
  return answers
}

function carryOn(asked: Map<string, Asked>, answers: ReadonlyMap<string, Inspection>, ticks: number): void {
  for (const id of asked.keys()) if (!answers.has(id)) asked.delete(id)
  for (const [id, answer] of answers) {
    const known = asked.get(id)
    if (known && 'earlier' in answer) asked.set(id, { ...known, roundsAgo: known.roundsAgo + 1 })
    else if (answer.answer === 'told' || answer.answer === 'gone') asked.delete(id)
    else asked.set(id, { failures: (known?.failures ?? 0) + 1, at: ticks, roundsAgo: 1, last: answer })
  }
}

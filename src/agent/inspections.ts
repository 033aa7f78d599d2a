import type { Inspection } from '../linux/container.ts'
import type { Runtime } from '../runtimes/runtime.ts'

/** How many containers are asked for at a time: few enough not to be a burden, many enough that one mute one holds up few. */
const atOnce = 8

/**
 * Inspects containers side by side, each with its own deadline, so that a mute one costs the others nothing.
 * @param limitMs how long one inspection may take.
 * @returns what came of each, by id.
 */
export async function inspectAll(
  runtime: Runtime,
  ids: readonly string[],
  limitMs: number,
): Promise<ReadonlyMap<string, Inspection>> {
  const answers = new Map<string, Inspection>()
  const queue = [...ids]
  const worker = async (): Promise<void> => {
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
      answers.set(id, await runtime.inspect(id, limitMs))
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, ids.length) }, worker))
  return answers
}

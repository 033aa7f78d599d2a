import type { World } from '../contract/world.ts'
import type { Io } from './io.ts'

/** A line on stderr that says what is being read; nothing where stderr is no terminal. */
export interface Progress {
  /** Tells how many objects of a kind came from a world so far. */
  readonly read: (world: string, kind: string, count: number) => void
  readonly end: () => void
}

/** Files are parsed without a pause, so that the spinner's own timer never gets its turn (ms). */
const oftenEnough = 80

/** Starts a progress line; what draws it is loaded only for a terminal. */
export async function startProgress(io: Io, first: string): Promise<Progress> {
  if (!io.errIsTerminal) return { read: () => {}, end: () => {} }
  const { default: ora } = await import('ora')
  const spinner = ora({ text: first, stream: process.stderr, discardStdin: false }).start()
  let drawn = io.ticks()
  return {
    read: (world, kind, count) => {
      spinner.text = `${world}: ${count.toLocaleString('en')} ${kind}s`
      if (io.ticks() - drawn < oftenEnough) return
      drawn = io.ticks()
      spinner.render()
    },
    end: () => spinner.stop(),
  }
}

/** The same world, which tells what it reads. */
export function telling(world: World, progress: Progress): World {
  return {
    ...world,
    async *read(kinds) {
      const counts = new Map<string, number>()
      for await (const batch of world.read(kinds)) {
        yield batch
        if (!('items' in batch)) continue
        const count = (counts.get(batch.of.kind) ?? 0) + batch.items.length
        counts.set(batch.of.kind, count)
        progress.read(world.name, batch.of.kind, count)
      }
    },
  }
}

// How long a person waits at a drill, as the built command line runs it. Needs root.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { type BenchRow, less } from './table.ts'

const main = join(import.meta.dirname, '../dist/main.js')

/** From the start of the process (s). @throws Error if the drill failed, or lost nothing. */
export async function drillBench(): Promise<BenchRow[]> {
  const began = performance.now()
  const seconds = (): number => (performance.now() - began) / 1000
  const child = spawn(process.execPath, [main, 'drill', 'snat-race'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let firstLost: number | undefined
  child.stdout.on('data', (part: Buffer) => {
    if (part.includes('the first SYN was lost')) firstLost ??= seconds()
  })
  const code = await new Promise((resolve) => child.once('exit', resolve))
  if (code !== 0 || firstLost === undefined) throw new Error(`the drill ended with ${code}`)
  return [
    less('snat-race shows the first lost SYN', firstLost, 'goal', 5, 's'),
    less('snat-race ends', seconds(), 'goal', 40, 's'),
  ]
}

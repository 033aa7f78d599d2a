import { runtimePartsHint } from '../src/lab/runtime-parts.ts'

/** True, with the reason on stderr, where no real containerd and dockerd can be started: for describe.skipIf. */
export function runtimesOrSkip(): boolean {
  const hint = runtimePartsHint(process.env)
  if (hint === undefined) return false
  process.stderr.write(`skipped for want of container runtimes: ${hint}\n`)
  return true
}

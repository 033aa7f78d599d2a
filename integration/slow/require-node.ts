import { homedir } from 'node:os'
import { nodePartsHint } from '../../src/lab/kubelet.ts'
import { controlPlaneOrSkip } from '../require-control-plane.ts'
import { runtimesOrSkip } from '../require-runtimes.ts'

/** True, with the reason on stderr, where no real node can be started: for describe.skipIf. */
export function nodeOrSkip(): boolean {
  if ([controlPlaneOrSkip(), runtimesOrSkip()].includes(true)) return true
  const hint = nodePartsHint(process.env, homedir())
  if (hint === undefined) return false
  process.stderr.write(`skipped for want of a node: ${hint}\n`)
  return true
}

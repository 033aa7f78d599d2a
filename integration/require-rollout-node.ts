import { rolloutNodeHint } from '../src/lab/rollout-node.ts'

/** True, with the reason on stderr, where no rollout on a real kubelet can be made: for describe.skipIf. */
export function rolloutNodeOrSkip(): boolean {
  const hint = rolloutNodeHint()
  if (hint !== undefined) process.stderr.write(`skipped for want of a node for rollouts: ${hint}\n`)
  return hint !== undefined
}

import { homedir } from 'node:os'
import { findControlPlane } from '../src/lab/control-plane.ts'

/** True, with the reason on stderr, where the parts of a real control plane are not to be had: for describe.skipIf. */
export function controlPlaneOrSkip(): boolean {
  const sought = findControlPlane(process.env, homedir())
  if ('found' in sought) return false
  process.stderr.write(`skipped for want of a control plane: ${sought.hint}\n`)
  return true
}

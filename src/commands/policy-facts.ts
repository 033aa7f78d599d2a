import { readFileSync } from 'node:fs'
import type { FactsForRails } from '../acting/acting.ts'
import type { ClusterFacts } from '../acting/cluster-facts.ts'
import { policyFrom } from '../acting/policy-source.ts'
import type { Policy } from '../engine/policy.ts'
import { hazards } from '../hazards/index.ts'
import { UsageError } from './io.ts'

/**
 * The policy that counts: that of the cluster, or of a file.
 * @throws UsageError if the file is no policy.
 */
export function policyFacts(cluster: ClusterFacts, path: string | undefined): FactsForRails['policy'] {
  if (path === undefined) return () => cluster.policy()
  const policy = policyOfFile(path)
  // A pause of the cluster holds for this one too.
  return async () => {
    const read = await cluster.policy()
    if (!read) return undefined
    const { paused } = read.value
    const value = { policy: { ...policy, paused: policy.paused || paused !== undefined }, from: path }
    return { value: { ...value, ...(paused !== undefined && { paused }) }, ticks: read.ticks }
  }
}

/** @param option that named the file. @throws UsageError if it is no policy. */
export function policyOfFile(path: string, option = '--policy'): Policy {
  try {
    return policyFrom(readFileSync(path, 'utf8'), path, hazards)
  } catch (error) {
    throw new UsageError(`${option}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

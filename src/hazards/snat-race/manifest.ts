import type { ConfigMap } from 'kubernetes-types/core/v1.js'
import type { Context, Item, Verdict } from '../../contract/hazard.ts'
import { detector, index, list, maybe } from '../../contract/reads.ts'
import { absent, clear, foundAny, unknown } from '../../contract/verdicts.ts'
import { configMaps, daemonSets, felixConfigurations } from '../../objects/kinds.ts'
import type { FelixConfiguration } from '../../objects/local-types.ts'
import { judgeAgent } from './agent-settings.ts'
import { agentsOf, type NetworkAgents } from './network-agents.ts'

const wanted: ReadonlySet<string> = new Set(configMaps.api?.only?.names)

/** Files may hold any ConfigMap; those that are read of a cluster count. */
const keyOf = ({ metadata }: ConfigMap): string | undefined =>
  metadata?.name !== undefined && wanted.has(metadata.name) ? `${metadata.namespace ?? ''}/${metadata.name}` : undefined

const dataOf = ({ data }: ConfigMap) => ({ data: data ?? {} })

const overrideOf = ({ spec }: FelixConfiguration) =>
  typeof spec?.featureDetectOverride === 'string' ? { override: spec.featureDetectOverride } : undefined

/** Are those who make SNAT rules told to choose ports by chance? */
export const agents = detector({
  of: list(daemonSets, agentsOf),
  with: {
    configMaps: maybe(index(configMaps, keyOf, dataOf)),
    felix: maybe(list(felixConfigurations, overrideOf)),
  },
  judge(daemonSet: Item<NetworkAgents>, view, { version }: Context): Verdict<never> {
    const verdicts = daemonSet.object.agents.map((agent) => judgeAgent(agent, { daemonSet, ...view, version }))
    const findings = verdicts.flatMap((one) => (one.verdict === 'found' ? one.findings : []))
    if (findings.length > 0) return foundAny(findings)
    const open = verdicts.flatMap((one) => (one.verdict === 'unknown' ? [one.because] : []))
    if (open.length > 0) return unknown(open.join('; '))
    return verdicts.some(({ verdict }) => verdict === 'clear') ? clear : absent
  },
})

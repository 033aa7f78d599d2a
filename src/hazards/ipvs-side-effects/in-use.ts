// What all questions to a node have in common: whether kube-proxy balances by IPVS here at all.
import type { Finding, Verdict } from '../../contract/hazard.ts'
import { absent, foundAny, unknown } from '../../contract/verdicts.ts'
import { dummyDevice, type IpvsSeen, type IpvsTable } from '../../linux/ipvs.ts'
import { isRead, type NotRead } from '../../linux/network.ts'

/** kube-proxy's table; what there is to say where there is none. IPVS of others (keepalived, Docker swarm) is not judged. */
export function tableOf({ table, dummy }: IpvsSeen): IpvsTable | { readonly verdict: Verdict<never> } {
  if (table === undefined) return { verdict: absent }
  if (!isRead(table)) return { verdict: unknown(`the table of IPVS was not read: ${table.because}`) }
  if (isUnreadFlag(dummy)) return { verdict: unknown(`whether "${dummyDevice}" is there: ${dummy.because}`) }
  return dummy ? table : { verdict: absent }
}

const isUnreadFlag = (flag: boolean | NotRead): flag is NotRead => typeof flag !== 'boolean'

/** Rows that could not be read may hold what was looked for, so without a finding nothing is clear. */
export function foundOrUnread(findings: readonly Finding[], { broken }: IpvsTable): Verdict<never> {
  const [first] = broken
  if (findings.length > 0 || first === undefined) return foundAny(findings)
  return unknown(
    `${broken.length} rows of the table of IPVS are none, the first: ${JSON.stringify(first.slice(0, 80))}`,
  )
}

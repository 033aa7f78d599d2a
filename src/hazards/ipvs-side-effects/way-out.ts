// The way out of the mode ipvs: what is in the way, as nodes and kube-proxy's configuration show it.
import type { Evidence, Finding, Severity, Version } from '../../contract/hazard.ts'
import { olderThan } from '../../objects/version.ts'

/** `text`: what to do about it before, or what is another then. */
export interface Obstacle {
  readonly text: string
  readonly evidence: Evidence
}

export interface WayOut {
  /** Who is asked, as a subject of a sentence. */
  readonly who: string
  readonly evidence: Evidence
  /** What has to be done before. */
  readonly obstacles: readonly Obstacle[]
  /** What works in another way then. */
  readonly differences: readonly Obstacle[]
  /** Whether something that decides could not be read. */
  readonly guess?: true
}

/** KEP-5495: deprecated in 1.35, off unless the gate KubeProxyIPVS is on from 1.40 on, gone in 1.43. */
const stages: readonly { readonly before: number; readonly severity: Severity }[] = [
  { before: 40, severity: 'low' },
  { before: 43, severity: 'high' },
]

/** @param version of the API server, which kube-proxy may be up to three minor releases behind; undefined is not old. */
export function wayOut(
  { who, evidence, obstacles, differences, guess }: WayOut,
  version: Version | undefined,
): Finding {
  const severity =
    version === undefined ? 'low' : (stages.find(({ before }) => olderThan(version, before))?.severity ?? 'critical')
  const ends = 'which is deprecated since Kubernetes 1.35, off by default from 1.40 on and gone in 1.43'
  const differs = differences.length > 0 ? `; what differs there: ${textOf(differences)}` : ''
  const fact =
    obstacles.length > 0
      ? `${who} in the mode ipvs, ${ends}; in the way to nftables: ${textOf(obstacles)}${differs}`
      : `${who} in the mode ipvs, ${ends}; nothing was seen in the way to nftables${differs}`
  return {
    reason: obstacles.length > 0 ? 'way-out-blocked' : 'mode-ends',
    state: 'exposed',
    severity,
    ...(guess && { guess }),
    fact,
    evidence: [evidence, ...[...obstacles, ...differences].map((one) => one.evidence)],
    remedy: [
      {
        do: 'advise',
        why: 'mode: nftables (stable since Kubernetes 1.33), node by node: drain it, change the mode, and reboot it or run kube-proxy --cleanup, so that nothing of the old mode stays',
      },
      {
        do: 'advise',
        why: 'where the kernel is older than 5.13, mode: iptables is the way; between ipvs and iptables kube-proxy cleans nothing up by itself',
      },
    ],
  }
}

const textOf = (all: readonly Obstacle[]): string => all.map(({ text }) => text).join('; ')

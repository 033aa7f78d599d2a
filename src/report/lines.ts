// Findings put together to lines: what one person mends with one change stands on one line.
import { createHash } from 'node:crypto'
import type { ReportFinding } from './schema.ts'
import type { Tier } from './tiers.ts'

/** By what findings of one reason are put together: the place where they are mended, who owns them, or their cluster. */
export const groupings = ['cause', 'owner', 'cluster'] as const
export type Grouping = (typeof groupings)[number]

/** One line of a report: findings of one tier, hazard, reason and group; at least one. */
export interface Line {
  /** Short, and the same in every scan. */
  readonly id: string
  readonly tier: Tier
  readonly group: string
  readonly first: ReportFinding
  readonly findings: readonly ReportFinding[]
}

/** What stands for objects that nobody owns. */
export const nobody = 'nobody'

const groupOf = (finding: ReportFinding, by: Grouping): string => {
  if (by === 'cause') return finding.fixingPlace
  return by === 'owner' ? (finding.owner ?? nobody) : finding.subject.world
}

const shortHash = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 6)

/** The id of the line of a reason and a fixing place. */
export const causeId = (hazard: string, reason: string, fixingPlace: string): string =>
  shortHash(hazard, reason, fixingPlace)

const idOf = (finding: ReportFinding, by: Grouping): string =>
  by === 'cause' ? finding.cause : shortHash(by, finding.hazard, finding.reason, groupOf(finding, by))

const severities = ['critical', 'high', 'medium', 'low']

/** The findings as lines, without those that another one is part of: by tier, the severe before the many, and the many before the few. */
export function linesOf(findings: readonly ReportFinding[], by: Grouping): Line[] {
  const lines = new Map<string, ReportFinding[]>()
  for (const finding of findings) {
    if (finding.partOf !== undefined) continue
    const key = `${finding.tier} ${idOf(finding, by)}`
    const line = lines.get(key)
    if (line) line.push(finding)
    else lines.set(key, [finding])
  }
  const made = [...lines.values()].flatMap((all): Line[] => {
    const [first] = all
    if (!first) return []
    return [{ id: idOf(first, by), tier: first.tier, group: groupOf(first, by), first, findings: all }]
  })
  const rank = ({ first }: Line): number => severities.indexOf(first.severity)
  return made.toSorted(
    (a, b) =>
      (by === 'cause' ? 0 : compare(a.group, b.group)) ||
      rank(a) - rank(b) ||
      b.findings.length - a.findings.length ||
      compare(a.first.reason, b.first.reason) ||
      compare(a.group, b.group),
  )
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The findings that an id names: of one finding, or of a line in any grouping. A finding's id may be cut short. */
export function findingsOf(findings: readonly ReportFinding[], id: string): readonly ReportFinding[] {
  const whole = findings.filter((finding) => groupings.some((by) => idOf(finding, by) === id))
  return whole.length > 0 ? whole : findings.filter((finding) => id.length >= 6 && finding.id.startsWith(id))
}

// What was found and what was edited, as figures of an act.
import type { Finding, Json, Step } from '../../contract/hazard.ts'

export const factsOf = (findings: readonly Finding[]): Record<string, Json> =>
  Object.fromEntries(findings.map(({ reason, fact }) => [reason, fact]))

export const editOf = ({ changes }: Extract<Step, { do: 'edit' }>): Record<string, Json> =>
  Object.fromEntries(changes.map(({ path, after }) => [path.join('.'), JSON.stringify(after)]))

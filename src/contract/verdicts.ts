import type { Evidence, Finding, Json, Path, Subject, Verdict } from './hazard.ts'

export const clear: Verdict<never> = { verdict: 'clear' }
export const absent: Verdict<never> = { verdict: 'absent' }
export const unknown = (because: string): Verdict<never> => ({ verdict: 'unknown', because })
export const found = (...findings: readonly [Finding, ...Finding[]]): Verdict<never> => ({ verdict: 'found', findings })

/** `found` if there are any, else `clear`. */
export const foundAny = (findings: readonly Finding[]): Verdict<never> => {
  const [first, ...rest] = findings
  return first ? found(first, ...rest) : clear
}

/** Evidence that stands in a field of an object (or is missing there). */
export const seen = (name: string, value: Json, subject: Subject, ...field: Path): Evidence => ({
  name,
  value,
  at: { subject, field },
})

/** Evidence that was read elsewhere: `from` says where. */
export const read = (name: string, value: Json, from: string): Evidence => ({ name, value, at: { read: from } })

/** A verdict in one line, as drills show it: `found: lost-syns: 152 packets …`, `unknown: …`, `clear`. */
export function verdictText(verdict: Verdict | undefined): string {
  if (verdict?.verdict === 'found')
    return `found: ${verdict.findings.map(({ reason, fact }) => `${reason}: ${fact}`).join('; ')}`
  return verdict?.verdict === 'unknown' ? `unknown: ${verdict.because}` : (verdict?.verdict ?? 'nothing was judged')
}

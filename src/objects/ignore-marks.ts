// What an object's annotations say of findings that somebody knows of.

/** Which hazards are known of and accepted: ids, `hazard/reason`, or `all`, by commas or spaces. */
export const ignoreAnnotation = 'roadcrew.dev/ignore'
/** Why; without it the other one does not hold. */
export const reasonAnnotation = 'roadcrew.dev/ignore-reason'

export interface IgnoreMark {
  /** As they are written, known or not. */
  readonly names: readonly string[]
  readonly reason?: string
}

/** What an object's own annotations say; undefined if it bears none that ignores something. */
export function ignoreMarkOf(object: unknown): IgnoreMark | undefined {
  const annotations = (
    object as { metadata?: { annotations?: Readonly<Record<string, unknown>> | null } | null } | null
  )?.metadata?.annotations
  const given = annotations?.[ignoreAnnotation]
  if (typeof given !== 'string') return undefined
  const reason = annotations?.[reasonAnnotation]
  const said = typeof reason === 'string' ? reason.trim() : ''
  return { names: given.split(/[\s,]+/).filter((name) => name !== ''), ...(said !== '' && { reason: said }) }
}

const units: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  M: 2_592_000,
  y: 31_536_000,
}

/**
 * A time of a nginx or HAProxy setting in seconds: `240s`, `1h 30m`, `30` (seconds). Undefined if it is none.
 * https://nginx.org/en/docs/syntax.html
 */
export function secondsOf(text: string): number | undefined {
  const parts = text.trim().split(/\s+|(?<=[a-zA-Z])(?=\d)/)
  let sum = 0
  for (const part of parts) {
    const [, count, unit = ''] = /^(\d{1,9})(ms|[smhdwMy])?$/.exec(part) ?? []
    if (count === undefined) return undefined
    sum += Number(count) * (units[unit || 's'] ?? 0)
  }
  return sum
}

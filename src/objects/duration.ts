const NANOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n, // U+00B5, the micro sign
  μs: 1_000n, // U+03BC, the Greek letter
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}

const LONGEST = 2n ** 63n - 1n

/** Says what is wrong in the words of Go's `time.ParseDuration`. */
export class DurationError extends Error {
  override readonly name = 'DurationError'
}

/**
 * A Go duration ("1h30m", "1.5h", "-5m", "300ms") in nanoseconds.
 * Grammar, limits and messages are those of Go's `time.ParseDuration`; throws DurationError.
 */
export function parseDuration(text: string): bigint {
  const invalid = (): DurationError => new DurationError(`time: invalid duration ${quoted(text)}`)
  const negative = text.startsWith('-')
  let rest = text.replace(/^[-+]/, '')
  if (rest === '0') return 0n
  if (rest === '') throw invalid()
  let sum = 0n
  while (rest !== '') {
    const [all = '', whole = '', fraction = '', unit = ''] = /^(\d*)(?:\.(\d*))?([^.\d]*)/.exec(rest) ?? []
    if (whole === '' && fraction === '') throw invalid()
    if (unit === '') throw new DurationError(`time: missing unit in duration ${quoted(text)}`)
    const size = Object.hasOwn(NANOSECONDS, unit) ? NANOSECONDS[unit] : undefined
    if (size === undefined) throw new DurationError(`time: unknown unit ${quoted(unit)} in duration ${quoted(text)}`)
    sum += BigInt(whole) * size + (BigInt(fraction) * size) / 10n ** BigInt(fraction.length)
    rest = rest.slice(all.length)
  }
  // One more nanosecond exists below zero than above.
  if (sum > LONGEST + (negative ? 1n : 0n)) throw invalid()
  return negative ? -sum : sum
}

/** As Go's package `time` quotes: bytes that are not plain ASCII become `\xNN`. */
function quoted(text: string): string {
  let out = ''
  for (const byte of new TextEncoder().encode(text)) {
    const char = String.fromCharCode(byte)
    if (char === '"' || char === '\\') out += `\\${char}`
    else out += byte < 0x20 || byte > 0x7f ? `\\x${byte.toString(16).padStart(2, '0')}` : char
  }
  return `"${out}"`
}

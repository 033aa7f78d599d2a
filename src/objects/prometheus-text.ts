// The text that programs serve to Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const nameAhead = /^[a-zA-Z_:][\w:]*/
const label = /\s*([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|(?=\}))/y
const closing = /\s*\}/y
/** The value, perhaps a time (ms) after it, perhaps an example of OpenMetrics. */
const valueBehind = /^\s*(\S+)(?:\s+-?\d+(?:\.\d+)?)?(?:\s+#.*)?$/

/** `name{label="value"} number`; undefined for comments, blank lines, and what is no sample. */
export function sampleOf(line: string): Sample | undefined {
  const text = line.trim()
  const name = nameAhead.exec(text)?.[0]
  if (name === undefined) return undefined
  const open = /^\s*\{/.exec(text.slice(name.length))
  const labelled = open ? labelsAt(text, name.length + open[0].length) : { labels: {}, end: name.length }
  if (!labelled) return undefined
  const rest = text.slice(labelled.end)
  // Without labels only a space tells name and value apart.
  if (!open && !/^\s/.test(rest)) return undefined
  const value = numberOf(valueBehind.exec(rest)?.[1] ?? '')
  return value === undefined ? undefined : { name, labels: labelled.labels, value }
}

/** The labels behind an opened brace, and where the text goes on after they are closed. */
function labelsAt(text: string, start: number): { labels: Sample['labels']; end: number } | undefined {
  const pairs: [string, string][] = []
  let at = start
  for (;;) {
    label.lastIndex = at
    const found = label.exec(text)
    if (!found) break
    pairs.push([found[1] ?? '', unescaped(found[2] ?? '')])
    at = label.lastIndex
  }
  closing.lastIndex = at
  // fromEntries makes even `__proto__` a label like any other.
  return closing.test(text) ? { labels: Object.fromEntries(pairs), end: closing.lastIndex } : undefined
}

const unescaped = (text: string): string =>
  text.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter))

/** As Go's strconv.ParseFloat reads it, as far as Prometheus writes it; NaN is a number there. */
export function numberOf(text: string): number | undefined {
  if (/^[+]?Inf$/i.test(text)) return Number.POSITIVE_INFINITY
  if (/^-Inf$/i.test(text)) return Number.NEGATIVE_INFINITY
  if (/^NaN$/i.test(text)) return Number.NaN
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined
}

/** A program that has more of what is asked for is not the one that was thought of. */
const mostSamples = 1_000

/**
 * Takes the lines of a text one by one and keeps the samples of some metrics; every other line is passed over, whatever it is.
 * `take` throws Error for a line of theirs that can't be read, and for too many.
 */
export function sampleTaker(names: readonly string[]): {
  take(line: string): void
  readonly samples: readonly Sample[]
} {
  const wanted: ReadonlySet<string> = new Set(names)
  const samples: Sample[] = []
  let place = 0
  return {
    samples,
    take(line) {
      place++
      if (!wanted.has(nameAhead.exec(line.trimStart())?.[0] ?? '')) return
      const sample = sampleOf(line)
      if (!sample) throw new Error(`line ${place}: not a sample of a metric: ${line.trim().slice(0, 120)}`)
      if (samples.length === mostSamples)
        throw new Error(`over ${mostSamples} samples of the metrics that are asked for`)
      samples.push(sample)
    },
  }
}

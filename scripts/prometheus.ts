// What tests ask of Prometheus expressions. promtool says whether one can be parsed; it does not say what it reads.

/** Names that are no metrics where no bracket follows. */
const words = new Set(['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan', 'atan2'])

/** The metrics that an expression reads, in order. Functions and aggregations are told by their bracket. */
export function metricsIn(expression: string): string[] {
  const plain = expression
    .replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '')
    .replace(/\{[^}]*\}|\[[^\]]*\]/g, ' ')
    .replace(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ')
  const names = [...plain.matchAll(/(?<![\w.])[a-zA-Z_:][\w:]*(?!\w*\s*\()/g)].map(([name]) => name)
  const aggregations = /^(?:sum|min|max|avg|count|group|stddev|stdvar|topk|bottomk|quantile|count_values)$/
  return [...new Set(names.filter((name) => !words.has(name.toLowerCase()) && !aggregations.test(name)))]
}

interface Panel {
  readonly targets?: readonly { readonly expr: string }[]
}

/** Every expression of a Grafana dashboard. */
export const dashboardExpressions = (json: string): string[] =>
  (JSON.parse(json) as { readonly panels: readonly Panel[] }).panels.flatMap(({ targets = [] }) =>
    targets.map(({ expr }) => expr),
  )

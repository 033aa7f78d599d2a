import type { Sample } from './prometheus-text.ts'

/** Figures that a Pod gave: samples of the metrics that were asked for, in the order of its text. */
export interface PodMetrics {
  readonly namespace: string
  readonly pod: string
  readonly samples: readonly Sample[]
  /** Why there are none: it could not be asked, or its text not be read. */
  readonly unread?: string
}

/** The sum of a metric's samples that have all these labels; undefined if there is none, or it is no number. */
export function sumOf(
  { samples }: PodMetrics,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const own = samples.filter(
    (one) => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value),
  )
  const sum = own.reduce((total, { value }) => total + value, 0)
  return own.length > 0 && Number.isFinite(sum) ? sum : undefined
}

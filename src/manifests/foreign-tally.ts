// Counts the files that were passed over, a line for each sort of them.
import { nothingKnown, type Recognised } from './foreign.ts'

/** Files of one sort, or of one whole. */
export interface ForeignFiles {
  readonly what: string
  /** How many files. */
  readonly count: number
  /** The first of them, or the folder that they make up. */
  readonly example: string
  /** What renders the example to something that can be scanned. */
  readonly command?: string
}

export interface ForeignTally {
  /** Counts a file, once for each sort of thing in it: all of one file come one after the other. */
  add(file: string, recognised: Recognised): void
  /** Those that can be rendered first, those of no known tool last; then the more frequent ones. */
  rows(): readonly ForeignFiles[]
}

interface Row extends Recognised {
  readonly example: string
  count: number
  last: string
}

const rank = ({ what, command }: Row): number => (command !== undefined ? 0 : what === nothingKnown ? 2 : 1)

/** An empty tally. */
export const foreignTally = (): ForeignTally => {
  const rows = new Map<string, Row>()
  return {
    add(file, recognised) {
      const { what, whole } = recognised
      const key = JSON.stringify([what, whole])
      const row = rows.get(key)
      if (!row) rows.set(key, { ...recognised, example: whole ?? file, count: 1, last: file })
      else if (row.last !== file) {
        row.count += 1
        row.last = file
      }
    },
    rows: () =>
      [...rows.values()]
        .toSorted((a, b) => rank(a) - rank(b) || b.count - a.count)
        .map(({ what, count, example, command }) => ({ what, count, example, ...(command && { command }) })),
  }
}

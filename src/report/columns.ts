// Rows as aligned columns that fit a terminal: a cell has shorter ways to say the same, and is cut only at last.

/** What a cell may say, the longest first. */
export type Cell = readonly string[]

export interface Column {
  /** Never narrower than this, unless all its cells are. */
  readonly least: number
  /** Which share of the space that is left it gets where not all fit. */
  readonly share: number
  readonly paint?: (text: string, row: number) => string
}

const gap = 2

/** How wide each column becomes within `width`, where it would like to be `natural`. */
function widths(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  const gaps = gap * Math.max(0, natural.filter((one) => one > 0).length - 1)
  const wide = natural.map((one, place) => Math.min(one, columns[place]?.least ?? 0))
  for (let left = width - gaps - sum(wide); left > 0; ) {
    const hungry = wide.map((one, place) => (one < (natural[place] ?? 0) ? (columns[place]?.share ?? 0) : 0))
    if (sum(hungry) === 0) break
    const before = left
    hungry.forEach((share, place) => {
      const want = Math.max(1, Math.floor((before * share) / sum(hungry)))
      const more = share > 0 ? Math.min(left, want, (natural[place] ?? 0) - (wide[place] ?? 0)) : 0
      wide[place] = (wide[place] ?? 0) + more
      left -= more
    })
  }
  return wide
}

/** The longest that a cell may say in so much room, cut only if nothing fits. */
const saying = (cell: Cell = [''], room: number): string =>
  cut(cell.find((one) => one.length <= room) ?? cell.at(-1) ?? '', room)

const longest = (texts: readonly string[]): number => Math.max(0, ...texts.map(({ length }) => length))

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

/** Cuts a text, and shows that it did. */
export const cut = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`

/** The rows as lines of at most `width` characters (colours not counted); empty columns are left out. */
export function aligned(columns: readonly Column[], rows: readonly (readonly Cell[])[], width: number): string[] {
  const natural = columns.map((_, place) => longest(rows.map((row) => row[place]?.[0] ?? '')))
  const first = widths(columns, natural, width)
  // Where shorter words were taken room is left over, which the others get.
  const used = first.map((room, place) => longest(rows.map((row) => saying(row[place], room))))
  const taken = used.map((one, place) => (one < (first[place] ?? 0) ? one : (natural[place] ?? 0)))
  const wide = widths(columns, taken, width)
  return rows.map((row, number) => {
    const cells = columns.flatMap(({ paint = String }, place) => {
      const room = wide[place] ?? 0
      if (room === 0) return []
      const text = saying(row[place], room)
      return [paint(text, number) + ' '.repeat(room - text.length)]
    })
    return cells.join(' '.repeat(gap)).trimEnd()
  })
}

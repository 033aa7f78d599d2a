// `roadcrew rails report` for people: whether it helped to act, and whether acting would have helped. Pure.
import { createColors } from 'picocolors'
import { durationText } from '../objects/time.ts'
import { aligned, type Cell } from '../report/columns.ts'
import { mostColumns, wrap } from '../report/wrap.ts'
import type { ReportData, ReportRow } from './rails-report.ts'
import type { Style } from './rails-status-view.ts'

export function reportText(data: ReportData, { color, columns }: Style): string {
  const { bold, dim } = createColors(color)
  const { context, since, forSeconds, nodes, steps } = data
  const width = Math.min(columns, mostColumns)
  const head = `${bold(context)}: ${nodes} ${nodes === 1 ? 'node' : 'nodes'}${since === undefined ? '' : `, for ${durationText(forSeconds * 1000)}, since ${since}`}`
  if (steps.length === 0) return `${[head, ...nothing(data).flatMap((text) => wrap(text, width))].join('\n')}\n`
  const table = aligned(
    heads[0].map((_, place) => ({ least: place === 0 ? 12 : 6, share: place === 0 ? 3 : 1 })),
    [...heads, ...rowsOf(steps)],
    width,
  ).map((line, place) => (place < heads.length ? dim(line) : line))
  return `${[head, '', ...table, '', ...conclusions(steps).flatMap((text) => wrap(text, width))].join('\n')}\n`
}

const nothing = ({ nodes, namespace }: ReportData): string[] => [
  nodes === 0
    ? `No agent that may act or advise has counted anything in namespace ${namespace} (-n names another).`
    : 'Nothing was done or advised so far.',
  `To see what would have been done, without letting it be done: mode: advise for a hazard in the policy (ConfigMap ${namespace}/roadcrew-policy). What becomes of it is followed for 30 min. roadcrew rails status shows which hazards have steps.`,
]

const heads: readonly [Cell[], Cell[]] = [
  [[''], ['DONE'], [''], [''], ['ADVISED'], [''], [''], ['']],
  [
    [''],
    ['cured'],
    ['not cured', 'not'],
    ['watched'],
    ['by a person', 'person'],
    ['by itself', 'itself'],
    ['still broken', 'broken'],
    ['watched'],
  ],
]

/** Hazard, its steps and their nodes, each further in; a node's name is cut before its figures are. */
function rowsOf(steps: readonly ReportRow[]): Cell[][] {
  let [hazard, step]: (string | undefined)[] = []
  return steps.flatMap((row) => {
    const rows: Cell[][] = []
    if (row.hazard !== hazard) rows.push([[row.hazard]])
    if (row.node !== undefined && (row.hazard !== hazard || row.step !== step)) rows.push([[`  ${row.step}`]])
    ;[hazard, step] = [row.hazard, row.step]
    const name = row.node === undefined ? `  ${row.step}` : `    ${row.node}`
    return [...rows, [[name], ...figures(row).map((count): Cell => [String(count)])]]
  })
}

const figures = ({ done, advised }: ReportRow): number[] => [
  done.cured,
  done.notCured,
  done.watched,
  advised.doneByAPerson,
  advised.healedByItself,
  advised.stillBroken,
  advised.watched,
]

/** What the figures say to whoever has to decide whether to trust it. */
export function conclusions(steps: readonly ReportRow[]): string[] {
  const sum = (of: (row: ReportRow) => number): number => steps.reduce((all, row) => all + of(row), 0)
  const [cured, failed] = [sum(({ done }) => done.cured), sum(({ done }) => done.notCured)]
  const person = sum(({ advised }) => advised.doneByAPerson)
  const itself = sum(({ advised }) => advised.healedByItself)
  const broken = sum(({ advised }) => advised.stillBroken)
  const watched = sum(({ done, advised }) => done.watched + advised.watched)
  const [done, all] = [cured + failed, person + itself + broken]
  const parts = [
    person > 0 && `people took ${person} themselves: act would have spared them that`,
    itself > 0 && `${itself} healed by ${itself === 1 ? 'itself' : 'themselves'}: act would have been needless`,
    broken > 0 &&
      `${broken} ${broken === 1 ? 'was' : 'were'} still broken after 30 min: act would not have waited for anybody`,
  ].filter((part) => part !== false)
  return [
    ...(done > 0 ? [`Of ${stepsThatWere(done)} done ${cured} cured${failed > 0 ? `, ${failed} did not` : ''}.`] : []),
    ...(all > 0 ? [`Of ${stepsThatWere(all)} advised ${parts.join('; ')}.`] : []),
    ...(all > 0 && all < enough ? ['So few say little yet.'] : []),
    ...(watched > 0 ? [`${watched} ${watched === 1 ? 'is' : 'are'} still watched.`] : []),
  ]
}

const stepsThatWere = (count: number): string => (count === 1 ? '1 step that was' : `${count} steps that were`)

/** Fewer are chance: of ten alike, one that goes wrong can be expected to have shown. */
const enough = 10

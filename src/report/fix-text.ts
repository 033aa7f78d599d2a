// What `roadcrew fix` shows. The patch of files goes to stdout by itself, so that it can be applied; what is said of it to stderr.
import { createColors } from 'picocolors'
import type { FixDifference, FixLeft, FixReport, FixStep } from './fix-schema.ts'

/** What is thought of, or was done. */
interface Shown {
  readonly steps: readonly FixStep[]
  readonly differences: readonly FixDifference[]
}

interface TextOptions {
  readonly color: boolean
}

type Colors = ReturnType<typeof createColors>

const count = (n: number, one: string): string => `${n.toLocaleString('en')} ${one}${n === 1 ? '' : 's'}`

const objectText = ({ kind, namespace, name }: FixStep['target']): string =>
  `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`

/** The differences as one patch; above each, what it is for, which git and patch read over. */
export function patchText({ differences, steps }: Shown, { color }: TextOptions): string {
  const colors = createColors(color)
  return differences
    .map((one) => {
      const reasons = steps.filter((step) => isOf(step, one) && step.outcome !== 'held').map(reasonText)
      return [...new Set(reasons)].map((text) => `${colors.dim(`# ${text}`)}\n`).join('') + painted(one.diff, colors)
    })
    .join('\n')
}

const isOf = ({ file, target }: FixStep, { what }: FixDifference): boolean =>
  what === (file ?? `${objectText(target)} in ${target.world}`)

const reasonText = ({ hazard, reason, target, why }: FixStep): string =>
  `${hazard}/${reason}: ${objectText(target)}: ${why}`

const painted = (diff: string, colors: Colors): string =>
  diff
    .split('\n')
    .map((line) => {
      if (line.startsWith('+++') || line.startsWith('---')) return colors.bold(line)
      if (line.startsWith('@@')) return colors.cyan(line)
      return line.startsWith('+') ? colors.green(line) : line.startsWith('-') ? colors.red(line) : line
    })
    .join('\n')

/** Steps that are no edit: they have no difference to show. */
export function actionsText({ steps }: Pick<Shown, 'steps'>, { color }: TextOptions): string {
  const { dim } = createColors(color)
  const actions = steps.filter(({ changes, outcome }) => changes.length === 0 && outcome === 'would-do')
  return actions.map(({ text, why }) => `would ${text}  ${dim(`(${why})`)}\n`).join('')
}

/** What came of it, in a few lines. */
export function summaryText(report: FixReport, { color }: TextOptions): string {
  const colors = createColors(color)
  const of = (outcome: FixStep['outcome']): FixStep[] => report.steps.filter((step) => step.outcome === outcome)
  const failed = report.differences.filter(({ because }) => because !== undefined)
  const parts = [
    headline(report, of('would-do').length, of('done').length),
    ...(report.mode === 'apply' ? of('done').map((step) => `  ${colors.green('done')}  ${step.text}`) : []),
    ...failed.map(({ what, because }) => `  ${colors.red('not written')}  ${what}: ${because}`),
    ...of('failed').map((step) => `  ${colors.red('failed')}  ${step.text}: ${step.because}`),
    ...of('passed').map((step) => `  ${colors.dim('passed')}  ${step.text}: ${step.because}`),
    ...keepersText(report, colors),
    ...of('held').map((step) => `  ${colors.yellow('held')}  ${heldText(step)}`),
    ...report.left.map((left) => leftText(left, colors)),
    ...(report.unread > 0
      ? [colors.yellow(`  ${count(report.unread, 'part')} could not be read: roadcrew scan tells`)]
      : []),
  ]
  return `${parts.join('\n')}\n`
}

/** Files may be what a chart was rendered to, or what a cluster held. */
function keepersText({ steps }: FixReport, { dim }: Colors): string[] {
  const made = steps.filter(
    ({ file, keptBy, outcome }) => file !== undefined && keptBy !== undefined && outcome !== 'held',
  )
  const keepers = [...new Set(made.map(({ keptBy }) => keptBy))]
  if (keepers.length === 0) return []
  const named = `${keepers.slice(0, 5).join(', ')}${keepers.length > 5 ? ` and ${keepers.length - 5} more` : ''}`
  return [
    dim(
      `  ${count(made.length, 'edit')} of objects that something else makes: change it there too, or it comes back: ${named}`,
    ),
  ]
}

const heldText = ({ text, file, because, rail }: FixStep): string =>
  `${text}${file === undefined ? '' : ` (${file})`}: ${because}${rail === undefined || rail === 'identity' ? '' : ` (rail ${rail})`}`

function headline({ mode, differences, left, steps }: FixReport, would: number, done: number): string {
  if (steps.length === 0)
    return left.length === 0 ? 'There is nothing to fix.' : 'Nothing of it can be fixed by an edit.'
  const files = count(differences.length, 'file')
  if (mode === 'show') {
    const isOfFiles = steps.some(({ file }) => file !== undefined)
    return isOfFiles
      ? `${count(would, 'edit')} in ${files}: --write makes them`
      : `${count(would, 'step')}: --apply takes them`
  }
  if (mode === 'apply') return `${count(done, 'step')} taken`
  return `${count(done, 'edit')} in ${count(differences.filter(({ written }) => written).length, 'file')}`
}

function leftText({ hazard, reason, subject, fact, advice }: FixLeft, { yellow, dim }: Colors): string {
  const lines = advice.map((text) => `\n        ${dim(text)}`).join('')
  return `  ${yellow('left')}  ${objectText(subject)}: ${fact} ${dim(`(${hazard}/${reason})`)}${lines}`
}

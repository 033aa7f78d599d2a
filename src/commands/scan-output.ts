import { InvalidArgumentError } from 'commander'
import { UsageError } from './io.ts'

/** In which formats a scan can be reported, and what each is for. */
export const formats = {
  terminal: 'for a person',
  json: 'all of it (docs/report.schema.json)',
  sarif: 'code scanning (SARIF 2.1.0)',
  junit: 'the tests of a pipeline (JUnit XML)',
  markdown: 'a comment on a pull request',
  html: 'a page of its own, with a filter',
  policyreport: 'PolicyReport objects, for kubectl apply',
} as const

export type Format = keyof typeof formats

/** One report that is asked for; without a file it goes to stdout. */
export interface Output {
  readonly format: Format
  readonly file?: string
}

const isFormat = (text: string): text is Format => Object.hasOwn(formats, text)

/** Commas part outputs only where a format follows, so that a file's name may have some. */
const between = new RegExp(`,(?=(?:${Object.keys(formats).join('|')})(?:[=,]|$))`)

/**
 * The outputs that `-o` names, after those of the times it was given before.
 * @throws InvalidArgumentError for another format, or a file without a name.
 */
export function outputsOf(value: string, before: readonly Output[] = []): readonly Output[] {
  const own = value.split(between).map((text): Output => {
    const [, format = '', file] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? []
    if (!isFormat(format)) {
      throw new InvalidArgumentError(`"${format}" is no format; expected ${Object.keys(formats).join(', ')}`)
    }
    if (file === '') throw new InvalidArgumentError(`"${text}" names no file; expected e.g. ${format}=report.${format}`)
    return { format, ...(file !== undefined && { file }) }
  })
  return [...before, ...own]
}

/** @throws UsageError if two reports would be written to the same place. */
export function expectApart(outputs: readonly Output[]): void {
  const toStdout = outputs.filter(({ file }) => file === undefined)
  const [first, second] = toStdout
  if (first && second) {
    const { format } = second
    throw new UsageError(
      `-o ${first.format} and -o ${format} would both go to stdout; write one to a file: -o ${format}=report.${format}`,
    )
  }
  const files = outputs.flatMap(({ file }) => (file === undefined ? [] : [file]))
  const twice = files.find((file, place) => files.indexOf(file) !== place)
  if (twice !== undefined) throw new UsageError(`two reports would be written to ${twice}; give each a file of its own`)
}

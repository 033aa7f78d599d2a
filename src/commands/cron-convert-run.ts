import { expand, stdinName } from '../manifests/expand.ts'
import { causeOf, readText } from '../manifests/text.ts'
import { machineZones } from '../node/time-zones.ts'
import { acceptedZone, Refused } from '../schedule/refusals.ts'
import { convertText, type Remark } from './cron-convert.ts'
import type { Target } from './cron-convert-spec.ts'
import { type Io, UsageError } from './io.ts'

export interface ConvertOptions {
  readonly filename: readonly string[]
  readonly to: Target
  readonly controllerZone: string
}

/** Writes what comes of the files; nothing of it if one of them can't be converted as a whole. Gives the exit code. */
export async function convert(inputs: readonly string[], options: ConvertOptions, io: Io): Promise<number> {
  if (inputs.length === 0) throw new UsageError('expected files, folders or - for stdin')
  const zones = machineZones(io.env.ZONEINFO)
  try {
    acceptedZone(options.controllerZone, zones)
  } catch (error) {
    if (error instanceof Refused)
      throw new UsageError(`--controller-zone: ${error.message.replace(/^spec\.timeZone: /, '')}`)
    throw error
  }
  const { files, broken } = await expand(inputs)
  const unread = broken.map(({ place, because }) => `${place}: ${because}`)
  const texts: string[] = []
  const remarks: Remark[] = []
  let count = 0
  for (const file of files) {
    try {
      const text = file === stdinName ? await io.stdin() : await readText(file)
      const converted = convertText(text, file, { ...options, zones, now: io.now() })
      texts.push(converted.text)
      remarks.push(...converted.remarks)
      count += converted.count
    } catch (error) {
      unread.push(`${file}: ${causeOf(error)}`)
    }
  }
  for (const text of unread) io.err(`roadcrew: ${text}\n`)
  for (const { level, text } of remarks) io.err(`roadcrew: ${level}: ${text}\n`)
  if (unread.length > 0) return 2
  if (remarks.some(({ level }) => level === 'error')) return 1
  if (count === 0) io.err(`roadcrew: warning: there is nothing to convert to a ${options.to}\n`)
  io.out(joined(texts))
  return 0
}

/** One stream of documents. */
const joined = (texts: readonly string[]): string =>
  texts
    .map((text) => (text === '' || text.endsWith('\n') ? text : `${text}\n`))
    .reduce((all, text) => (all === '' || /^---(?:\s|$)/.test(text) ? all + text : `${all}---\n${text}`), '')

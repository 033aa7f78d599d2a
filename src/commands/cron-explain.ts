// What `roadcrew cron explain` knows, and how it says it. Pure.
import { createColors } from 'picocolors'
import { z } from 'zod'
import { wrap } from '../report/wrap.ts'
import { pitfalls } from '../schedule/pitfalls.ts'
import { inWords } from '../schedule/words.ts'
import { type NextData, nextData, nextSchema } from './cron-next.ts'
import { nextRows } from './cron-next-view.ts'
import type { Times } from './cron-times.ts'

export const explainSchema = nextSchema
  .extend({
    words: z.string().describe('What it means, without a full stop'),
    warnings: z
      .array(z.object({ code: z.string().describe('Stays the same from release to release'), text: z.string() }))
      .describe('What may surprise its author'),
  })
  .describe('What roadcrew cron explain -o json writes')

export type ExplainData = z.infer<typeof explainSchema>

/** So many of the next runs make it clear. */
const someRuns = 3

export function explainData(times: Times): ExplainData {
  const { schedule, zone, zoneBy, from } = times
  const next: NextData = nextData(times, someRuns)
  return {
    ...next,
    words: inWords(schedule),
    warnings: pitfalls(schedule, zone, zoneBy !== 'default', from).map((one) => ({ ...one })),
  }
}

export function explainText(data: ExplainData, options: { color: boolean; columns: number }): string {
  const { bold, dim, yellow } = createColors(options.color)
  const { schedule, words, warnings, timeZone, timeZoneBy, timeZoneData, from, fromBy, notes } = data
  const width = Math.max(0, ...warnings.map(({ code }) => code.length)) + 2
  const zone = timeZoneBy === 'default' ? `${timeZone} (no --zone)` : timeZone
  const said = timeZoneBy === 'default' ? notes.filter((note) => !note.startsWith('no --zone')) : notes
  return `${[
    bold(schedule),
    ...wrap(`${words.charAt(0).toUpperCase()}${words.slice(1)}.`, options.columns),
    ...(warnings.length > 0 ? ['', bold('BEWARE')] : []),
    ...warnings.flatMap(({ code, text }) =>
      wrap(text, Math.max(30, options.columns - width - 2)).map(
        (line, place) => `  ${yellow((place === 0 ? code : '').padEnd(width))}${line}`,
      ),
    ),
    '',
    `${bold('NEXT')} in ${zone}, after ${from}${fromBy === 'now' ? ' (now)' : ''} ${dim(`(${timeZoneData})`)}`,
    ...nextRows(data, options),
    ...(said.length > 0 ? [''] : []),
    ...said.flatMap((note) => wrap(`Note: ${note}`, options.columns).map(dim)),
  ].join('\n')}\n`
}

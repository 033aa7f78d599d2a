import { ScheduleError } from './schedule.ts'

/** One of the five fields: its bounds and, in order from `min`, the names it knows besides numbers. */
interface Field {
  readonly min: number
  readonly max: number
  readonly names: readonly string[]
}

/** The values of a field: bit 0 is the smallest. `star`: a `*` or `?` stood in it (see `daysByFirstWeekday`). */
export interface FieldValues {
  readonly low: number
  readonly high: number
  readonly star: boolean
}

export const MINUTES: Field = { min: 0, max: 59, names: [] }
export const HOURS: Field = { min: 0, max: 23, names: [] }
export const DAYS: Field = { min: 1, max: 31, names: [] }
export const MONTHS: Field = {
  min: 1,
  max: 12,
  names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
}
export const WEEKDAYS: Field = { min: 0, max: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] }

/**
 * A field of a cron expression: ranges parted by commas; empty ones count for nothing, so "," is an empty set.
 * Rules, their order and messages: robfig/cron v3.0.1, parser.go. Throws ScheduleError.
 */
export function parseField(text: string, field: Field): FieldValues {
  let low = 0
  let high = 0
  let star = false
  for (const part of text.split(',')) {
    if (part === '') continue
    const range = parseRange(part, field)
    star ||= range.star
    for (let value = range.start; value <= range.end; value += range.step) {
      const place = value - field.min
      if (place < 32) low |= 1 << place
      else high |= 1 << (place - 32)
    }
  }
  return { low, high, star }
}

interface Range {
  readonly start: number
  readonly end: number
  readonly step: number
  readonly star: boolean
}

function parseRange(text: string, field: Field): Range {
  const [bounds = '', stepText, ...moreSteps] = text.split('/')
  const [from = '', to, ...moreBounds] = bounds.split('-')
  const any = from === '*' || from === '?'
  const start = any ? field.min : numberOrName(from, field)
  // What follows a star is not even looked at: "*-5" is "*".
  if (!any && moreBounds.length > 0) refuse('too many hyphens', text)
  const named = any ? field.max : to === undefined ? start : numberOrName(to, field)
  if (moreSteps.length > 0) refuse('too many slashes', text)
  const step = stepText === undefined ? 1 : integer(stepText)
  // "N/step" means "N-max/step".
  const end = stepText !== undefined && to === undefined ? field.max : named

  if (start < field.min) refuse(`beginning of range (${start}) below minimum (${field.min})`, text)
  if (end > field.max) refuse(`end of range (${shown(end, to ?? from)}) above maximum (${field.max})`, text)
  if (start > end) refuse(`beginning of range (${shown(start, from)}) beyond end of range (${end})`, text)
  if (step === 0) refuse('step of range should be a positive number', text)
  return { start, end, step, star: any && step === 1 }
}

function refuse(problem: string, text: string): never {
  throw new ScheduleError(`${problem}: ${text}`)
}

/** A number too large to be exact is shown as it was written. */
const shown = (value: number, text: string): string => `${Number.isSafeInteger(value) ? value : bigInteger(text)}`

const bigInteger = (text: string): bigint => BigInt(text.replace(/^\+/, ''))

function numberOrName(text: string, field: Field): number {
  const place = field.names.indexOf(text.toLowerCase())
  return place < 0 ? integer(text) : field.min + place
}

/** As Go's `strconv.Atoi`: 64 bits, a sign is allowed; what is below zero is refused. */
function integer(text: string): number {
  if (!/^[-+]?[0-9]+$/.test(text)) refuse(failedToParse(text), 'invalid syntax')
  const value = Number(text)
  const exact = Number.isSafeInteger(value) ? value : bigInteger(text)
  if (typeof exact === 'bigint' && exact !== BigInt.asIntN(64, exact)) {
    refuse(failedToParse(text), 'value out of range')
  }
  if (exact < 0) refuse(`negative number (${exact}) not allowed`, text)
  return value
}

const failedToParse = (text: string): string =>
  `failed to parse int from ${text}: strconv.Atoi: parsing ${quoted(text)}`

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
}

/** As Go's `strconv.Quote`: what can be printed stays as it is, and of white space the plain blank. */
export function quoted(text: string): string {
  const inside = text.replace(/["\\]|[^ \p{L}\p{M}\p{N}\p{P}\p{S}]/gu, (char) => {
    const code = char.codePointAt(0) ?? 0
    const hex = (digits: number): string => code.toString(16).padStart(digits, '0')
    return ESCAPES[char] ?? (code < 0x80 ? `\\x${hex(2)}` : code < 0x10000 ? `\\u${hex(4)}` : `\\U${hex(8)}`)
  })
  return `"${inside}"`
}

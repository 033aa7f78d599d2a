// What a schedule means, in plain words. Equal schedules have equal words, however they are written.
import type { FieldValues } from './fields.ts'
import { type Fields, fieldsOf } from './parse.ts'
import type { Schedule } from './schedule.ts'

export const weekdayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const
export const monthNames = [
  ...(['January', 'February', 'March', 'April', 'May', 'June', 'July'] as const),
  ...(['August', 'September', 'October', 'November', 'December'] as const),
] as const

/** The numbers that a field allows, from its smallest on. */
export function numbersOf({ low, high }: FieldValues, min: number, max: number): readonly number[] {
  const numbers: number[] = []
  for (let value = min; value <= max; value++) {
    const place = value - min
    if (((place < 32 ? low >>> place : high >>> (place - 32)) & 1) === 1) numbers.push(value)
  }
  return numbers
}

/** A field's numbers, with its bounds. */
interface Numbers {
  readonly some: readonly number[]
  readonly min: number
  readonly size: number
}

const numbers = (field: FieldValues, min: number, max: number): Numbers => ({
  some: numbersOf(field, min, max),
  min,
  size: max - min + 1,
})

const isAll = ({ some, size }: Numbers): boolean => some.length === size

/** In words, without a full stop: `at 02:30 from Monday to Friday, in March`. */
export function inWords(schedule: Schedule): string {
  const fields = fieldsOf(schedule)
  if (schedule.kind === 'every' || !fields) {
    return `every ${schedule.kind === 'every' ? wholeDuration(schedule.everyMs) : ''}, counted from the last run`
  }
  const { allowed } = fields
  const minutes = numbers(allowed.minutes, 0, 59)
  const hours = numbers(allowed.hours, 0, 23)
  const months = numbers(allowed.months, 1, 12)
  const days = dayWords(allowed)
  if ([minutes, hours, months].some(({ some }) => some.length === 0) || days === undefined) {
    return 'never: a field allows nothing'
  }
  const when =
    days === '' && isAll(months) ? (isAll(hours) ? '' : ' every day') : days === '' ? ' every day' : ` ${days}`
  return `${timeWords(minutes, hours)}${when}${isAll(months) ? '' : `, ${monthWords(months)}`}`
}

/** Hours, minutes and seconds, all that there are of them. */
function wholeDuration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const
  return parts.flatMap(([count, unit]) => (count > 0 ? [`${count} ${unit}`] : [])).join(' ')
}

const clock = (hour: number, minute: number): string =>
  `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`

/** So many times of a day are named one by one. */
const mostTimes = 4

function timeWords(minutes: Numbers, hours: Numbers): string {
  const [minute = 0] = minutes.some
  if (isAll(hours)) return everyHourWords(minutes)
  if (minutes.some.length * hours.some.length <= mostTimes) {
    return `at ${listed(hours.some.flatMap((hour) => minutes.some.map((one) => clock(hour, one))))}`
  }
  const [first, last] = [hours.some[0] ?? 0, hours.some.at(-1) ?? 0]
  const apart = stepIn(hours)
  const span = `from ${clock(first, minute)} to ${clock(last, minutes.some.at(-1) ?? 0)}`
  if (minutes.some.length === 1) {
    if (isRow(hours.some)) return `every hour ${span}`
    if (apart !== undefined) return `every ${apart} hours ${span}`
  }
  const often = isAll(minutes) ? 'every minute' : stepWords(minutes)
  if (often !== undefined) {
    return hours.some.length === 1 || isRow(hours.some)
      ? `${often} ${span}`
      : `${often} in the ${counted('hour', hours.some)}`
  }
  return `at ${counted('minute', minutes.some)} of the ${counted('hour', hours.some)}`
}

function everyHourWords(minutes: Numbers): string {
  if (isAll(minutes)) return 'every minute'
  const [minute = 0] = minutes.some
  if (minutes.some.length === 1) return minute === 0 ? 'every hour, on the hour' : `every hour, at minute ${minute}`
  const often = stepWords(minutes)
  if (often === undefined) return `every hour, at ${counted('minute', minutes.some)}`
  const step = stepIn(minutes) ?? 1
  if (60 % step !== 0) return `${often} within each hour, from minute ${minute} to minute ${minutes.some.at(-1)}`
  return minute === 0 ? often : `${often}, from minute ${minute} of each hour`
}

/** The distance of numbers that lie evenly from one end of their field to the other; of all of them none. */
function stepIn({ some, min, size }: Numbers): number | undefined {
  const [first = 0, second] = some
  if (second === undefined) return undefined
  const step = second - first
  const even = some.every((one, place) => one === first + place * step)
  const whole = first - min < step && first - min + some.length * step >= size
  return even && whole && step > 1 ? step : undefined
}

function stepWords(minutes: Numbers): string | undefined {
  const step = stepIn(minutes)
  return step === undefined ? undefined : `every ${step} minutes`
}

/** The days, `` for all of them; undefined if there is none. Both fields must match if a star stands in either (parse.ts). */
function dayWords({ days, weekdays }: Fields): string | undefined {
  const inMonth = numbers(days, 1, 31)
  const inWeek = numbers(weekdays, 0, 6)
  if (days.star || weekdays.star) {
    if (inMonth.some.length === 0 || inWeek.some.length === 0) return undefined
    if (!isAll(inMonth)) return monthDayWords(inMonth)
    return isAll(inWeek) ? '' : weekdayWords(inWeek)
  }
  if (isAll(inMonth) || isAll(inWeek)) return ''
  if (inMonth.some.length === 0) return inWeek.some.length === 0 ? undefined : weekdayWords(inWeek)
  if (inWeek.some.length === 0) return monthDayWords(inMonth)
  return `${monthDayWords(inMonth)} and besides ${weekdayWords(inWeek)}`
}

function monthDayWords(days: Numbers): string {
  const step = stepIn(days)
  const [first = 0] = days.some
  return step !== undefined && days.some.length > mostTimes
    ? `on every ${ordinal(step)} day of the month from day ${first} on`
    : `on ${counted('day', days.some)} of the month`
}

function ordinal(number: number): string {
  const [, one] = /(?:^|[^1])([123])$/.exec(String(number)) ?? []
  return `${number}${one === undefined ? 'th' : ['st', 'nd', 'rd'][Number(one) - 1]}`
}

function weekdayWords({ some }: Numbers): string {
  const name = (day: number | undefined): string => weekdayNames[day ?? 0] ?? ''
  if (some.length > 2 && isRow(some)) return `from ${name(some[0])} to ${name(some.at(-1))}`
  // The week begins on Monday, so that a weekend is one.
  return `on ${listed(some.toSorted((a, b) => ((a + 6) % 7) - ((b + 6) % 7)).map((day) => `${name(day)}s`))}`
}

function monthWords({ some }: Numbers): string {
  const name = (month: number | undefined): string => monthNames[(month ?? 1) - 1] ?? ''
  if (some.length > 2 && isRow(some)) return `from ${name(some[0])} to ${name(some.at(-1))}`
  return `in ${listed(some.map(name))}`
}

const isRow = (some: readonly number[]): boolean =>
  some.length > 1 && some.every((one, place) => one === (some[0] ?? 0) + place)

/** `hour 3`, `hours 3, 7 and 9 to 17`. */
function counted(what: string, some: readonly number[]): string {
  const runs: number[][] = []
  for (const one of some) {
    const run = runs.at(-1)
    if (run && run.at(-1) === one - 1) run.push(one)
    else runs.push([one])
  }
  const texts = runs.flatMap((run) => (run.length > 2 ? [`${run[0]} to ${run.at(-1)}`] : run.map(String)))
  return `${what}${some.length > 1 ? 's' : ''} ${listed(texts)}`
}

/** `a, b and c`. */
export const listed = (texts: readonly string[]): string =>
  texts.length < 2 ? texts.join('') : `${texts.slice(0, -1).join(', ')} and ${texts.at(-1)}`

import type { Stretch } from '../contract/hazard.ts'
import { DAY, isLeapYear, monthStart, SECOND, weekdayOf, yearOf, yearStart } from './calendar.ts'
import { stretchAt, stretchesOf } from './zone.ts'

/** When in a year the clock changes: which day of the year it is (a day number), and ms from its local midnight. */
interface YearDay {
  readonly day: (year: number) => number
  readonly time: number
}

const NAME = '(?:<[-+A-Za-z0-9]{3,}>|[A-Za-z]{3,})'
const OFFSET = '[-+]?\\d{1,3}(?::\\d{1,2}){0,2}'
const RULE = '[MJ]?[\\d.]+(?:/[-+]?[\\d:]+)?'
const TZ = new RegExp(`^${NAME}(${OFFSET})(?:${NAME}(${OFFSET})?(?:,(${RULE}),(${RULE}))?)?$`)
const DAYLIGHT = new RegExp(`^${NAME}${OFFSET}${NAME}`)

/**
 * A function from ms UTC to its stretch, from a POSIX TZ string such as "CET-1CEST,M3.5.0,M10.5.0/3":
 * the footer of a TZif file (RFC 9636, section 3.3; hours up to 167 and below zero are its extension).
 * Undefined if the text is no such string.
 */
export function parsePosixRule(text: string): ((ms: number) => Stretch) | undefined {
  const match = TZ.exec(text)
  if (!match) return undefined
  const [, standardText = '', daylightText, startText = 'M3.2.0', endText = 'M11.1.0'] = match
  // POSIX writes what to add to local time to get UTC: the sign is ours turned round.
  const standard = 0 - clock(standardText)
  if (!DAYLIGHT.test(text)) {
    const always = stretchesOf(standard, [])
    return (ms) => stretchAt(always, ms)
  }
  const daylight = daylightText === undefined ? standard + 3600 * SECOND : 0 - clock(daylightText)
  const start = yearDay(startText)
  const end = yearDay(endText)
  if (!start || !end) return undefined

  // Three years hold every stretch that touches the middle one.
  const around = (year: number): readonly Stretch[] =>
    stretchesOf(
      standard,
      [year - 1, year, year + 1]
        .flatMap((y) => [
          { at: start.day(y) * DAY + start.time - standard, offset: daylight },
          { at: end.day(y) * DAY + end.time - daylight, offset: standard },
        ])
        .sort((a, b) => a.at - b.at),
    )
  let known = Number.NaN
  let stretches: readonly Stretch[] = []
  return (ms) => {
    const year = yearOf(Math.floor((ms + standard) / DAY))
    if (year !== known) {
      stretches = around(year)
      known = year
    }
    return stretchAt(stretches, ms)
  }
}

/** "hh", "hh:mm" or "hh:mm:ss" with a sign, in ms. */
function clock(text: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = text.replace(/^[-+]/, '').split(':').map(Number)
  return (text.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds) * SECOND
}

function yearDay(text: string): YearDay | undefined {
  const [date = '', timeText = '2'] = text.split('/')
  const time = clock(timeText)
  const [, month, week, weekday] = /^M(\d+)\.([1-5])\.([0-6])$/.exec(date) ?? []
  if (month !== undefined) {
    return { time, day: (year) => weekdayInMonth(year * 12 + Number(month) - 1, Number(week), Number(weekday)) }
  }
  const [, julian, ordinal] = /^(J)?(\d+)$/.exec(date) ?? []
  if (ordinal === undefined) return undefined
  const number = Number(ordinal)
  // "Jn" counts from 1 and never counts 29 February; "n" counts from 0 and does.
  if (julian) return { time, day: (year) => yearStart(year) + number - (number > 59 && isLeapYear(year) ? 0 : 1) }
  return { time, day: (year) => yearStart(year) + number }
}

/** The day number of a month's `week`th weekday; week 5 is the last one. */
function weekdayInMonth(month: number, week: number, weekday: number): number {
  const first = monthStart(month)
  const day = first + ((weekday - weekdayOf(first) + 7) % 7) + (week - 1) * 7
  return day < monthStart(month + 1) ? day : day - 7
}

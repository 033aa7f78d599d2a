// The Gregorian calendar in whole numbers. Days count from 1970-01-01, months from January of year 0.
export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]

/** Whether a year of the Gregorian calendar has a 29 February. */
export const isLeapYear = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

/** The day number of 1 January. */
export const yearStart = (year: number): number =>
  365 * (year - 1970) +
  Math.floor((year - 1969) / 4) -
  Math.floor((year - 1901) / 100) +
  Math.floor((year - 1601) / 400)

/** The year that holds a day. */
export function yearOf(day: number): number {
  // A year of the mean length is never more than one off.
  const year = 1970 + Math.floor(day / 365.2425)
  if (yearStart(year) > day) return year - 1
  return yearStart(year + 1) <= day ? year + 1 : year
}

/** The day number of a month's first day. */
export function monthStart(month: number): number {
  const year = Math.floor(month / 12)
  const inYear = month - year * 12
  return yearStart(year) + (DAYS_BEFORE_MONTH[inYear] ?? 0) + (inYear > 1 && isLeapYear(year) ? 1 : 0)
}

/** The month that holds a day. */
export function monthOf(day: number): number {
  const year = yearOf(day)
  // No month is longer than 31 days nor much shorter: a guess by 32 is at most one too low.
  const month = year * 12 + Math.floor((day - yearStart(year)) / 32)
  return monthStart(month + 1) <= day ? month + 1 : month
}

/** 0 for Sunday to 6; 1970-01-01 was a Thursday. */
export const weekdayOf = (day: number): number => (((day + 4) % 7) + 7) % 7

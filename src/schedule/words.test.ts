import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packedZones } from './packed-zones.ts'
import { parseSchedule } from './parse.ts'
import { inWords } from './words.ts'

const zones = packedZones()
const words = (text: string): string => inWords(parseSchedule(text, zones))

describe('in words', () => {
  it.each([
    ['* * * * *', 'every minute'],
    ['*/15 * * * *', 'every 15 minutes'],
    ['5/15 * * * *', 'every 15 minutes, from minute 5 of each hour'],
    ['*/7 * * * *', 'every 7 minutes within each hour, from minute 0 to minute 56'],
    ['0 * * * *', 'every hour, on the hour'],
    ['5 * * * *', 'every hour, at minute 5'],
    ['5,20 * * * *', 'every hour, at minutes 5 and 20'],
    ['0/30 * * * *', 'every 30 minutes'],
    ['@hourly', 'every hour, on the hour'],
    ['@daily', 'at 00:00 every day'],
    ['@weekly', 'at 00:00 on Sundays'],
    ['@monthly', 'at 00:00 on day 1 of the month'],
    ['@yearly', 'at 00:00 on day 1 of the month, in January'],
    ['@every 90m', 'every 1 h 30 min, counted from the last run'],
    ['@every 1h30m5s', 'every 1 h 30 min 5 s, counted from the last run'],
    ['30 2 * * *', 'at 02:30 every day'],
    ['30 2,14 * * *', 'at 02:30 and 14:30 every day'],
    ['0 9 * * MON-FRI', 'at 09:00 from Monday to Friday'],
    ['0 9 * * SAT,SUN', 'at 09:00 on Saturdays and Sundays'],
    ['0 9 * * 0-4', 'at 09:00 from Sunday to Thursday'],
    ['*/10 9-17 * * 1-5', 'every 10 minutes from 09:00 to 17:50 from Monday to Friday'],
    ['15 9-17 * * *', 'every hour from 09:15 to 17:15 every day'],
    ['0 */2 * * *', 'every 2 hours from 00:00 to 22:00 every day'],
    ['30 1-23/2 * * *', 'every 2 hours from 01:30 to 23:30 every day'],
    ['0 */5 * * *', 'every 5 hours from 00:00 to 20:00 every day'],
    ['* 2 * * *', 'every minute from 02:00 to 02:59 every day'],
    ['* 2-4 * * *', 'every minute from 02:00 to 04:59 every day'],
    ['* 2,5 * * *', 'every minute in the hours 2 and 5 every day'],
    ['*/20 3,7,9 * * *', 'every 20 minutes in the hours 3, 7 and 9 every day'],
    ['5,10,20 3,7,9-17 * * *', 'at minutes 5, 10 and 20 of the hours 3, 7 and 9 to 17 every day'],
    ['0 0 1 * *', 'at 00:00 on day 1 of the month'],
    ['0 0 1,15 * *', 'at 00:00 on days 1 and 15 of the month'],
    ['0 0 31 * *', 'at 00:00 on day 31 of the month'],
    ['0 0 29 2 *', 'at 00:00 on day 29 of the month, in February'],
    ['0 0 31 2 *', 'at 00:00 on day 31 of the month, in February'],
    ['0 0 30 * *', 'at 00:00 on day 30 of the month'],
    ['0 0 15,31 * *', 'at 00:00 on days 15 and 31 of the month'],
    ['0 0 13 * FRI', 'at 00:00 on day 13 of the month and besides on Fridays'],
    ['0 0 1-7 * MON', 'at 00:00 on days 1 to 7 of the month and besides on Mondays'],
    ['0 0 */2 * *', 'at 00:00 on every 2nd day of the month from day 1 on'],
    ['0 0 */2 * 1', 'at 00:00 on every 2nd day of the month from day 1 on and besides on Mondays'],
    ['0 0 1-31 * 1', 'at 00:00 every day'],
    ['0 0 */1 * 1', 'at 00:00 on Mondays'],
    ['0 0 *,5 * *', 'at 00:00 every day'],
    ['0 0 1 JAN-MAR,JUN *', 'at 00:00 on day 1 of the month, in January, February, March and June'],
    ['0 0 * 3-5 *', 'at 00:00 every day, from March to May'],
    ['0 0 1 1,7 *', 'at 00:00 on day 1 of the month, in January and July'],
    ['0 0 3-31/3 * *', 'at 00:00 on every 3rd day of the month from day 3 on'],
    ['*/60 * * * *', 'every hour, on the hour'],
    ['*/90 * * * *', 'every hour, on the hour'],
    ['0 */25 * * *', 'at 00:00 every day'],
    ['0 0 , * 0', 'at 00:00 on Sundays'],
    [', * * * *', 'never: a field allows nothing'],
    ['0 0 * */5 *', 'at 00:00 every day, in January, June and November'],
    ['0 0 * * */2', 'at 00:00 on Tuesdays, Thursdays, Saturdays and Sundays'],
    ['CRON_TZ=Asia/Tokyo 0 9 * * 1', 'at 09:00 on Mondays'],
    ['0 0 2-31/29 * *', 'at 00:00 on days 2 and 31 of the month'],
    ['TZ=UTC @every 5m', 'every 5 min, counted from the last run'],
    ['0 0 1-31/5 * *', 'at 00:00 on every 5th day of the month from day 1 on'],
    ['0 0 31 4,6 *', 'at 00:00 on day 31 of the month, in April and June'],
    ['0 0 29-31 * *', 'at 00:00 on days 29 to 31 of the month'],
    ['0 0 28-31 * *', 'at 00:00 on days 28 to 31 of the month'],
    ['0 3 15 3 *', 'at 03:00 on day 15 of the month, in March'],
  ])('%s is %s', (text, expected) => expect(words(text)).toBe(expected))

  it('are the same for the same times, written as a list or as a range', () =>
    fc.assert(
      fc.property(fc.nat({ max: 23 }), fc.nat({ max: 23 }), fc.nat({ max: 59 }), (a, b, minute) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)]
        const list = Array.from({ length: to - from + 1 }, (_, place) => from + place).join(',')
        expect(words(`${minute} ${list} * * 1-5`)).toBe(words(`${minute} ${from}-${to} ? * mon-FRI`))
      }),
    ))
})

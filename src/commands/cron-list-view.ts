// `roadcrew cron list` for people. Pure.
import { createColors } from 'picocolors'
import { aligned, type Cell, type Column } from '../report/columns.ts'
import { wrap } from '../report/wrap.ts'
import { localWords } from '../schedule/local-time.ts'
import type { ListData, ListedCluster, ListedCronJob } from './cron-list.ts'

interface Style {
  readonly color: boolean
  readonly columns: number
}

type Colors = ReturnType<typeof createColors>

export function listText(data: ListData, style: Style): string {
  const colors = createColors(style.color)
  const { bold, dim, red } = colors
  const { from, to, clusters, unread, timeZoneData, controllerZone } = data
  const unreadLines = unread.flatMap(({ world, what, because, count }) =>
    wrap(
      `${world === '' ? '' : `${world}: `}${what}${count > 1 ? ` and ${count - 1} more` : ''}: ${because}`,
      style.columns - 4,
    ).map((line, place) => `${place === 0 ? '  ' : '    '}${line}`),
  )
  return `${[
    `From ${from} to ${to}; times in UTC`,
    dim(`without a zone of its own a schedule is read in ${controllerZone} (--controller-zone); ${timeZoneData}`),
    ...clusters.flatMap((cluster) => ['', ...clusterLines(cluster, style, colors)]),
    ...(unread.length > 0 ? ['', bold(red('COULD NOT BE READ')), ...unreadLines] : []),
  ].join('\n')}\n`
}

function clusterLines(cluster: ListedCluster, { columns }: Style, colors: Colors): string[] {
  const { bold, dim, red, yellow } = colors
  const { name, version, cronJobs, runs, hours, top } = cluster
  const most = top[0]
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length > 0 ? ['', bold(title), ...lines] : []
  const table = (shape: readonly Column[], rows: readonly (readonly Cell[])[]): string[] =>
    aligned(shape, rows, columns - 2).map((line) => `  ${line}`)
  const suspended = cronJobs.filter((one) => one.suspended)
  const broken = cronJobs.filter(({ brokenNow }) => brokenNow.length > 0)
  const idle = cronJobs.filter((one) => !one.suspended && one.runs === 0)
  const upset = cronJobs.filter((one) => !one.suspended && one.skipped.length + one.repeated.length > 0)
  const zoned = cronJobs.filter(({ kind }) => kind === 'ZonedCronJob')
  const known = [
    ...(zoned.length < cronJobs.length || zoned.length === 0
      ? [plural(cronJobs.length - zoned.length, 'CronJob')]
      : []),
    ...(zoned.length > 0 ? [plural(zoned.length, 'ZonedCronJob')] : []),
    ...(suspended.length > 0 ? [`${suspended.length} suspended`] : []),
    ...(broken.length > 0 ? [`${broken.length} broken now`] : []),
  ].join(', ')
  const busiest = most ? `, at most ${most.runs} in one minute (${most.at})` : ''
  return [
    `${bold(name)}${version ? ` ${version}` : ''}: ${known}; ${plural(runs, 'run')}${busiest}`,
    ...section('TIMELINE', table(timeColumns, timeline(cluster))),
    ...section('ALL THE TIME', table(twoNames, frequent(cluster))),
    ...section('RUNS PER HOUR', runs > 0 ? histogram(hours, columns, colors) : []),
    ...section(
      'FULLEST MINUTES',
      table(
        timeColumns,
        top
          .filter((one) => one.runs > 1)
          .map((one) => [[timeWords(one.at)], [String(one.runs)], namesOf(one.cronJobs, cluster)]),
      ),
    ),
    ...section(
      'ZONEDCRONJOBS',
      table(
        twoNames,
        zoned.map((one) => [[nameOf(one)], [`${one.words}, ${one.timeZone}${spreadWords(one)}`]]),
      ),
    ),
    ...section(
      'CLOCKS CHANGE',
      table(
        twoNames,
        upset.map((one) => [
          [nameOf(one)],
          [
            [
              ...(one.skipped.length > 0 ? [`does not run at ${some(one.skipped)}`] : []),
              ...(one.repeated.length > 0 ? [`runs twice, at ${some(one.repeated)}`] : []),
            ].join('; '),
          ],
        ]),
      ).map(yellow),
    ),
    ...section(
      'SUSPENDED (not counted)',
      table(
        twoNames,
        suspended.map((one) => [[nameOf(one)], [one.words]]),
      ).map(dim),
    ),
    ...section(
      'BROKEN NOW (counted as if it ran)',
      broken.flatMap((one) =>
        wrap(`${nameOf(one)}: ${one.brokenNow.join('; ')}`, columns - 4).map((line, place) =>
          red(`${place === 0 ? '  ' : '    '}${line}`),
        ),
      ),
    ),
    ...section(
      'NO RUN IN THIS TIME',
      table(
        twoNames,
        idle.map((one) => [[nameOf(one)], [one.words]]),
      ).map(dim),
    ),
  ]
}

const twoNames: readonly Column[] = [
  { least: 24, share: 2 },
  { least: 20, share: 3 },
]
const timeColumns: readonly Column[] = [
  { least: 9, share: 0 },
  { least: 6, share: 0 },
  { least: 30, share: 1 },
]

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

const some = (texts: readonly string[]): string =>
  texts.length > 3 ? `${texts.slice(0, 2).join(', ')} and ${texts.length - 2} more times` : texts.join(', ')

const nameOf = ({ namespace, name }: ListedCronJob): string => (namespace === undefined ? name : `${namespace}/${name}`)

/** `Mon 08:05`: the day of the month is known. */
const timeWords = (utc: string): string => localWords(Date.parse(utc), 0).replace(/ \S+/, '')

/** Each minute in which one starts that is not at it all the time, which would hide all others. */
const timeline = (cluster: ListedCluster): Cell[][] =>
  cluster.timeline.map(({ at, runs, cronJobs }) => [[timeWords(at)], [String(runs)], namesOf(cronJobs, cluster)])

const frequent = ({ cronJobs }: ListedCluster): Cell[][] =>
  cronJobs
    .filter((one) => !one.suspended && one.frequent)
    .map((one) => [[`${nameOf(one)}${hurt(one)}`], [`${one.words} (${plural(one.runs, 'run')})`]])

const spreadWords = ({ spreadSeconds }: ListedCronJob): string =>
  spreadSeconds === undefined ? '' : `, each started ${spreadSeconds} s later (spread)`

const hurt = ({ brokenNow }: ListedCronJob): string => (brokenNow.length > 0 ? ' (broken now)' : '')

/** No line has room for more names. */
const mostNames = 30

/** Those that run then, as many as there is room for. */
function namesOf(places: readonly number[], { cronJobs }: ListedCluster): Cell {
  const names = places.slice(0, mostNames).flatMap((place) => {
    const one = cronJobs[place]
    return one ? [`${nameOf(one)}${hurt(one)}`] : []
  })
  return names.map((_, left) => {
    const shown = names.slice(0, names.length - left)
    const more = places.length - shown.length
    return more === 0 ? shown.join(', ') : `${shown.join(', ')} and ${more} more`
  })
}

/** A bar for each hour, scaled to the fullest. */
function histogram(hours: ListedCluster['hours'], columns: number, { cyan, yellow }: Colors): string[] {
  const most = Math.max(1, ...hours.map(({ runs }) => runs))
  const figures = String(most).length
  const room = Math.max(10, Math.min(60, columns - 2 - 9 - 2 - figures - 2))
  return hours.map(({ from, runs }) => {
    const bar = '█'.repeat(Math.max(runs > 0 ? 1 : 0, Math.round((runs / most) * room)))
    const paint = runs === most ? yellow : cyan
    return `  ${timeWords(from)}  ${String(runs).padStart(figures)}  ${paint(bar)}`.trimEnd()
  })
}

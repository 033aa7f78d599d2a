import { Command, InvalidArgumentError, Option } from 'commander'
import type { ConvertOptions } from './cron-convert-run.ts'
import type { TimesOptions } from './cron-times.ts'
import { timeOption } from './cron-times.ts'
import { type Io, wantsColor } from './io.ts'
import { type LookOptions, none, repeated, wholeNumber, withInputOptions } from './scan-options.ts'

type Output = 'terminal' | 'json'

const output = () =>
  new Option('-o, --output <format>', 'how to write it').choices(['terminal', 'json']).default('terminal')

const json = (data: unknown): string => `${JSON.stringify(data, undefined, 2)}\n`

/** `roadcrew cron`: schedules for people: when they run, what they mean, where they pile up. */
export function cronCommand(io: Io, done: (exitCode: number) => void): Command {
  const all = new Command('cron').description('when schedules run, what they mean, and where they pile up')
  for (const sub of [nextCommand(io, done), explainCommand(io), listCommand(io, done), convertCommand(io, done)]) {
    all.addCommand(
      sub
        .exitOverride()
        .configureOutput({ writeOut: io.out, writeErr: io.err })
        .showHelpAfterError('(--help says more)'),
    )
  }
  return all.addHelpText(
    'after',
    `
Examples:
  roadcrew cron next "30 2 * * *" --zone Europe/Berlin
  roadcrew cron explain "0 0 1-7 * MON"
  roadcrew cron list -n shop
  roadcrew cron convert cronjob.yaml`,
  )
}

const mostRuns = 10_000

function runCount(text: string): number {
  const count = wholeNumber(text)
  if (count > mostRuns) throw new InvalidArgumentError(`expected at most ${mostRuns}`)
  return count
}

const withTimes = (command: Command): Command =>
  command
    .argument('<schedule>', 'five fields, or @daily, @every 90m and the like; TZ= or CRON_TZ= in front is understood')
    .option('--zone <name>', 'the zone of spec.timeZone, e.g. Europe/Berlin (default: UTC)')
    .option('--from <time>', 'begin after this time, e.g. 2026-10-24T00:00:00Z (default: now)', timeOption)

function nextCommand(io: Io, done: (exitCode: number) => void): Command {
  return withTimes(new Command('next').description('the next runs of a schedule, in local time and UTC'))
    .option('-n, --count <n>', `how many runs, at most ${mostRuns}`, runCount, 10)
    .addOption(output())
    .addHelpText('after', nextHelp)
    .action(async (text: string, options: TimesOptions & { count: number; output: Output }) => {
      const [{ timesOf }, { nextData }, { nextText }] = await Promise.all([
        import('./cron-times.ts'),
        import('./cron-next.ts'),
        import('./cron-next-view.ts'),
      ])
      const data = nextData(timesOf(text, options, io), options.count)
      io.out(options.output === 'json' ? json(data) : nextText(data, { color: wantsColor(io), columns: io.columns }))
      done(data.rows.some(({ runs }) => runs) ? 0 : 1)
    })
}

const nextHelp = `
Runs are those that Kubernetes computes, its errors near clock changes included. What a clock change skips stands between
them as a row of its own, and what it repeats is marked twice. -n counts runs only.

Examples:
  roadcrew cron next "30 2 * * *" --zone Europe/Berlin --from 2026-10-24T00:00:00Z -n 3
  roadcrew cron next "CRON_TZ=America/New_York 0 9 * * MON-FRI" -o json

Exit codes:
  0   there are runs
  1   no run comes within five years, which is how far Kubernetes looks
  64  wrong usage, or a schedule or zone that the API server refuses: in its own words`

function explainCommand(io: Io): Command {
  return withTimes(new Command('explain').description('what a schedule means, and what of it may surprise'))
    .addOption(output())
    .addHelpText('after', explainHelp)
    .action(async (text: string, options: TimesOptions & { output: Output }) => {
      const [{ timesOf }, { explainData, explainText }] = await Promise.all([
        import('./cron-times.ts'),
        import('./cron-explain.ts'),
      ])
      const data = explainData(timesOf(text, options, io))
      io.out(options.output === 'json' ? json(data) : explainText(data, { color: wantsColor(io), columns: io.columns }))
    })
}

const explainHelp = `
Examples:
  roadcrew cron explain "0 0 1-7 * MON"
  roadcrew cron explain "30 2 * * *" --zone Europe/Berlin

Exit codes:
  0   it was explained, whatever was warned of
  64  wrong usage, or a schedule or zone that the API server refuses: in its own words`

interface ListOptions extends LookOptions {
  readonly output: Output
  readonly hours: number
  readonly controllerZone: string
}

const mostHours = 31 * 24

function hourCount(text: string): number {
  const hours = wholeNumber(text)
  if (hours > mostHours) throw new InvalidArgumentError(`expected at most ${mostHours}`)
  return hours
}

function listCommand(io: Io, done: (exitCode: number) => void): Command {
  const command = new Command('list')
    .description("when a cluster's CronJobs and ZonedCronJobs run within the next hours, and where they pile up")
    .argument('[paths...]', 'files, folders, globs, or - for stdin; none: the current cluster')
  return withInputOptions(command)
    .option('--hours <n>', 'how far to look', hourCount, 24)
    .option('--controller-zone <name>', 'the zone of kube-controller-manager, for schedules that name none', 'UTC')
    .addOption(output())
    .addHelpText('after', listHelp)
    .action(async (paths: string[], given: Partial<ListOptions> & Omit<ListOptions, keyof LookOptions>) => {
      const options: ListOptions = { ...none, ...given }
      const [{ list }, { listText }] = await Promise.all([import('./cron-list-run.ts'), import('./cron-list-view.ts')])
      const data = await list([...paths, ...options.filename], options, io)
      io.out(options.output === 'json' ? json(data) : listText(data, { color: wantsColor(io), columns: io.columns }))
      done(data.exitCode)
    })
}

const listHelp = `
Times are in UTC; each schedule is read in its own zone (spec.timeZone from 1.25 on, TZ= in front from 1.22 on). What
runs every hour or more often is named apart. Suspended CronJobs are not counted. What a scan finds to be broken now is
said: a frozen CronJob starts nothing.

Examples:
  roadcrew cron list                                the next 24 hours of the current context's cluster
  roadcrew cron list --all-contexts -o json
  roadcrew cron list -n shop --hours 168
  roadcrew cron list deploy/ --controller-zone Europe/Berlin
  roadcrew cron list export/ --as-of 2026-11-23T08:00:00Z

Exit codes:
  0   all of it was read
  2   something could not be read, such as a schedule that Kubernetes refuses: it is named, and all else is shown
  64  wrong usage`

function convertCommand(io: Io, done: (exitCode: number) => void): Command {
  return new Command('convert')
    .description("CronJobs, ZonedCronJobs and cronjobber's TZCronJobs from one into the other")
    .argument('[paths...]', 'files, folders, globs, or - for stdin')
    .option('-f, --filename <path>', 'as a path argument, as kubectl has it', repeated)
    .addOption(
      new Option('--to <kind>', 'what to make of them').choices(['ZonedCronJob', 'CronJob']).default('ZonedCronJob'),
    )
    .option('--controller-zone <name>', 'the zone of kube-controller-manager, for schedules that name none', 'UTC')
    .addHelpText('after', convertHelp)
    .action(async (paths: string[], given: Omit<ConvertOptions, 'filename'> & { filename?: string[] }) => {
      const { convert } = await import('./cron-convert-run.ts')
      const options = { ...given, filename: given.filename ?? [] }
      done(await convert([...paths, ...options.filename], options, io))
    })
}

const convertHelp = `
All documents are written to stdout; those of other kinds as they are, to the byte. What runs when stays the same: a zone in
the schedule (TZ=, CRON_TZ=) goes to spec.timeZone, and of clock changes a ZonedCronJob is told to do what a CronJob does.
Status and what the API server wrote are left out. The old object is not touched: delete or suspend it before you apply the new
one, or both start Jobs. A CronJob with spec.timeZone needs Kubernetes 1.25.

Examples:
  roadcrew cron convert cronjob.yaml > zoned.yaml
  kubectl get tzc -n shop -o yaml | roadcrew cron convert - --to CronJob
  roadcrew cron convert zoned.yaml --to CronJob

Exit codes:
  0   it was written; what may be different is a warning on stderr
  1   something can't be expressed: its field is named on stderr, and nothing was written
  2   something could not be read, and nothing was written
  64  wrong usage`

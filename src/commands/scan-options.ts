import { type Command, InvalidArgumentError, Option } from 'commander'
import { shellWord } from '../objects/shell-word.ts'
import { type Grouping, groupings } from '../report/lines.ts'
import { type Tier, tiers } from '../report/tiers.ts'
import { type AdoptOptions, sameAdopted } from './adopt-options.ts'
import { formats, type Output, outputsOf } from './scan-output.ts'

/** What to look at: the options that `scan` and `why` share, as commander gives them. */
export interface LookOptions {
  readonly filename: readonly string[]
  readonly kubeconfig?: string
  readonly context: readonly string[]
  readonly allContexts?: true
  readonly namespace: readonly string[]
  readonly allNamespaces?: true
  readonly selector?: string
  readonly only: readonly string[]
  readonly skip: readonly string[]
  readonly asOf?: string
  readonly kubeVersion?: string
  readonly podMetrics?: true
  readonly policy?: string
}

/** How `scan` reports, and when it fails. */
export interface ScanOptions extends LookOptions, AdoptOptions {
  /** Where which report goes; none: to the terminal. */
  readonly output: readonly Output[]
  /** Without it that of roadcrew.yaml counts, else `will-break`. */
  readonly failOn?: Tier
  readonly by: Grouping
  readonly top: number
  readonly advice?: true
  readonly writeBaseline?: string
  readonly exitZero?: true
}

/** What an option is where it is not given: commander would show an empty list as its default. */
export const none = { filename: [], context: [], namespace: [], only: [], skip: [] }

/** A scan without any option. */
export const plainScan: ScanOptions = { ...none, output: [{ format: 'terminal' }], by: 'cause', top: 10 }

const several = (value: string, before: readonly string[] = []): string[] => [
  ...before,
  ...value.split(',').filter((part) => part !== ''),
]
export const repeated = (value: string, before: readonly string[] = []): string[] => [...before, value]

/** An option's value. @throws InvalidArgumentError for all but whole numbers from 1. */
export function wholeNumber(value: string): number {
  if (!/^\d{1,9}$/.test(value) || Number(value) === 0) throw new InvalidArgumentError('expected a whole number from 1')
  return Number(value)
}

const withWhere = (command: Command): Command =>
  command
    .option('-f, --filename <path>', 'as a path argument, as kubectl has it', repeated)
    .option('--kubeconfig <file>', 'instead of $KUBECONFIG and ~/.kube/config')
    .option('--context <name>', 'a context of the kubeconfig; many times for many clusters', repeated)
    .option('--all-contexts', 'every context of the kubeconfig')
    .option('-n, --namespace <name>', 'only these namespaces; many times for many', several)
    .option('-A, --all-namespaces', 'all namespaces (what is done without -n too)')
    .option('-l, --selector <selector>', 'only objects with these labels')

const withWhen = (command: Command): Command =>
  command
    .option('--as-of <time>', 'the time at which exported objects were as they are, e.g. 2026-11-23T08:00:00Z')
    .option('--kube-version <version>', 'for which release files are meant (default: the oldest still supported)')
    .option(
      '--policy <file>',
      'whose settings of hazards count (default: of a live cluster its own policy, if it has one)',
    )

/** Adds the options that say which objects to look at. */
export const withInputOptions = (command: Command): Command => withWhen(withWhere(command))

/** Adds the options that say what to look at, and for what. */
export const withLookOptions = (command: Command): Command =>
  withWhen(
    withWhere(command)
      .option('--only <hazards>', 'only these hazards, by commas', several)
      .option('--skip <hazards>', 'not these hazards, by commas', several)
      .option(
        '--pod-metrics',
        'ask Pods that tell Prometheus of a hazard, through the API server (needs get pods/proxy)',
      ),
  )

/** Adds the options that say how to report. */
export const withReportOptions = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '-o, --output <format[=file]>',
        'how to write the report, and where to; many times or by commas for many (default: terminal)',
      )
        // The shell's completion and the help go by the choices, the parser by itself: a file may follow.
        .choices(Object.keys(formats))
        .argParser(outputsOf),
    )
    .addOption(
      new Option(
        '--fail-on <tier>',
        'exit with 1 if a finding is of that tier or one before it (default: failOn of roadcrew.yaml, else will-break)',
      ).choices(tiers),
    )
    .addOption(new Option('--by <what>', 'what a line stands for').choices(groupings).default(plainScan.by))
    .option('--top <n>', 'how many lines each tier shows', wholeNumber, plainScan.top)
    .option('--advice', 'list advice and what could not be judged too, instead of only counting it')

/** The words that look at the same once more, for the next command to type. */
export function sameLook(inputs: readonly string[], options: LookOptions & AdoptOptions): string {
  const flag = (name: string, value: string | undefined): string[] => (value === undefined ? [] : [name, value])
  return [
    ...inputs,
    ...flag('--kubeconfig', options.kubeconfig),
    ...options.context.flatMap((name) => ['--context', name]),
    ...(options.allContexts ? ['--all-contexts'] : []),
    ...options.namespace.flatMap((name) => ['-n', name]),
    ...flag('-l', options.selector),
    ...(options.only.length > 0 ? ['--only', options.only.join(',')] : []),
    ...(options.skip.length > 0 ? ['--skip', options.skip.join(',')] : []),
    ...flag('--as-of', options.asOf),
    ...flag('--kube-version', options.kubeVersion),
    ...(options.podMetrics ? ['--pod-metrics'] : []),
    ...flag('--policy', options.policy),
    ...sameAdopted(options),
  ]
    .map(shellWord)
    .join(' ')
}

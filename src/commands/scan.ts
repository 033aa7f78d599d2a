import { Command, Option } from 'commander'
import type { Severity, Version } from '../contract/hazard.ts'
import { machineZones } from '../node/time-zones.ts'
import { labelSelector } from '../objects/label-selector.ts'
import { timeOf } from '../objects/time.ts'
import { oldestSupported, parseVersion } from '../objects/version.ts'
import { buildReport } from '../report/build.ts'
import { jsonReport } from '../report/json.ts'
import type { Report } from '../report/schema.ts'
import { terminalReport } from '../report/terminal.ts'
import { chooseHazards } from './choose-hazards.ts'
import { type Io, UsageError, wantsColor } from './io.ts'
import { scanClusters } from './scan-clusters.ts'
import { scanFiles } from './scan-files.ts'
import { toolVersion } from './tool-version.ts'

/** The options of `scan` as commander gives them. */
export interface ScanOptions {
  readonly filename: readonly string[]
  readonly kubeconfig?: string
  readonly context: readonly string[]
  readonly allContexts?: true
  readonly namespace: readonly string[]
  readonly allNamespaces?: true
  readonly selector?: string
  readonly output: 'terminal' | 'json'
  readonly failOn: Severity
  readonly only: readonly string[]
  readonly skip: readonly string[]
  readonly asOf?: string
  readonly kubeVersion?: string
}

/** What an option is where it is not given: commander would show an empty list as its default. */
const none = { filename: [], context: [], namespace: [], only: [], skip: [] }

const several = (value: string, before: readonly string[] = []): string[] => [
  ...before,
  ...value.split(',').filter((part) => part !== ''),
]
const repeated = (value: string, before: readonly string[] = []): string[] => [...before, value]

/** `roadcrew scan`: files or clusters → findings. */
export function scanCommand(io: Io, done: (exitCode: number) => void): Command {
  return new Command('scan')
    .description('look for hazards in manifests, in exported clusters, or in live clusters')
    .argument('[paths...]', 'files, folders, globs, or - for stdin; none: the current cluster')
    .option('-f, --filename <path>', 'as a path argument, as kubectl has it', repeated)
    .option('--kubeconfig <file>', 'instead of $KUBECONFIG and ~/.kube/config')
    .option('--context <name>', 'a context of the kubeconfig; many times for many clusters', repeated)
    .option('--all-contexts', 'every context of the kubeconfig')
    .option('-n, --namespace <name>', 'only these namespaces; many times for many', several)
    .option('-A, --all-namespaces', 'all namespaces (what is done without -n too)')
    .option('-l, --selector <selector>', 'only objects with these labels')
    .addOption(
      new Option('-o, --output <format>', 'how to write the report').choices(['terminal', 'json']).default('terminal'),
    )
    .addOption(
      new Option('--fail-on <severity>', 'exit with 1 if a finding is at least that severe')
        .choices(['low', 'medium', 'high', 'critical'])
        .default('medium'),
    )
    .option('--only <hazards>', 'only these hazards, by commas', several)
    .option('--skip <hazards>', 'not these hazards, by commas', several)
    .option('--as-of <time>', 'the time at which exported objects were as they are, e.g. 2026-11-23T08:00:00Z')
    .option('--kube-version <version>', 'for which release files are meant (default: the oldest still supported)')
    .addHelpText(
      'after',
      `
Examples:
  roadcrew scan                                    the current context's cluster
  roadcrew scan --all-contexts -o json             every cluster of the kubeconfig
  roadcrew scan -n shop -l team=payments           what one team runs
  roadcrew scan deploy/ --kube-version 1.29        a folder of manifests, in CI
  helm template charts/shop | roadcrew scan -      a rendered chart
  kubectl get cronjobs,jobs,events -A -o yaml > export.yaml
  roadcrew scan export.yaml --as-of 2026-11-23T08:00:00Z

A folder with the output of "kubectl version -o json" in it is taken for the export of one cluster of that version.

Exit codes:
  0   nothing at or over --fail-on
  1   findings at or over --fail-on
  2   could not look everywhere; the report says where (whatever else was found)
  64  wrong usage`,
    )
    .action(async (paths: string[], given: Partial<ScanOptions> & Pick<ScanOptions, 'output' | 'failOn'>) => {
      const options: ScanOptions = { ...none, ...given }
      const report = await scan([...paths, ...options.filename], options, io)
      io.out(options.output === 'json' ? jsonReport(report) : terminalReport(report, { color: wantsColor(io) }))
      done(report.summary.exitCode)
    })
}

/**
 * Scans files if there are inputs, else clusters.
 * @throws UsageError if the options don't go together or can't be read.
 */
export async function scan(inputs: readonly string[], options: ScanOptions, io: Io): Promise<Report> {
  const chosen = chosenBy(options)
  const hazards = chooseHazards(options.only, options.skip)
  const asOf = asOfTime(options)
  const zones = machineZones()
  const common = { hazards, zones, ticks: io.ticks(), ...(chosen && { chosen }) }
  if (inputs.length === 0 && (asOf !== undefined || options.kubeVersion !== undefined)) {
    throw new UsageError('--as-of and --kube-version are for files; a live cluster has its own time and version')
  }
  const at = asOf ?? io.now()
  const seen =
    inputs.length > 0
      ? await scanFiles(
          inputs,
          { ...common, now: at, timely: asOf !== undefined, version: versionFor(options, io) },
          options,
          io,
        )
      : await scanClusters({ ...common, now: at }, options, io)
  return buildReport({
    toolVersion,
    at,
    timeZoneData: zones.data,
    hazards: hazards.map(({ id }) => id),
    failOn: options.failOn,
    ...seen,
  })
}

function chosenBy({ selector }: ScanOptions): ((object: unknown) => boolean) | undefined {
  if (selector === undefined) return undefined
  try {
    const holds = labelSelector(selector)
    return (object) =>
      holds((object as { metadata?: { labels?: Record<string, string> } | null } | null)?.metadata?.labels)
  } catch (error) {
    throw new UsageError(`-l: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function asOfTime({ asOf }: ScanOptions): number | undefined {
  if (asOf === undefined) return undefined
  const time = timeOf(asOf)
  if (time === undefined) throw new UsageError(`--as-of: "${asOf}" is no time; expected e.g. 2026-11-23T08:00:00Z`)
  return time
}

function versionFor({ kubeVersion }: ScanOptions, io: Io): Version {
  if (kubeVersion === undefined) return oldestSupported(io.now())
  const version = parseVersion(kubeVersion)
  if (!version) throw new UsageError(`--kube-version: "${kubeVersion}" is no release; expected e.g. 1.29`)
  return version
}

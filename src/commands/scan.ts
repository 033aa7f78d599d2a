import { Command } from 'commander'
import { buildReport } from '../report/build.ts'
import type { Report } from '../report/schema.ts'
import { shownLines, terminalReport } from '../report/terminal.ts'
import { type Io, wantsColor } from './io.ts'
import { lookAround } from './look-around.ts'
import { none, plainScan, type ScanOptions, sameLook, withLookOptions, withReportOptions } from './scan-options.ts'
import { expectApart, formats } from './scan-output.ts'

/** `roadcrew scan`: files or clusters → findings. */
export function scanCommand(io: Io, done: (exitCode: number) => void): Command {
  const command = new Command('scan')
    .description('look for hazards in manifests, in exported clusters, or in live clusters')
    .argument('[paths...]', 'files, folders, globs, or - for stdin; none: the current cluster')
  return withReportOptions(withLookOptions(command))
    .addHelpText(
      'after',
      `
Examples:
  roadcrew scan                                    the current context's cluster
  roadcrew scan --all-contexts -o json             every cluster of the kubeconfig
  roadcrew scan -n shop -l team=payments           what one team runs
  roadcrew scan --by owner --advice --top 50       whom to talk to, about what
  roadcrew scan deploy/ --kube-version 1.29        a folder of manifests, in CI
  roadcrew scan deploy/ -o sarif=scan.sarif -o terminal   the same for code scanning, and to read
  helm template charts/shop | roadcrew scan -      a rendered chart
  kubectl get cronjobs,jobs,events -A -o yaml > export.yaml
  roadcrew scan export.yaml --as-of 2026-11-23T08:00:00Z

A folder with the output of "kubectl version -o json" in it is taken for the export of one cluster of that version.

Formats (docs/reports.md):
${Object.entries(formats)
  .map(([format, what]) => `  ${format.padEnd(12)}  ${what}`)
  .join('\n')}
One of them may go to stdout; a file that can't be written is told on stderr, and the exit code is then 2.

Tiers:
  broken      it hurts now
  will-break  it is sure to hurt once triggered, or it did here within the last seven days
  advice      it may hurt one day

Exit codes:
  0   nothing at or over --fail-on
  1   findings at or over --fail-on
  2   could not look everywhere; the report says where (whatever else was found)
  64  wrong usage`,
    )
    .action(async (paths: string[], given: Partial<ScanOptions> & Pick<ScanOptions, 'failOn' | 'by' | 'top'>) => {
      const options: ScanOptions = { ...none, output: plainScan.output, ...given }
      expectApart(options.output)
      const inputs = [...paths, ...options.filename]
      const report = await scan(inputs, options, io)
      const { writeReports } = await import('./scan-write.ts')
      const text = (toFile: boolean): string =>
        scanText(report, inputs, options, toFile ? { ...io, outIsTerminal: false } : io)
      const written = writeReports(report, { outputs: options.output, failOn: options.failOn, text }, io)
      done(written ? report.summary.exitCode : 2)
    })
}

/**
 * Scans files if there are inputs, else clusters. Reports hold the places in files of all findings; where only a terminal is to
 * show it they are looked up of those manifests only that it shows.
 * @throws UsageError if the options don't go together or can't be read.
 */
export async function scan(inputs: readonly string[], options: ScanOptions, io: Io): Promise<Report> {
  const around = await lookAround(inputs, options, io)
  const report = (withPlaces: (id: string) => boolean): Promise<Report> =>
    buildReport({ ...around, failOn: options.failOn, withPlaces })
  if (options.output.some(({ format }) => format !== 'terminal')) return report(() => true)
  const without = await report(() => false)
  const shown = shownLines(without, { ...options, advice: options.advice === true })
  const single = shown.filter(({ first, findings }) => findings.length === 1 && first.subject.uid === undefined)
  const ofFiles = new Set(single.map(({ first }) => first.id))
  return ofFiles.size > 0 && inputs.length > 0 ? report((id) => ofFiles.has(id)) : without
}

/** The report as a terminal shows it, with the next command to type. */
export function scanText(report: Report, inputs: readonly string[], options: ScanOptions, io: Io): string {
  const again = (...words: readonly string[]): string =>
    [inputs.includes('-') ? '… | roadcrew' : 'roadcrew', ...words, sameLook(inputs, options)].filter(Boolean).join(' ')
  return terminalReport(report, {
    color: wantsColor(io),
    columns: io.columns,
    top: options.top,
    advice: options.advice === true,
    by: options.by,
    next: {
      why: (id) => again('why', id),
      all: again('scan', '--advice'),
    },
  })
}

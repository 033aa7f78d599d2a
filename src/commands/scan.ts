import { Command } from 'commander'
import { buildReport } from '../report/build.ts'
import type { Report } from '../report/schema.ts'
import type { Candidate, Sift } from '../report/sift.ts'
import { shownLines, terminalReport } from '../report/terminal.ts'
import type { Tier } from '../report/tiers.ts'
import { withScanAdoptOptions } from './adopt-options.ts'
import { type Adoption, adoptionOf, noAdoption } from './adoption.ts'
import { writeBaseline } from './baseline-file.ts'
import { type Io, wantsColor } from './io.ts'
import { lookAround } from './look-around.ts'
import { none, plainScan, type ScanOptions, sameLook, withLookOptions, withReportOptions } from './scan-options.ts'
import { expectApart, formats } from './scan-output.ts'

/** `roadcrew scan`: files or clusters → findings. */
export function scanCommand(io: Io, done: (exitCode: number) => void): Command {
  const command = new Command('scan')
    .description('look for hazards in manifests, in exported clusters, or in live clusters')
    .argument('[paths...]', 'files, folders, globs, or - for stdin; none: the current cluster')
  return withScanAdoptOptions(withReportOptions(withLookOptions(command)))
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
  roadcrew scan deploy/ --write-baseline baseline.json   begin with what there is
  roadcrew scan deploy/ --baseline baseline.json         and fail for what is new

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

Findings that do not count (docs/adopt.md):
  annotations    roadcrew.dev/ignore and roadcrew.dev/ignore-reason on the object
  roadcrew.yaml  in the current folder, or --config; flags win over it
  --baseline     what was there when it was written

Exit codes:
  0   nothing at or over --fail-on that counts
  1   findings at or over --fail-on
  2   could not look everywhere; the report says where (whatever else was found)
  64  wrong usage`,
    )
    .action(async (paths: string[], given: Partial<ScanOptions> & Pick<ScanOptions, 'by' | 'top'>) => {
      const options: ScanOptions = { ...none, output: plainScan.output, ...given }
      expectApart(options.output)
      const inputs = [...paths, ...options.filename]
      const adoption = adoptionOf(options, io)
      let counted: readonly Candidate[] = []
      const sift: Sift = (candidates, scanned) => {
        const sifted = adoption.sift(candidates, scanned)
        counted = candidates.filter((_, place) => !sifted.asides[place])
        return sifted
      }
      const report = await scan(inputs, options, io, { ...adoption, sift })
      if (options.writeBaseline !== undefined) tellWritten(options.writeBaseline, counted, report, io)
      const { writeReports } = await import('./scan-write.ts')
      const text = (toFile: boolean): string =>
        scanText(report, inputs, options, toFile ? { ...io, outIsTerminal: false } : io)
      // Also where findings do not fail the call, the test results of a pipeline say which would.
      const failOn = failOnOf(options, adoption)
      const written = writeReports(report, { outputs: options.output, failOn, text }, io)
      done(written ? report.summary.exitCode : 2)
    })
}

/**
 * Scans files if there are inputs, else clusters. Reports hold the places in files of all findings; where only a terminal is to
 * show it they are looked up of those manifests only that it shows.
 * @throws UsageError if the options don't go together or can't be read.
 */
export async function scan(
  inputs: readonly string[],
  options: ScanOptions,
  io: Io,
  adoption: Adoption = noAdoption,
): Promise<Report> {
  const { sift, asking, withFile } = adoption
  const around = await lookAround(inputs, withFile(options, inputs), io, asking)
  const failing = options.exitZero !== true && options.writeBaseline === undefined
  const failOn = failing ? failOnOf(options, adoption) : 'nothing'
  const report = (withPlaces: (id: string) => boolean): Promise<Report> =>
    buildReport({ ...around, failOn, withPlaces, sift })
  if (options.output.some(({ format }) => format !== 'terminal')) return report(() => true)
  const without = await report(() => false)
  const shown = shownLines(without, { ...options, advice: options.advice === true })
  const single = shown.filter(({ first, findings }) => findings.length === 1 && first.subject.uid === undefined)
  const ofFiles = new Set(single.map(({ first }) => first.id))
  return ofFiles.size > 0 && inputs.length > 0 ? report((id) => ofFiles.has(id)) : without
}

const failOnOf = (options: ScanOptions, ofFile: Pick<Adoption, 'failOn'>): Tier =>
  options.failOn ?? ofFile.failOn ?? 'will-break'

function tellWritten(file: string, counted: readonly Candidate[], { unread }: Report, io: Io): void {
  const count = writeBaseline(file, counted)
  const lost = unread.length > 0 ? '; not all could be looked at, so it may lack some' : ''
  io.err(`wrote ${count} ${count === 1 ? 'finding' : 'findings'} to ${file}${lost}\n`)
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

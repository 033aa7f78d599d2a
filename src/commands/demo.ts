import { relative } from 'node:path'
import { Command } from 'commander'
import { createColors } from 'picocolors'
import { ownPath } from '../own-files.ts'
import { type Io, wantsColor } from './io.ts'
import { scan, scanText } from './scan.ts'
import { plainScan } from './scan-options.ts'

/** When the bundled fleet was exported; see examples/generate-fleet.ts. */
const exportedAt = '2026-11-23T08:00:00Z'

const meaning: Readonly<Record<number, string>> = {
  0: 'nothing at or over --fail-on',
  1: 'findings at or over --fail-on',
  2: 'could not look everywhere',
}

/** `roadcrew demo`: scans the bundled export of three clusters, so that no cluster is needed to see what scan does. */
export function demoCommand(io: Io): Command {
  return new Command('demo')
    .description('scan a bundled export of three clusters, one of them old')
    .addHelpText('after', '\nExamples:\n  roadcrew demo')
    .action(async () => {
      const color = wantsColor(io)
      const { bold, dim } = createColors(color)
      const fleet = relative('.', ownPath('examples/fleet'))
      const options = { ...plainScan, asOf: exportedAt, advice: true } as const
      const report = await scan([fleet], options, io)
      const { exitCode } = report.summary
      io.out(`${bold(`$ roadcrew scan ${fleet} --as-of ${exportedAt} --advice`)}\n\n`)
      io.out(scanText(report, [fleet], options, io))
      io.out(`\n${bold(`exit code ${exitCode}`)} ${dim(`(${meaning[exitCode]})`)}\n`)
      io.out(dim(`Your own: roadcrew scan (the current cluster), roadcrew scan <folder>; more: roadcrew --help\n`))
    })
}

import { Command, Option } from 'commander'
import { type AdoptOptions, withAdoptOptions } from './adopt-options.ts'
import type { Io } from './io.ts'
import { type LookOptions, none, withLookOptions } from './scan-options.ts'

/** The options of `fix` as commander gives them. */
export interface FixOptions extends LookOptions, AdoptOptions {
  readonly write?: true
  readonly apply?: true
  readonly yes?: true
  readonly output: 'terminal' | 'json'
}

/** `roadcrew fix <id>`: the cure of findings, as a diff of files or of a cluster's objects; made only where that is said. */
export function fixCommand(io: Io, done: (exitCode: number) => void): Command {
  const command = new Command('fix')
    .description(
      'show what cures a finding: as a diff of files, or of what a cluster holds; make it with --write or --apply',
    )
    .argument('<what>', 'the id of a line or a finding, an object as kubectl names it, a hazard, or all')
    .argument('[paths...]', 'what to look at, as for scan')
  return withAdoptOptions(withLookOptions(command))
    .option('--write', 'edit the files in place: only lines that change are touched')
    .option('--apply', 'patch the objects of the cluster, as far as the rails let it; asks before')
    .option('--yes', 'apply without asking')
    .addOption(new Option('-o, --output <format>', 'how to write it').choices(['terminal', 'json']).default('terminal'))
    .addHelpText(
      'after',
      `
Without --write and --apply nothing is changed. Comments, order and quoting of files stay as they are. What is kept in Git, a chart or by an
operator is shown with the place where it is to be changed, and never patched in the cluster. Findings that do not count (roadcrew.yaml, annotations,
--baseline) are left alone, unless their own id is given.

Examples:
  roadcrew fix 3f9a1c deploy/                    what would be changed in these files
  roadcrew fix all deploy/ --write               and everything, in place
  roadcrew fix all deploy/ | git apply           the same as a patch
  roadcrew fix cj/report -n shop                 what would be patched in the current cluster
  roadcrew fix cj/report -n shop --apply         and done: tried on the server first, then patched as "roadcrew"

Exit codes:
  0   all that was meant is cured, or would be
  1   something is left: it was held back, or is for a person to do
  2   could not look everywhere, or could not write
  64  wrong usage, or there is no such finding`,
    )
    .action(async (what: string, paths: string[], given: Partial<FixOptions> & Pick<FixOptions, 'output'>) => {
      const options: FixOptions = { ...none, ...given }
      const { runFix } = await import('./fix-run.ts')
      done(await runFix(what, [...paths, ...options.filename], options, io))
    })
}

// The options by which findings do not count; docs/adopt.md tells how a team begins with them.
import { type Command, Option } from 'commander'

/** Which findings count: the options that `scan` and `why` share, as commander gives them. */
export interface AdoptOptions {
  readonly config?: string
  readonly baseline?: string
  /** False: no annotation and no roadcrew.yaml takes a finding away. */
  readonly suppressions?: boolean
}

/** Adds the options that say which findings count. */
export const withAdoptOptions = (command: Command): Command =>
  command
    .option(
      '--config <file>',
      'settings and accepted findings (default: roadcrew.yaml of the current folder, if there)',
    )
    .option(
      '--no-suppressions',
      'no annotation, and no ignore, exclude or enabled of roadcrew.yaml, takes findings away',
    )
    .option('--baseline <file>', 'what that file holds does not count: only what is new fails')

/** Adds those of a scan alone. */
export const withScanAdoptOptions = (command: Command): Command =>
  withAdoptOptions(command)
    .addOption(
      new Option('--write-baseline <file>', 'write what is found as a baseline; findings do not fail then').conflicts(
        'baseline',
      ),
    )
    .option('--exit-zero', 'findings do not fail: 0 instead of 1; 2 and 64 stay')

/** The words that say the same once more. */
export const sameAdopted = ({ config, baseline, suppressions = true }: AdoptOptions): readonly string[] => [
  ...(config === undefined ? [] : ['--config', config]),
  ...(suppressions ? [] : ['--no-suppressions']),
  ...(baseline === undefined ? [] : ['--baseline', baseline]),
]

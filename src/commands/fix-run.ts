// What `roadcrew fix` does. Loaded only for it.
import { readFile } from 'node:fs/promises'
import type { LookOptions } from '../engine/look.ts'
import type { Client } from '../kubernetes/client.ts'
import { FileEdits } from '../manifests/edit-files.ts'
import { buildReport } from '../report/build.ts'
import type { FixDifference, FixLeft, FixReport, FixStep } from '../report/fix-schema.ts'
import { actionsText, patchText, summaryText } from '../report/fix-text.ts'
import type { Report } from '../report/schema.ts'
import { type Adoption, adoptionOf } from './adoption.ts'
import type { FixOptions } from './fix.ts'
import { Chosen, idsOf } from './fix-chosen.ts'
import { fixCluster } from './fix-cluster.ts'
import { differencesOf, fixWorld } from './fix-files.ts'
import { type Io, UsageError, wantsColor } from './io.ts'
import { lookAround } from './look-around.ts'
import { toolVersion } from './tool-version.ts'

/** @returns the exit code. @throws UsageError if the options don't go together, or nothing is meant by `what`. */
export async function runFix(what: string, inputs: readonly string[], given: FixOptions, io: Io): Promise<number> {
  expectTogether(inputs, given)
  // It is looked at twice, and stdin can be read once.
  const { stdinBytes: _, ...rest } = io
  const around = { ...rest, stdin: once(io.stdin) }
  const { withFile, asking, sift } = adoptionOf(given, io, true)
  const options = withFile(given, inputs)
  const seen = await lookAround(inputs, options, around, asking)
  const report = await buildReport({ ...seen, failOn: 'nothing', withPlaces: () => false, sift })
  const ids = idsOf(report, what)
  if (ids.size === 0) expectMeaning(what, report)
  const fixed =
    inputs.length > 0
      ? await ofFiles(inputs, { ids, options, asking }, around)
      : await ofClusters({ ids, options, asking }, around)
  const made: FixReport = {
    ...{ schemaVersion: 1, tool: { name: 'roadcrew', version: toolVersion }, at: new Date(io.now()).toISOString() },
    mode: options.write ? 'write' : options.apply ? 'apply' : 'show',
    ...fixed,
    unread: report.unread.length,
    exitCode: exitCodeOf(fixed, report.unread.length),
  }
  tell(made, options, io)
  return made.exitCode
}

type Fixes = Pick<FixReport, 'steps' | 'differences' | 'left'>

function expectTogether(inputs: readonly string[], { write, apply, yes }: FixOptions): void {
  if (write && apply) throw new UsageError('--write is for files and --apply for a cluster: give one of them')
  if (write && inputs.length === 0) throw new UsageError('--write edits files: name them; a cluster takes --apply')
  if (write && inputs.includes('-')) throw new UsageError('--write edits files: what comes from stdin is in none')
  if (apply && inputs.length > 0) throw new UsageError('--apply patches a cluster; files take --write')
  if (yes && !apply) throw new UsageError('--yes goes with --apply')
}

/** @throws UsageError unless `what` can mean nothing at all. */
function expectMeaning(what: string, { hazards }: Report): void {
  if (what === 'all' || hazards.includes(what)) return
  throw new UsageError(
    what.includes('/')
      ? `nothing was found of ${what} there; roadcrew why ${what} says what was asked`
      : `there is no finding or line "${what}" there; ids are what roadcrew scan shows of the same`,
  )
}

function once(stdin: Io['stdin']): Io['stdin'] {
  let read: ReturnType<Io['stdin']> | undefined
  return () => {
    read ??= stdin()
    return read
  }
}

interface Meant {
  /** Of what is to be fixed. */
  readonly ids: ReadonlySet<string>
  readonly options: FixOptions
  readonly asking: Adoption['asking']
}

async function ofFiles(inputs: readonly string[], { ids, options, asking }: Meant, io: Io): Promise<Fixes> {
  const files = new FileEdits(async (file) => (file === '<stdin>' ? Buffer.from(await io.stdin()) : readFile(file)))
  const steps: FixStep[] = []
  const left: FixLeft[] = []
  await lookAround(inputs, options, io, {
    ...asking,
    look: async (looking) => {
      const fixed = await fixWorld(looking, new Chosen(looking.world.name, ids), files, io)
      steps.push(...fixed.steps)
      left.push(...fixed.left)
      return fixed.first
    },
  })
  const differences = await differencesOf(files, options.write === true)
  const broken = new Set(differences.filter(({ because }) => because !== undefined).map(({ what }) => what))
  return { steps: steps.map((step) => asWritten(step, options, broken)), differences, left }
}

/** In memory it was done; in the world only where the file was written. */
function asWritten(step: FixStep, { write }: FixOptions, broken: ReadonlySet<string>): FixStep {
  if (step.outcome !== 'done') return step
  if (!write) return { ...step, outcome: 'would-do' }
  return broken.has(step.file ?? '') ? { ...step, outcome: 'failed', because: 'its file could not be written' } : step
}

async function ofClusters({ ids, options, asking }: Meant, io: Io): Promise<Fixes> {
  const steps: FixStep[] = []
  const left: FixLeft[] = []
  const differences: FixDifference[] = []
  // One after the other: a person is asked about each.
  let turn: Promise<unknown> = Promise.resolve()
  await lookAround([], options, io, {
    ...asking,
    look: async (looking: LookOptions, client?: Client) => {
      if (!client) throw new Error('a cluster without a client')
      const mine = turn.then(() => fixCluster({ looking, client, ids }, options, io))
      turn = mine.catch(() => undefined)
      const fixed = await mine
      steps.push(...fixed.steps)
      left.push(...fixed.left)
      differences.push(...fixed.differences)
      return fixed.first
    },
  })
  return { steps, differences, left }
}

function exitCodeOf({ steps, differences, left }: Fixes, unread: number): number {
  if (unread > 0 || differences.some(({ because }) => because !== undefined)) return 2
  const isDone = steps.every(({ outcome }) => outcome === 'done' || outcome === 'would-do' || outcome === 'passed')
  return isDone && left.length === 0 ? 0 : 1
}

function tell(report: FixReport, options: FixOptions, io: Io): void {
  if (options.output === 'json') {
    io.out(`${JSON.stringify(report, undefined, 2)}\n`)
    return
  }
  const color = wantsColor(io)
  if (report.mode === 'show') io.out(`${patchText(report, { color })}${actionsText(report, { color })}`)
  const summary = summaryText(report, { color })
  // A patch has to stand by itself on stdout.
  if (report.mode === 'show') io.err(summary)
  else io.out(summary)
}

import { writeFileSync } from 'node:fs'
import { machine, release, type } from 'node:os'
import { Command, Option } from 'commander'
import { createColors } from 'picocolors'
import type { Act } from '../contract/drill.ts'
import type { Hazard } from '../contract/hazard.ts'
import { hazards } from '../hazards/index.ts'
import { actLines } from '../report/drill-lines.ts'
import { type DrillRecord, drillPage } from '../report/drill-page.ts'
import { hazardOf } from './choose-hazards.ts'
import { type Io, UsageError, wantsColor } from './io.ts'
import { openLivePicture } from './live-picture.ts'

export interface DrillOptions {
  readonly runtime: 'containerd' | 'docker'
  /** Where the page goes. */
  readonly html?: string
}

/** `roadcrew drill <hazard>`: makes a hazard happen in a lab of its own, finds it, cures it, sees it gone. */
export function drillCommand(io: Io, done: (exitCode: number) => void): Command {
  const example = hazards.find((hazard) => hazard.drill)?.id ?? ''
  return new Command('drill')
    .description('make a hazard happen on real parts in a lab of its own, find it, cure it, see it gone')
    .argument('<hazard>', 'its id')
    .addOption(
      new Option('--runtime <name>', 'what a drill of containers stands on')
        .choices(['containerd', 'docker'])
        .default('containerd'),
    )
    .option('--html <file>', 'also write what was seen as a page with charts, in one file that needs no network')
    .addHelpText(
      'after',
      `
Nothing outside the lab is touched, and the lab is taken down at the end, also after Ctrl-C.
A drill on a control plane needs kube-apiserver, kube-controller-manager and etcd: in $KUBEBUILDER_ASSETS, or built once
by src/lab/build-control-plane.sh.

Examples:
  roadcrew drill ${example}
  roadcrew drill ${example} --html drill.html

Exit codes:
  0   the hazard was made, found, cured and gone
  1   something did not go as it should; the last line says what
  64  wrong usage`,
    )
    .action(async (id: string, options: DrillOptions) => {
      const hazard = hazardOf(id)
      if (!hazard.drill) throw new UsageError(`${id} has no drill; those that have: ${drillable()}`)
      if (options.html !== undefined) expectWritable(options.html)
      done(await runDrill(hazard, io, options))
    })
}

const drillable = (): string => hazards.flatMap(({ id, drill }) => (drill ? [id] : [])).join(', ')

/** Said before the drill, not after it. @throws UsageError if no file can be written there. */
function expectWritable(file: string): void {
  try {
    // Appending nothing leaves a file that is there as it is.
    writeFileSync(file, '', { flag: 'a' })
  } catch (error) {
    throw new UsageError(`--html ${file}: cannot be written: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Runs a drill to its end, act by act, and takes its lab down; 0 if all went as it should, else 1. */
export async function runDrill(
  hazard: Hazard,
  io: Io,
  { runtime, html }: DrillOptions = { runtime: 'containerd' },
): Promise<0 | 1> {
  const { bold, red, green } = createColors(wantsColor(io))
  const [started, startedAt] = [io.ticks(), io.now()]
  const look = { color: wantsColor(io), columns: io.columns }
  const acts: DrillRecord['acts'][number][] = []
  const picture = await openLivePicture(io)
  // ora puts its two characters in front.
  const progress = (act: Act): void =>
    picture.show(
      actLines(act, io.ticks() - started, look)
        .trimStart()
        .trimEnd(),
    )
  // Loaded only here: a scan of files needs nothing of what it stands on.
  const { openStage } = await import('./drill-stage.ts')
  const stage = openStage(hazard, io, { runtime, progress })
  let failed: string | undefined
  try {
    const { drill } = (await hazard.drill?.()) ?? {}
    if (!drill) throw new Error('it has no drill')
    for await (const act of drill(stage)) {
      const sinceMs = io.ticks() - started
      acts.push({ act, sinceMs })
      picture.clear()
      io.out(actLines(act, sinceMs, look))
    }
  } catch (error) {
    failed = error instanceof Error ? error.message : String(error)
  }
  picture.clear()
  const left = await stage.restore()
  const problems = [...(failed === undefined ? [] : [failed]), ...left.map((problem) => `not restored: ${problem}`)]
  for (const problem of problems) io.err(`${red('drill failed')}: ${problem}\n`)
  if (problems.length === 0) io.out(`${green(bold('done'))}: made, found, cured and gone; the lab is taken down\n`)
  if (html !== undefined) {
    const { id, title } = hazard
    const kernel = `${type()} ${release()} (${machine()})`
    writeFileSync(html, drillPage({ id, title, startedAt, tookMs: io.ticks() - started, kernel, problems, acts }))
    io.out(`the page is ${html}\n`)
  }
  return problems.length === 0 ? 0 : 1
}

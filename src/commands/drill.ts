import { Command, Option } from 'commander'
import { createColors } from 'picocolors'
import type { Act, Hazard } from '../contract/hazard.ts'
import { hazards } from '../hazards/index.ts'
import { hazardOf } from './choose-hazards.ts'
import { type Io, UsageError, wantsColor } from './io.ts'

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
    .addHelpText(
      'after',
      `
Nothing outside the lab is touched, and the lab is taken down at the end, also after Ctrl-C.
A drill on a control plane needs kube-apiserver, kube-controller-manager and etcd: in $KUBEBUILDER_ASSETS, or built once
by src/lab/build-control-plane.sh.

Examples:
  roadcrew drill ${example}

Exit codes:
  0   the hazard was made, found, cured and gone
  1   something did not go as it should; the last line says what
  64  wrong usage`,
    )
    .action(async (id: string, { runtime }: { runtime: 'containerd' | 'docker' }) => {
      const hazard = hazardOf(id)
      if (!hazard.drill) throw new UsageError(`${id} has no drill; those that have: ${drillable()}`)
      done(await runDrill(hazard, io, runtime))
    })
}

const drillable = (): string => hazards.flatMap(({ id, drill }) => (drill ? [id] : [])).join(', ')

/** Runs a drill to its end, act by act, and takes its lab down; 0 if all went as it should, else 1. */
export async function runDrill(
  hazard: Hazard,
  io: Io,
  runtime: 'containerd' | 'docker' = 'containerd',
): Promise<0 | 1> {
  const { bold, red, green } = createColors(wantsColor(io))
  const started = io.ticks()
  // Loaded only here: a scan of files needs nothing of what it stands on.
  const { openStage } = await import('./drill-stage.ts')
  const stage = openStage(hazard, io, runtime)
  let failed: string | undefined
  try {
    const { drill } = (await hazard.drill?.()) ?? {}
    if (!drill) throw new Error('it has no drill')
    for await (const act of drill(stage)) io.out(actText(act, io.ticks() - started, wantsColor(io)))
  } catch (error) {
    failed = error instanceof Error ? error.message : String(error)
  }
  const left = await stage.restore()
  const problems = [...(failed === undefined ? [] : [failed]), ...left.map((problem) => `not restored: ${problem}`)]
  for (const problem of problems) io.err(`${red('drill failed')}: ${problem}\n`)
  if (problems.length === 0) io.out(`${green(bold('done'))}: made, found, cured and gone; the lab is taken down\n`)
  return problems.length === 0 ? 0 : 1
}

function actText({ act, figures }: Act, sinceMs: number, color: boolean): string {
  const { dim } = createColors(color)
  const names = Object.keys(figures)
  const width = Math.max(0, ...names.map((name) => name.length))
  const rows = Object.entries(figures).map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    return `           ${dim(name.padEnd(width))}  ${text}\n`
  })
  return `${dim(`${(sinceMs / 1000).toFixed(1).padStart(6)} s`)}   ${act}\n${rows.join('')}`
}

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Step } from '../contract/hazard.ts'
import { containerState } from '../linux/container-processes.ts'
import type { Process } from '../linux/process.ts'
import { processTree } from '../linux/process-tree.ts'
import { containerCgroups, readCgroupLayout } from './cgroup-state.ts'
import { readKernelStacks } from './kernel-stack.ts'
import { readProcess, readProcesses } from './processes.ts'
import type { ShimHands, Signalled } from './shim-arms.ts'

export interface HandsOptions {
  readonly proc: string
  readonly cgroup: string
  /** A folder for what is kept before anything is ended; undefined: nothing is kept. */
  readonly evidence?: string
  readonly signalled?: (sent: Signalled) => void
}

/** The hands of a process that may send signals on this node: they read the kernel's own word, and nothing of the runtime's. */
export function nodeHands({ proc, cgroup, evidence, signalled }: HandsOptions): ShimHands {
  const processesOf = (id: string): readonly Process[] | string => ownProcesses(proc, cgroup, id)
  return {
    read: (pid) => readProcess(proc, pid, { waiting: () => true, command: () => true }),
    processesOf,
    signal: (pid, signal) => void process.kill(pid, signal),
    sleep: (ms) => sleep(ms),
    ticks: () => performance.now(),
    keepEvidence: (step) =>
      Promise.resolve(evidence === undefined ? undefined : keep(evidence, proc, step, processesOf)),
    ...(signalled && { signalled }),
  }
}

function ownProcesses(proc: string, cgroup: string, id: string): readonly Process[] | string {
  try {
    const layout = readCgroupLayout(proc)
    if (layout === undefined) return `no cgroups are mounted, by the mount table below "${proc}"`
    const answer = containerCgroups(cgroup, layout).read(id)
    if (answer.answer === 'unread') return answer.because
    return containerState(processTree(readProcesses(proc)), { id }, answer).processes.map((one) => one.process)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** So many are kept, the oldest go first; of each so many characters. */
const mostFiles = 50
const mostCharacters = 65_536

/** What there is to know of a container before it is ended: process tree, states, kernel stacks. No environment variables. */
function keep(
  folder: string,
  proc: string,
  step: Step,
  processesOf: (id: string) => readonly Process[] | string,
): void {
  if (step.do !== 'end-shim') return
  try {
    const targets = [step.target, ...step.alsoEnds].map((subject) => {
      const processes = processesOf(subject.uid ?? '')
      const stacks =
        typeof processes === 'string' ? [] : processes.map(({ pid }) => ({ pid, stacks: readKernelStacks(proc, pid) }))
      return { subject, processes, stacks }
    })
    const shim = readProcess(proc, step.shim.pid, { waiting: () => true })
    const text = JSON.stringify(
      { at: new Date().toISOString(), step, shim, stacks: readKernelStacks(proc, step.shim.pid), targets },
      undefined,
      1,
    )
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const names = readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .toSorted()
    for (const name of names.slice(0, Math.max(0, names.length - mostFiles + 1)))
      rmSync(join(folder, name), { force: true })
    writeFileSync(join(folder, `${Date.now()}-${step.shim.pid}.json`), text.slice(0, mostCharacters), { mode: 0o600 })
  } catch {
    // A full disk is no reason to leave a node to its broken container.
  }
}

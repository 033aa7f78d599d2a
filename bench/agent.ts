// What the agent costs a node: its own CPU and memory for each round, and what daemon and shims spend on answering it,
// beside a shell loop as other tools use it. On a real containerd; needs root. `npm run bench -- agent` runs this alone.
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type LabContainer, type LabContainerd, startContainerd } from '../src/lab/containerd.ts'
import { type BenchRow, less } from './table.ts'

const main = join(import.meta.dirname, '../dist/main.js')
/** Seconds from round to round: the agent's default. */
export const every = 15
const rounds = 4
/** proc_pid_stat(5): clock ticks, 100 a second on every Linux that Node.js runs on. */
const msPerTick = 10

/** User and system time of processes, ms. */
export const cpuOf = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return sum + (Number(fields[11]) + Number(fields[12])) * msPerTick
  }, 0)

interface Cost {
  /** ms of CPU for one round: of who asks, and of daemon and shims. */
  readonly own: number
  readonly answering: number
  readonly rssMegabytes: number
}

/** Starts the agent as it runs on a node. @param more options of it. @returns it, once it serves its metrics at `address`. */
export async function startAgent(
  socket: string,
  more: readonly string[] = [],
): Promise<{ readonly pid: number; readonly address: string; readonly stop: () => void }> {
  const args = [main, 'agent', '--every', String(every), '--listen', '127.0.0.1:0', '--socket', socket, ...more]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const address = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the agent ended with ${code}`)))
    child.stdout.on('data', (part: Buffer) => {
      const found = /"listens":"([^"]+)"/.exec(part.toString())?.[1]
      if (found) resolve(found)
    })
  })
  return { pid: child.pid ?? 0, address, stop: () => void child.kill('SIGKILL') }
}

/** The agent as it runs on a node, from /metrics, over some rounds after its first. */
async function agentCost(lab: LabContainerd, answering: readonly number[]): Promise<Cost> {
  const { pid, address, stop } = await startAgent(lab.socket)
  try {
    await sleep(every * 1500) // its first round compiles
    const own = [pid]
    const before = [cpuOf(own), cpuOf(answering)] as const
    await sleep(every * 1000 * rounds)
    const text = await (await fetch(`http://${address}/metrics`)).text()
    const rss = Number(/^process_resident_memory_bytes (\d+)/m.exec(text)?.[1])
    return {
      own: (cpuOf(own) - before[0]) / rounds,
      answering: (cpuOf(answering) - before[1]) / rounds,
      rssMegabytes: rss / 2 ** 20,
    }
  } finally {
    stop()
  }
}

/** `ctr tasks ls`, and `ctr containers info` for each: what a script does. */
function shellCost(lab: LabContainerd, containers: readonly LabContainer[], answering: readonly number[]): Cost {
  const ctr = `ctr -a ${lab.socket} -n k8s.io`
  const script = `${ctr} tasks ls >/dev/null; for id in ${containers.map(({ id }) => id).join(' ')}; do ${ctr} containers info $id >/dev/null; done; times`
  const before = cpuOf(answering)
  const { stdout } = spawnSync('bash', ['-c', script], { encoding: 'utf8', maxBuffer: 2 ** 26 })
  const seconds = [...stdout.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
  )
  return {
    own: seconds.reduce((sum, one) => sum + one, 0) * 1000,
    answering: cpuOf(answering) - before,
    rssMegabytes: Number.NaN,
  }
}

/** 50 real containers, 250, and 500. */
export async function agentBench(counts: readonly number[] = [50, 250, 500]): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  const lab = await startContainerd()
  try {
    const containers: LabContainer[] = []
    for (const count of counts) {
      while (containers.length < count) containers.push(await lab.run())
      const answering = [lab.daemon.pid, ...containers.map(({ shim }) => shim)]
      const ours = await agentCost(lab, answering)
      const theirs = shellCost(lab, containers, answering)
      const peer = 'ctr, one call each'
      rows.push(less(`agent, ${count} containers: CPU a round`, ours.own, peer, theirs.own, 'ms'))
      rows.push(
        less(`daemon and shims, ${count} containers: CPU a round`, ours.answering, peer, theirs.answering, 'ms'),
      )
      process.stderr.write(
        `${count} containers: ${((ours.own / every) * 0.1).toFixed(2)} % of a core at ${every} s, RSS ${ours.rssMegabytes.toFixed(0)} MB\n`,
      )
    }
    return rows
  } finally {
    await lab.stop()
  }
}

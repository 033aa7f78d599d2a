// What the controller costs: its CPU and memory over 5,000 CronJobs of which nothing is due, and how soon after a start it knows
// them. On a real control plane. `npm run bench -- controller` runs this alone.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { type BenchRow, less } from './table.ts'

const main = join(import.meta.dirname, '../dist/main.js')
const cronJobs = 5_000
const spaces = 50
const seconds = 120

/** User and system time of a process, ms (proc_pid_stat(5): 100 clock ticks a second). */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

async function fill(lab: Lab): Promise<void> {
  const template = {
    spec: { restartPolicy: 'Never', containers: [{ name: 'task', image: 'registry.example.com/task:1' }] },
  }
  const spec = { schedule: '30 2 1 1 *', jobTemplate: { spec: { template } } }
  for (let space = 0; space < spaces; space++) {
    await lab.send('POST', '/api/v1/namespaces', { metadata: { name: `space-${space}` } })
  }
  const names = Array.from({ length: cronJobs }, (_, place) => place)
  const worker = async (): Promise<void> => {
    for (let place = names.pop(); place !== undefined; place = names.pop()) {
      const path = `/apis/batch/v1beta1/namespaces/space-${place % spaces}/cronjobs`
      await lab.send('POST', path, { metadata: { name: `report-${place}` }, spec })
    }
  }
  await Promise.all(Array.from({ length: 20 }, worker))
}

/** Waits until all of them have a metric of their own. */
async function untilKnown(address: string): Promise<string> {
  for (;;) {
    const text = await (await fetch(`http://${address}/metrics`)).text()
    if (text.split('\n').filter((line) => line.startsWith('roadcrew_cronjob_next_')).length >= cronJobs) return text
    await sleep(100)
  }
}

export async function controllerBench(): Promise<BenchRow[]> {
  const lab = await startLab(new AbortController().signal)
  try {
    await fill(lab)
    const args = [main, 'controller', '--kubeconfig', lab.kubeconfig, '--no-leader-election', '--listen', '127.0.0.1:0']
    const began = performance.now()
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      const address = await new Promise<string>((resolve) => {
        child.stdout.on('data', (part: Buffer) => {
          const found = /"listens":"([^"]+)"/.exec(part.toString())?.[1]
          if (found) resolve(found)
        })
      })
      await untilKnown(address)
      const known = performance.now() - began
      const listing = performance.now()
      await lab.list('/apis/batch/v1beta1/cronjobs')
      const listed = performance.now() - listing
      const pid = child.pid ?? 0
      const before = cpuOf(pid)
      await sleep(seconds * 1000)
      const percent = (cpuOf(pid) - before) / seconds / 10
      const text = await untilKnown(address)
      const rss = Number(/^process_resident_memory_bytes (\d+)/m.exec(text)?.[1]) / 2 ** 20
      const of = `${cronJobs.toLocaleString('en')} CronJobs`
      return [
        less(`controller, from its start until ${of} are judged`, known, 'one list of them', listed, 'ms'),
        less(`its CPU over ${of}`, percent, 'the goal', 5, '% of a core'),
        less(`its memory over ${of}`, rss, 'the goal', 350, 'MB'),
      ]
    } finally {
      child.kill('SIGKILL')
    }
  } finally {
    await lab.stop()
  }
}

// A drill as a person runs it, in a process of its own, and what it leaves.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

const main = join(import.meta.dirname, '../dist/main.js')

/** @param stop a signal that it is sent when it tells of an act, or so long after that (ms). */
export async function drillIn(
  folder: string,
  hazard: string,
  stop?: { readonly act: RegExp; readonly signal: NodeJS.Signals; readonly afterMs?: number },
) {
  const child = spawn(process.execPath, [main, 'drill', hazard], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: folder },
  })
  let [out, err, isSent] = ['', '', false]
  child.stdout.on('data', (part: Buffer) => {
    out += part.toString()
    if (isSent || !stop?.act.test(out)) return
    isSent = true
    setTimeout(() => child.kill(stop.signal), stop.afterMs ?? 0)
  })
  child.stderr.on('data', (part: Buffer) => {
    err += part.toString()
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  return { code, out, err }
}

/** What a drill has left of its folders, and its processes. */
export const leftOf = (folder: string): readonly string[] => [
  ...readdirSync(folder).filter((name) => /^roadcrew-(lab|containerd)-/.test(name)),
  ...processesOf(folder),
]

/** Those that name a folder in their command or environment, or have a file of it open (a worker of nginx shows nothing else). */
export const processesOf = (folder: string): readonly string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const command = textOf(`/proc/${pid}/cmdline`)
      const shown = [command, textOf(`/proc/${pid}/environ`), ...filesOf(pid)]
      return shown.some((text) => text.includes(`${folder}/`) || text.includes(`TMPDIR=${folder}\0`))
        ? [`${pid} ${command.replaceAll('\0', ' ')}`]
        : []
    })

/** What is in /proc may be gone at any time, or another user's. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function filesOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
  } catch {
    return []
  }
}

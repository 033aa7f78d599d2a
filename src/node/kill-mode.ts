// What systemd does to the processes of a service's cgroup when it stops the service: see systemd.kill(5).
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where units stand, the first found counts (systemd.unit(5)). */
const folders = [
  'etc/systemd/system',
  'run/systemd/system',
  'usr/local/lib/systemd/system',
  'usr/lib/systemd/system',
  'lib/systemd/system',
]

/**
 * @param root the node's root.
 * @param unit such as `docker.service`.
 * @returns `KillMode` as its file and its drop-ins say, `control-group` where they say nothing; undefined if there is no such unit.
 */
export function killMode(root: string, unit: string): string | undefined {
  const text = folders.map((folder) => textOf(join(root, folder, unit))).find((one) => one !== undefined)
  if (text === undefined) return undefined
  const modes = [text, ...dropIns(root, unit)].flatMap((one) => [
    ...one.matchAll(/^[ \t]*KillMode[ \t]*=[ \t]*(\S*)/gm),
  ])
  return modes.at(-1)?.[1] || 'control-group'
}

/** In the order of their names, whichever folder they are in; of one name the first folder counts. */
function dropIns(root: string, unit: string): string[] {
  const byName = new Map<string, string>()
  for (const folder of folders.map((one) => join(root, one, `${unit}.d`))) {
    for (const name of namesIn(folder).filter((one) => one.endsWith('.conf') && !byName.has(one))) {
      byName.set(name, textOf(join(folder, name)) ?? '')
    }
  }
  return [...byName].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text)
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

// Time zones of the lab's own, compiled by zic as the real ones are. Programs in Go ask the kernel for the time past every library,
// so a clock can't be turned for them; what the clocks on the wall show is said by a zone.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { command } from './command.ts'
import { isInPath } from './in-path.ts'

/** Where Debian has it, which is not in everybody's `PATH`. */
const moreFolders = '/usr/sbin:/sbin'

/** A zone of one offset after the other; each lasts until the next change (ms UTC, whole seconds). */
export interface LabZone {
  readonly name: string
  /** ms to add to UTC for local time, before the first change. */
  readonly offset: number
  readonly changes: readonly { readonly at: number; readonly offset: number }[]
}

/** What is missing for zones, and what to do; undefined if nothing is. */
export const zicHint = (env: Readonly<Record<string, string | undefined>>): string | undefined =>
  isInPath('zic', pathOf(env))
    ? undefined
    : 'no zic, the compiler of time zones, in PATH or /usr/sbin: install libc-bin on Debian (glibc-common or timezone elsewhere)'

const pathOf = ({ PATH = '' }: Readonly<Record<string, string | undefined>>) => ({ PATH: `${PATH}:${moreFolders}` })

/** Compiles a zone into a folder, which may then serve as $ZONEINFO. @returns its file. @throws Error with zic's own words, or if it is missing. */
export async function compileZone(folder: string, zone: LabZone): Promise<string> {
  const hint = zicHint(process.env)
  if (hint !== undefined) throw new Error(hint)
  await mkdir(folder, { recursive: true })
  const source = join(folder, 'lab.zi')
  await writeFile(source, zoneSource(zone))
  // `fat`: also who reads only what is written out, not the rule for all that comes after, gets the changes.
  await command('env', [`PATH=${pathOf(process.env).PATH}`, 'zic', '-b', 'fat', '-d', folder, source])
  return join(folder, zone.name)
}

/** The source of a zone, as zic(8) has it. */
export function zoneSource({ name, offset, changes }: LabZone): string {
  const offsets = [offset, ...changes.map((change) => change.offset)]
  const lines = offsets.map((one, place) => {
    const until = changes[place]
    return [
      place === 0 ? `Zone ${name}` : '',
      offsetText(one),
      '-',
      `L${place}${place}`,
      ...(until ? [untilText(until.at)] : []),
    ]
      .join('\t')
      .trimEnd()
  })
  return `${lines.join('\n')}\n`
}

const offsetText = (ms: number): string => `${ms < 0 ? '-' : ''}${new Date(Math.abs(ms)).toISOString().slice(11, 19)}`

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** In universal time (`u`): by local time it would be said by clocks that just change. */
function untilText(ms: number): string {
  const at = new Date(ms)
  return `${at.getUTCFullYear()} ${months[at.getUTCMonth()]} ${at.getUTCDate()} ${at.toISOString().slice(11, 19)}u`
}

// Time zones of the lab's own, compiled by zic as the real ones are. Programs in Go ask the kernel for the time past every library,
// so a clock can't be turned for them; what the clocks on the wall show is said by a zone.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { command } from './command.ts'
import { isInPath } from './in-path.ts'

/** A zone of one offset after the other; each lasts until the next change (ms UTC, whole seconds). */
export interface LabZone {
  readonly name: string
  /** ms to add to UTC for local time, before the first change. */
  readonly offset: number
  readonly changes: readonly { readonly at: number; readonly offset: number }[]
}

/** Where Debian has it, which is not in everybody's `PATH`. */
const debianFolders = '/usr/sbin:/sbin'

/** What is missing for zones, and what to do; undefined if nothing is. */
export const zicHint = ({ PATH = '' }: Env, more = debianFolders): string | undefined =>
  isInPath('zic', { PATH: `${PATH}:${more}` })
    ? undefined
    : 'zic, the compiler of time zones, is neither in PATH nor in /usr/sbin: it comes with libc-bin on Debian, with glibc-common or timezone elsewhere'

type Env = Readonly<Record<string, string | undefined>>

/** @throws Error that says what is missing for zones, and what to do. */
export function expectZic(): void {
  const hint = zicHint(process.env)
  if (hint !== undefined) throw new Error(hint)
}

/** Compiles a zone into a folder, which may then serve as $ZONEINFO. @returns its file. @throws Error with zic's own words. */
export async function compileZone(folder: string, zone: LabZone): Promise<string> {
  await mkdir(folder, { recursive: true })
  const source = join(folder, 'lab.zi')
  await writeFile(source, zoneSource(zone))
  // `fat`: also who reads only what is written out, not the rule for all that comes after, gets the changes.
  const zic = ['zic', '-b', 'fat', '-d', folder, source]
  await command('env', [`PATH=${process.env.PATH ?? ''}:${debianFolders}`, ...zic])
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

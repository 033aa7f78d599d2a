import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Zone, Zones } from '../contract/hazard.ts'
import { packedZones } from '../schedule/packed-zones.ts'
import { parseTzif, TzifError } from '../schedule/tzif.ts'

const FOLDER = 'usr/share/zoneinfo'

/** Only what a name in the database can look like: nothing that leads out of the folder, no hidden file. */
const NAME = /^[A-Za-z0-9_+-][A-Za-z0-9_+.-]*(?:\/[A-Za-z0-9_+-][A-Za-z0-9_+.-]*)*$/

/** Where TZif files are, and what a report calls them. */
interface Source {
  readonly folder: string
  readonly title: string
}

/**
 * The time zones of a machine: TZif files in `<root>/usr/share/zoneinfo`, each read when first asked for, and the
 * packed data for names that it lacks, or for all where there is no such folder. Names are case-sensitive, as
 * Kubernetes on Linux has them. Never throws: a file that cannot be used counts as lacking. `data` tells what was
 * used so far: the machine's version, and for which names the packed data had to stand in.
 * @param zoneinfo $ZONEINFO, as Go has it: a folder whose files go before those of the machine. Go also takes a zip file there,
 * which is not read here.
 */
export function machineZones(zoneinfo?: string, root = '/'): Zones {
  const packed = packedZones()
  const sources = sourcesOf(zoneinfo, join(root, FOLDER))
  if (sources.length === 0) return packed
  const own = sources.map(({ title }) => title).join(', else ')
  const known = new Map<string, Zone>()
  const lacking: string[] = []

  const load = (name: string): Zone | undefined => {
    let problem: string | undefined
    for (const { folder } of sources) {
      const zone = readZone(folder, name)
      if (zone && !('problem' in zone)) return zone
      problem ??= zone?.problem
    }
    const substitute = packed.find(name)
    if (substitute) lacking.push(problem === undefined ? name : `${name} (${problem})`)
    return substitute
  }
  return {
    get data() {
      return lacking.length === 0 ? own : `${own}; ${packed.data} for ${lacking.join(', ')}`
    },
    find(name) {
      if (!NAME.test(name)) return undefined
      const zone = known.get(name) ?? load(name)
      if (zone) known.set(name, zone)
      return zone
    },
  }
}

function sourcesOf(zoneinfo: string | undefined, machine: string): readonly Source[] {
  const version = (folder: string): string => `tzdata ${versionOf(folder) ?? 'of unknown version'}`
  return [
    ...(zoneinfo && isFolder(zoneinfo)
      ? [{ folder: zoneinfo, title: `${version(zoneinfo)} in ${zoneinfo} ($ZONEINFO)` }]
      : []),
    ...(isFolder(machine) ? [{ folder: machine, title: `${version(machine)} of this machine` }] : []),
  ]
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

/** Undefined: there is no such file. */
function readZone(folder: string, name: string): Zone | { readonly problem: string } | undefined {
  const path = join(folder, name)
  try {
    return parseTzif(readFileSync(path), name)
  } catch (error) {
    if (error instanceof TzifError) return { problem: `cannot read "${path}": ${error.message}` }
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
    // A part of a name may be a folder (Europe) or a file (UTC/x).
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined
    if (code === undefined) throw error
    return { problem: `cannot read "${path}": ${code}` }
  }
}

/** From the first line of `tzdata.zi` ("# version 2026b"), or from the file `+VERSION` of other systems. */
function versionOf(folder: string): string | undefined {
  const first = (name: string): string | undefined => {
    try {
      return readFileSync(join(folder, name), 'utf8').split('\n', 1)[0]?.trim()
    } catch {
      return undefined
    }
  }
  return /^# version (\S+)/.exec(first('tzdata.zi') ?? '')?.[1] ?? (first('+VERSION') || undefined)
}

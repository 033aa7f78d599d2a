// A whole scan of an exported cluster, from files to the report, beside a process that only reads and parses the same bytes.
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LargeFleet, largeFleet } from '../examples/large-fleet/fleet.ts'
import { lookedAt } from '../examples/large-fleet/identity.ts'
import { type BenchRow, less } from './table.ts'

const binary = join(import.meta.dirname, '../dist/main.js')
/** No string of V8 is as long, so that no process could parse a larger file at once. */
const readable = 450e6

interface OpenFile {
  readonly file: number
  readonly part: number
  bytes: number
}

/**
 * Writes a fleet as `kubectl get -o json` does, one list per kind, or several where one would have more than `most` bytes.
 * @returns how many bytes.
 */
function writeFleet(folder: string, fleet: LargeFleet, most: number): number {
  const files = new Map<string, OpenFile>()
  let bytes = 0
  const end = ({ file, bytes: own }: OpenFile): void => {
    writeSync(file, '\n    ],\n    "kind": "List",\n    "metadata": {\n        "resourceVersion": ""\n    }\n}\n')
    closeSync(file)
    bytes += own
  }
  for (const object of largeFleet(fleet)) {
    const { kind } = object as { kind: string }
    let known = files.get(kind)
    const item = JSON.stringify(object, undefined, 4).replace(/^/gm, ' '.repeat(8))
    if (!known || known.bytes + item.length > most) {
      if (known) end(known)
      const part = (known?.part ?? 0) + 1
      known = { file: openSync(join(folder, `${kind.toLowerCase()}s-${part}.json`), 'w'), part, bytes: 0 }
      files.set(kind, known)
    }
    const text = `${known.bytes === 0 ? '{\n    "apiVersion": "v1",\n    "items": [\n' : ',\n'}${item}`
    writeSync(known.file, text)
    known.bytes += text.length
  }
  for (const file of files.values()) end(file)
  const version = { serverVersion: { major: '1', minor: '34', gitVersion: 'v1.34.0' } }
  writeFileSync(join(folder, 'version.json'), JSON.stringify(version))
  return bytes
}

/** Reads and parses each file, one after the other, and keeps nothing. */
const floor = `
const { readdirSync, readFileSync } = require('node:fs')
let objects = 0
for (const name of readdirSync(process.argv[1])) objects += JSON.parse(readFileSync(process.argv[1] + '/' + name, 'utf8')).items?.length ?? 0
if (objects < 1000) throw new Error('nothing was read')
`

interface Run {
  readonly ms: number
  readonly megabytes: number
}

/** Runs a script or program in a process of its own, which tells its peak memory when it ends. */
function run(args: readonly string[]): Run {
  const tell = `data:text/javascript,process.on('exit',()=>{process.stderr.write('peak '+process.resourceUsage().maxRSS)})`
  const began = performance.now()
  const { stderr, status } = spawnSync(process.execPath, ['--import', tell, ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  const ms = performance.now() - began
  const peak = /peak (\d+)/.exec(stderr)?.[1]
  if ((status !== 0 && status !== 1) || peak === undefined) throw new Error(`exit code ${status}: ${stderr}`)
  return { ms, megabytes: Number(peak) / 1024 }
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

/** Scans one folder beside a floor that parses another one, with the same objects if it isn't the same. */
function both(folder: string, rounds: number, ofFloor = folder): { readonly ours: Run; readonly floors: Run } {
  const scans: Run[] = []
  const floors: Run[] = []
  for (let round = 0; round < rounds; round++) {
    floors.push(run(['-e', floor, ofFloor]))
    scans.push(run([binary, 'scan', folder, '--as-of', lookedAt]))
  }
  const of = (runs: readonly Run[]): Run => ({
    ms: median(runs.map(({ ms }) => ms)),
    megabytes: median(runs.map(({ megabytes }) => megabytes)),
  })
  return { ours: of(scans), floors: of(floors) }
}

/** 30,000 Pods, 3,000 workloads and 2,000 CronJobs with what hangs on them, times `size`. */
const fleetOf = (size: number): LargeFleet => ({ workloads: 3000 * size, pods: 30_000 * size, cronJobs: 2000 * size })

const rows = (what: string, { ours, floors }: ReturnType<typeof both>): BenchRow[] => [
  less(`scan of ${what}`, ours.ms, 'read and JSON.parse', floors.ms, 'ms'),
  less(`its peak memory`, ours.megabytes, 'read and JSON.parse', floors.megabytes, 'MB'),
]

const inFolder = <T>(run: (folder: string) => T): T => {
  const folder = mkdtempSync(join(tmpdir(), 'roadcrew-bench-'))
  try {
    return run(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const built = (): void => {
  if (!existsSync(binary)) throw new Error('dist/main.js is not there: npm run build first')
}

/** The reference fleet, and a tenth of it. */
export function fleetBench(): BenchRow[] {
  built()
  return [0.1, 1].flatMap((size) =>
    inFolder((folder) => {
      const bytes = writeFleet(folder, fleetOf(size), readable)
      const what = `${(30_000 * size).toLocaleString('en')} Pods, ${Math.round(bytes / 1e6)} MB`
      return rows(what, both(folder, 5))
    }),
  )
}

/** Ten times the reference fleet; and twice of it with all Pods in one file, which only the floor needs in two. */
export function largeFleetBench(): BenchRow[] {
  built()
  const ten = inFolder((folder) => {
    const bytes = writeFleet(folder, fleetOf(10), readable)
    return rows(`300,000 Pods, ${Math.round(bytes / 1e6)} MB`, both(folder, 3))
  })
  const two = inFolder((folder) =>
    inFolder((ofFloor) => {
      const bytes = writeFleet(folder, fleetOf(2), Number.POSITIVE_INFINITY)
      writeFleet(ofFloor, fleetOf(2), readable)
      return rows(`60,000 Pods in one file, ${Math.round(bytes / 1e6)} MB`, both(folder, 3, ofFloor))
    }),
  )
  return [...ten, ...two]
}

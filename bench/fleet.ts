// A whole scan of an exported cluster, from files to the report, beside a process that only reads and parses the same bytes.
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LargeFleet, largeFleet } from '../examples/large-fleet/fleet.ts'
import { lookedAt } from '../examples/large-fleet/identity.ts'
import { type BenchRow, less } from './table.ts'

const binary = join(import.meta.dirname, '../dist/main.js')
const rounds = 5

/** Writes a fleet as `kubectl get -o json` does, one list per kind. @returns how many bytes. */
function writeFleet(folder: string, fleet: LargeFleet): number {
  const files = new Map<string, number>()
  for (const object of largeFleet(fleet)) {
    const { kind } = object as { kind: string }
    const known = files.get(kind)
    const file = known ?? openSync(join(folder, `${kind.toLowerCase()}s.json`), 'w')
    if (known === undefined) writeSync(file, '{\n    "apiVersion": "v1",\n    "items": [\n')
    files.set(kind, file)
    const item = JSON.stringify(object, undefined, 4).replace(/^/gm, ' '.repeat(8))
    writeSync(file, `${known === undefined ? '' : ',\n'}${item}`)
  }
  let bytes = 0
  for (const [kind, file] of files) {
    writeSync(file, '\n    ],\n    "kind": "List",\n    "metadata": {\n        "resourceVersion": ""\n    }\n}\n')
    closeSync(file)
    bytes += statSync(join(folder, `${kind.toLowerCase()}s.json`)).size
  }
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

function both(folder: string): { readonly ours: Run; readonly floors: Run } {
  const scans: Run[] = []
  const floors: Run[] = []
  for (let round = 0; round < rounds; round++) {
    floors.push(run(['-e', floor, folder]))
    scans.push(run([binary, 'scan', folder, '--as-of', lookedAt]))
  }
  const of = (runs: readonly Run[]): Run => ({
    ms: median(runs.map(({ ms }) => ms)),
    megabytes: median(runs.map(({ megabytes }) => megabytes)),
  })
  return { ours: of(scans), floors: of(floors) }
}

/** 30,000 Pods, 3,000 workloads and 2,000 CronJobs with what hangs on them, and a tenth of that. */
export function fleetBench(): BenchRow[] {
  if (!existsSync(binary)) throw new Error('dist/main.js is not there: npm run build first')
  return [0.1, 1].flatMap((size) => {
    const folder = mkdtempSync(join(tmpdir(), 'roadcrew-bench-'))
    try {
      const bytes = writeFleet(folder, { workloads: 3000 * size, pods: 30_000 * size, cronJobs: 2000 * size })
      const { ours, floors } = both(folder)
      const what = `${(30_000 * size).toLocaleString('en')} Pods, ${Math.round(bytes / 1e6)} MB`
      return [
        less(`scan of ${what}`, ours.ms, 'read and JSON.parse', floors.ms, 'ms'),
        less(`its peak memory`, ours.megabytes, 'read and JSON.parse', floors.megabytes, 'MB'),
      ]
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

// Writes the demo fleet to examples/fleet: npx tsx examples/generate-fleet.ts
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fleetFiles } from './fleet-generator/fleet.ts'

const folder = join(import.meta.dirname, 'fleet')
const files = fleetFiles()

rmSync(folder, { recursive: true, force: true })
for (const [path, text] of files) {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}

const bytes = [...files.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0)
console.log(`wrote ${files.size} files to examples/fleet, ${Math.round(bytes / 1024)} KiB`)

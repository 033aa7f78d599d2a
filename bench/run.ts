// Prints the tables of bench/README.md.
import { cpus } from 'node:os'
import { agentBench } from './agent.ts'
import { controllerBench } from './controller.ts'
import { drillBench } from './drill.ts'
import { fleetBench, largeFleetBench } from './fleet.ts'
import { liveBench } from './live.ts'
import { manifestsBench } from './manifests.ts'
import { networkBench } from './network.ts'
import { probeBench } from './probe.ts'
import { rolloutBench } from './rollout.ts'
import { scanBench } from './scan.ts'
import { scheduleBench } from './schedule.ts'
import { table } from './table.ts'
import { webhookBench } from './webhook.ts'
import { zonedBench } from './zoned.ts'

process.stdout.write(`Node.js ${process.versions.node}, ${cpus().length} cores, ${cpus()[0]?.model ?? ''}\n\n`)
if (process.argv[2] === 'agent') {
  process.stdout.write(`${table(await agentBench())}\n`)
  process.exit()
}
if (process.argv[2] === 'live') {
  process.stdout.write(`${table(await liveBench())}\n`)
  process.exit()
}
if (process.argv[2] === 'controller') {
  process.stdout.write(`${table(await controllerBench())}\n`)
  process.exit()
}
if (process.argv[2] === 'zoned') {
  process.stdout.write(`${table(await zonedBench())}\n`)
  process.exit()
}
if (process.argv[2] === 'webhook') {
  process.stdout.write(`${table(await webhookBench())}\n`)
  process.exit()
}
if (process.argv[2] === 'network') {
  process.stdout.write(`${table(await networkBench())}\n`)
  process.exit()
}
if (process.argv[2] === 'probe') {
  process.stdout.write(`${table(await probeBench())}\n`)
  process.exit()
}
if (process.argv[2] === 'rollout') {
  process.stdout.write(`${table(await rolloutBench())}\n`)
  process.exit()
}
if (process.argv[2] === 'drill') {
  process.stdout.write(`${table(await drillBench())}\n`)
  process.exit()
}
if (process.argv[2] === 'fleet') {
  process.stdout.write(`${table([...fleetBench(), ...largeFleetBench()])}\n`)
  process.exit()
}
process.stdout.write(`${table(await scheduleBench())}\n\n`)
process.stdout.write(`${table(manifestsBench())}\n\n`)
process.stdout.write(`${table(await scanBench())}\n\n`)
process.stdout.write(`${table(fleetBench())}\n\n`)
const { maxRSS } = process.resourceUsage()
process.stdout.write(`peak memory ${Math.round(maxRSS / 1024)} MB\n`)

import { guardedHazards } from '../controller/guarded.ts'
import { hazards as catalogue } from '../hazards/index.ts'
import { machineZones } from '../node/time-zones.ts'
import { cronJobs } from '../objects/kinds.ts'
import { acceptedZone, Refused } from '../schedule/refusals.ts'
import { type ListData, listData } from './cron-list.ts'
import { planning } from './cron-plan.ts'
import { type Io, UsageError } from './io.ts'
import { lookAround } from './look-around.ts'
import type { LookOptions } from './scan-options.ts'

interface ListOptions extends LookOptions {
  readonly hours: number
  readonly controllerZone: string
}

/**
 * Looks at files or clusters as a scan does, with one question more: when each CronJob runs. The catalogue's own questions about
 * CronJobs tell which of them are broken now.
 * @throws UsageError if the options don't go together or can't be read.
 */
export async function list(inputs: readonly string[], options: ListOptions, io: Io): Promise<ListData> {
  const { controllerZone, hours } = options
  checkZone(controllerZone, io)
  const windowMs = hours * 3_600_000
  const plan = planning(controllerZone, windowMs)
  const guards = guardedHazards(catalogue, cronJobs)
  const settings = Object.fromEntries(
    guards.map((one) => [one.id, one.settings.parse({ controllerTimeZone: controllerZone })]),
  )
  const around = await lookAround(inputs, options, io, { hazards: [plan.hazard, ...guards], settings })
  return listData({ around, planning: plan, controllerZone, windowMs })
}

function checkZone(name: string, { env }: Io): void {
  try {
    acceptedZone(name, machineZones(env.ZONEINFO))
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    throw new UsageError(`--controller-zone: ${error.message.replace(/^spec\.timeZone: /, '')}`)
  }
}

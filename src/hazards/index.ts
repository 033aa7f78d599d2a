// The catalogue: one line per hazard, in the order of their ids.
import type { Hazard } from '../contract/hazard.ts'
import { blindKubelet } from './blind-kubelet/hazard.ts'
import { cronJobTimezone } from './cronjob-timezone/hazard.ts'
import { dnsRace } from './dns-race/hazard.ts'
import { flappingNode } from './flapping-node/hazard.ts'
import { frozenCronJob } from './frozen-cronjob/hazard.ts'
import { frozenRuntime } from './frozen-runtime/hazard.ts'
import { fullConntrack } from './full-conntrack/hazard.ts'
import { ipvsSideEffects } from './ipvs-side-effects/hazard.ts'
import { lostRequests } from './lost-requests/hazard.ts'
import { reloadStorm } from './reload-storm/hazard.ts'
import { snatPortsExhausted } from './snat-ports-exhausted/hazard.ts'
import { snatRace } from './snat-race/hazard.ts'
import { stuckCleanup } from './stuck-cleanup/hazard.ts'
import { stuckContainer } from './stuck-container/hazard.ts'
import { unplannedRun } from './unplanned-run/hazard.ts'

export const hazards: readonly Hazard[] = [
  blindKubelet,
  cronJobTimezone,
  dnsRace,
  flappingNode,
  frozenCronJob,
  frozenRuntime,
  fullConntrack,
  ipvsSideEffects,
  lostRequests,
  reloadStorm,
  snatPortsExhausted,
  snatRace,
  stuckCleanup,
  stuckContainer,
  unplannedRun,
]

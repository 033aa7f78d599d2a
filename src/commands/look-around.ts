import type { Hazard, Version } from '../contract/hazard.ts'
import { type Look, type LookOptions, look } from '../engine/look.ts'
import { settingsBy } from '../engine/policy-settings.ts'
import type { Client } from '../kubernetes/client.ts'
import { machineZones } from '../node/time-zones.ts'
import { labelSelector } from '../objects/label-selector.ts'
import { timeOf } from '../objects/time.ts'
import { oldestSupported, parseVersion } from '../objects/version.ts'
import type { ReportInput } from '../report/build.ts'
import { chooseHazards } from './choose-hazards.ts'
import { type Io, UsageError } from './io.ts'
import { policyOfFile } from './policy-facts.ts'
import { scanFiles } from './scan-files.ts'
import type { LookOptions as Where } from './scan-options.ts'
import { toolVersion } from './tool-version.ts'

/** All that a report needs but how it is made. */
export type Around = Omit<ReportInput, 'failOn' | 'withPlaces'>

/** Looks at one world. */
export type LookAt = (options: LookOptions, client?: Client) => Promise<Look>

/** What narrows or widens what is asked, beside the options. */
export interface Asking {
  /** Which objects are judged, beside the selector. */
  readonly chosen?: (object: unknown) => boolean
  /** Instead of the catalogue's. */
  readonly hazards?: readonly Hazard[]
  /** Theirs, by id. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** Looks at each world, instead of a plain look; `client`: where the world is a live cluster. */
  readonly look?: LookAt
  /** As `settings`, for some hazards: a policy that is named wins over them, and they over a cluster's own policy. */
  readonly own?: Readonly<Record<string, unknown>>
  /** What is not looked at. */
  readonly exclude?: { file(file: string): boolean; namespace(name: string): boolean }
}

/**
 * Looks at files if there are inputs, else at clusters.
 * @throws UsageError if the options don't go together or can't be read.
 */
export async function lookAround(
  inputs: readonly string[],
  options: Where,
  io: Io,
  asking: Asking = {},
): Promise<Around> {
  const { chosen = () => true, hazards: given, exclude, look: lookAt = look } = asking
  const selected = selectedBy(options)
  const isIn = notExcluded(exclude)
  const hazards = given ?? ofClusters(chooseHazards(options.only, options.skip))
  const asOf = asOfTime(options)
  const zones = machineZones(io.env.ZONEINFO)
  if (inputs.length === 0 && (asOf !== undefined || options.kubeVersion !== undefined)) {
    throw new UsageError('--as-of and --kube-version are for files; a live cluster has its own time and version')
  }
  if (inputs.length > 0 && options.podMetrics) {
    throw new UsageError(
      '--pod-metrics is for live clusters; of files, give <namespace>_<pod>.prom with what a Pod served',
    )
  }
  const at = asOf ?? io.now()
  const began = io.ticks()
  const settings = settingsFor(hazards, asking, options)
  const common = {
    hazards,
    zones,
    ticks: began,
    now: at,
    chosen: (object: unknown) => selected(object) && isIn(object) && chosen(object),
    ...(settings && { settings }),
  }
  const seen =
    inputs.length > 0
      ? await scanFiles(
          inputs,
          {
            ...common,
            ...(!settings && asking.own && { settings: asking.own }),
            timely: asOf !== undefined,
            version: versionFor(options, io),
            ...(exclude && { excluded: (file) => exclude.file(file) }),
          },
          options,
          io,
          lookAt,
        )
      : await clusters({ ...common, ...(asking.own && { own: asking.own }) }, options, io, lookAt)
  return { toolVersion, at, timeZoneData: zones.data, hazards: idsOf(hazards), ms: io.ticks() - began, ...seen }
}

/** Of those that a caller or a policy's file gives: all that count, so that no cluster's policy is asked; else undefined. */
function settingsFor(
  hazards: readonly Hazard[],
  { settings, own = {} }: Asking,
  { policy: file }: Where,
): Readonly<Record<string, unknown>> | undefined {
  if (settings || file === undefined) return settings
  const policy = policyOfFile(file)
  const unnamed = Object.entries(own).filter(([id]) => policy.hazards[id]?.settings === undefined)
  return { ...settingsBy(policy, hazards), ...Object.fromEntries(unnamed) }
}

function notExcluded(exclude: Asking['exclude']): (object: unknown) => boolean {
  if (!exclude) return () => true
  return (object) => {
    const namespace = (object as { metadata?: { namespace?: unknown } | null } | null)?.metadata?.namespace
    return typeof namespace !== 'string' || !exclude.namespace(namespace)
  }
}

/** Loaded only where a cluster is asked: what it stands on takes longer to load than most files to scan. */
const clusters: typeof import('./scan-clusters.ts').scanClusters = async (...how) =>
  (await import('./scan-clusters.ts')).scanClusters(...how)

/** What files and API servers show; nodes are the agent's. @throws UsageError if nothing is left to ask. */
function ofClusters(chosen: readonly Hazard[]): readonly Hazard[] {
  const asked = chosen.filter(({ manifest, cluster }) => manifest || cluster)
  if (asked.length > 0) return asked
  throw new UsageError(
    chosen.length === 0
      ? '--only and --skip leave no hazard'
      : `${chosen.map(({ id }) => id).join(', ')} is looked for on nodes: roadcrew agent --once`,
  )
}

const idsOf = (hazards: readonly Hazard[]): string[] => hazards.map(({ id }) => id)

function selectedBy({ selector }: Where): (object: unknown) => boolean {
  if (selector === undefined) return () => true
  try {
    const holds = labelSelector(selector)
    return (object) =>
      holds((object as { metadata?: { labels?: Record<string, string> } | null } | null)?.metadata?.labels)
  } catch (error) {
    throw new UsageError(`-l: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function asOfTime({ asOf }: Where): number | undefined {
  if (asOf === undefined) return undefined
  const time = timeOf(asOf)
  if (time === undefined) throw new UsageError(`--as-of: "${asOf}" is no time; expected e.g. 2026-11-23T08:00:00Z`)
  return time
}

function versionFor({ kubeVersion }: Where, io: Io): Version {
  if (kubeVersion === undefined) return oldestSupported(io.now())
  const version = parseVersion(kubeVersion)
  if (!version) throw new UsageError(`--kube-version: "${kubeVersion}" is no release; expected e.g. 1.29`)
  return version
}

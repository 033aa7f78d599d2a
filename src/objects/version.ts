import type { Version } from '../contract/hazard.ts'

/**
 * Reads a release as people and API servers write it: `1.29`, `v1.29.3`, `1.20+`, `v1.27.3-gke.100`.
 * @returns undefined if the text names no release: an unknown version is never taken for an old one.
 */
export function parseVersion(text: string): Version | undefined {
  const match = /^v?(\d+)\.(\d+)/.exec(text.trim())
  return match ? { major: Number(match[1]), minor: Number(match[2]) } : undefined
}

/** Whether the release is known and older than 1.`minor`. */
export function olderThan(version: Version | undefined, minor: number): boolean {
  return version !== undefined && (version.major < 1 || (version.major === 1 && version.minor < minor))
}

/** The oldest of some releases; undefined if there is none, or one of them is not known. */
export function oldest(versions: readonly (Version | undefined)[]): Version | undefined {
  const known = versions.filter((version) => version !== undefined)
  if (known.length < versions.length) return undefined
  return known.toSorted((a, b) => a.major - b.major || a.minor - b.minor)[0]
}

export const versionText = (version: Version): string => `${version.major}.${version.minor}`

// End of life of minor releases, from kubernetes.io/releases; the last one stands for all that came later.
const endOfLife: readonly (readonly [minor: number, date: string])[] = [
  [34, '2026-10-27'],
  [35, '2027-02-28'],
  [36, '2027-06-28'],
  [37, '2027-10-28'],
]

/** The oldest minor release that the Kubernetes project still supports at `now` (ms UTC). */
export function oldestSupported(now: number): Version {
  const minor = endOfLife.find(([, date]) => now <= Date.parse(`${date}T23:59:59Z`))?.[0] ?? endOfLife.at(-1)?.[0] ?? 37
  return { major: 1, minor }
}

import { isInPath } from './in-path.ts'

const debian: readonly (readonly [command: string, name: string])[] = [
  ['containerd', 'containerd'],
  ['ctr', 'containerd'],
  ['runc', 'runc'],
  ['dockerd', 'docker.io'],
  ['busybox', 'busybox-static'],
]

/** @returns what has to be done before the lab can start containers on this machine; undefined if nothing. */
export function runtimePartsHint(env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (process.getuid?.() !== 0) return 'containers need root'
  const missing = debian.filter(([command]) => !isInPath(command, env))
  if (missing.length === 0) return undefined
  const packages = new Set(missing.map(([, name]) => name))
  return `${missing.map(([command]) => command).join(', ')} not in PATH: on Debian install ${[...packages].join(', ')}`
}

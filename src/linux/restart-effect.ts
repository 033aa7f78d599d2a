import type { RuntimeSeen } from './container.ts'

/**
 * What a restart of the runtime's daemon does to its containers, where its configuration proves it. Docker ends them itself unless
 * live-restore is on; the shims of all runtimes are in the daemon's cgroup, which systemd kills too unless KillMode says process or
 * none (containerd.service and docker.service of their own packages do; a drop-in may say otherwise).
 * @param killMode undefined where no unit was found.
 * @param liveRestore Docker's; undefined if it did not say.
 */
export function restartEffect(
  name: string,
  killMode: string | undefined,
  liveRestore: boolean | undefined,
): RuntimeSeen['restart'] {
  const kills = killMode === undefined ? undefined : killMode !== 'process' && killMode !== 'none'
  if (kills || (name === 'docker' && liveRestore === false)) return 'ends-containers'
  const isKept = kills === false && (name !== 'docker' || liveRestore === true)
  return isKept ? 'keeps-containers' : undefined
}

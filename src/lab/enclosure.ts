// A view of the machine for the daemons of one node. A kubelet, a runtime and its network plugins write to fixed paths, turn the
// kernel's settings, mount, and add bridges and rules; in here all of that is the node's own, and the kernel takes it away with
// the last process that lives in it. Only the network is the machine's, since that is where an agent looks for daemons.
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A program and its arguments. */
export type Invocation = readonly [command: string, args: readonly string[]]

/**
 * What a kubelet sets when it starts (pkg/kubelet/cm, setupKernelTunables; dockershim/network/plugins.go), below /proc/sys. They
 * hold for the whole machine: `kernel.panic_on_oops` is one of them.
 */
const settings = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
  'net/bridge/bridge-nf-call-iptables',
  'net/bridge/bridge-nf-call-ip6tables',
]

/** The network to which the bridge and the rules of Pods go instead of the machine's, for nsenter. */
export const podsNetwork = '/run/pods-network'

/** Hidden from those inside: /run is empty, /var is the folder's `var`, and nothing else of the machine is another. */
const hidden = ['/var/', '/run/']

/**
 * Prepares an enclosure in a folder. @returns how to start the first daemon in it: with a /run, a /var and kernel settings of its own.
 * Its process is the daemon itself, by which others come in (see `inside`).
 * @throws Error if the folder itself would be hidden.
 */
export async function makeEnclosure(folder: string): Promise<(invocation: Invocation) => Invocation> {
  refuseHidden(folder, 'the folder for temporary files (TMPDIR)')
  for (const name of ['lib', 'log', 'tmp']) await mkdir(join(folder, 'var', name), { recursive: true })
  await symlink('/run', join(folder, 'var/run'))
  const script = join(folder, 'enclose.sh')
  await writeFile(script, scriptText(folder))
  return ([command, args]) => ['unshare', ['--mount', '--propagation', 'slave', '--', 'sh', script, command, ...args]]
}

/**
 * How to start a daemon among the mounts of another one, by its pid. It does not get CAP_SYS_RESOURCE: a kubelet with it would lower the oom_score_adj of every dockerd of the machine.
 */
export function inside(pid: number, [command, args]: Invocation): Invocation {
  refuseHidden(command, 'this program')
  const capped = ['setpriv', '--bounding-set=-sys_resource', '--', command, ...args]
  return ['nsenter', [`--mount=/proc/${pid}/ns/mnt`, '--', ...capped]]
}

/** Below which folder it is that those inside do not see; undefined if they see it. */
export const hiddenBelow = (path: string): string | undefined => hidden.find((one) => path.startsWith(one))

function refuseHidden(path: string, what: string): void {
  const where = hiddenBelow(path)
  if (where) throw new Error(`${path}: ${what} must not be below ${where}, which a node of the lab has of its own`)
}

/** It becomes the daemon (`exec`), so that the pid stays the same. */
const scriptText = (folder: string): string => `set -eu
copy=${folder}/settings
for setting in ${settings.join(' ')}; do
  [ -e /proc/sys/$setting ] || continue
  mkdir -p "$copy/\${setting%/*}"
  cat /proc/sys/$setting > "$copy/$setting"
  mount --no-mtab --bind "$copy/$setting" /proc/sys/$setting
done
mount --no-mtab -t tmpfs tmpfs /run
mount --no-mtab --bind ${folder}/var /var
: > ${podsNetwork}
unshare --net=${podsNetwork} true
exec "$@"
`

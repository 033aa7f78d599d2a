// Networks of Pods with the plugins of Debian's containernetworking-plugins: a bridge, an address for each Pod, and the rule that
// hides their addresses behind the node's. Bridge and rule are in a network of their own beside the machine's, and go with it.
import { existsSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { podsNetwork } from './enclosure.ts'

/** Where Debian has them. */
const plugins = '/usr/lib/cni'

const used = ['bridge', 'host-local', 'loopback']

/** Whether the plugins are on this machine. */
export const hasPlugins = (): boolean => used.every((name) => existsSync(join(plugins, name)))

const network = {
  cniVersion: '0.4.0',
  name: 'pods',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      ipMasq: true,
      ipam: { type: 'host-local', subnet: '10.245.0.0/24', routes: [{ dst: '0.0.0.0/0' }] },
    },
  ],
}

/**
 * Writes the network's description to a folder, for a containerd in an enclosure.
 * @returns the part of its CRI configuration that names it.
 */
export async function podNetwork(folder: string): Promise<string> {
  const [descriptions, programs] = [join(folder, 'cni'), join(folder, 'cni/bin')]
  await mkdir(programs, { recursive: true })
  await writeFile(join(descriptions, 'pods.conflist'), JSON.stringify(network))
  for (const name of used) {
    const path = join(programs, name)
    await writeFile(path, `#!/bin/sh\nexec nsenter --net=${podsNetwork} ${join(plugins, name)}\n`)
    await chmod(path, 0o755)
  }
  return `
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${programs}"
    conf_dir = "${descriptions}"`
}

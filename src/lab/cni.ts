// Networks of Pods with the plugins of Debian's containernetworking-plugins: a bridge, an address for each Pod, and the rule that
// hides their addresses behind the node's.
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Where Debian has them. */
const plugins = '/usr/lib/cni'

/** Whether the plugins are on this machine. */
export const hasPlugins = (): boolean =>
  ['bridge', 'host-local', 'loopback'].every((name) => existsSync(join(plugins, name)))

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

/** Writes the network's description to a folder. @returns the part of containerd's CRI configuration that names both. */
export async function podNetwork(folder: string): Promise<string> {
  const descriptions = join(folder, 'cni')
  await mkdir(descriptions)
  await writeFile(join(descriptions, 'pods.conflist'), JSON.stringify(network))
  return `
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${plugins}"
    conf_dir = "${descriptions}"`
}

// The demo fleet: three clusters of Farewind, an online travel shop that does not exist.
import { clusterFiles } from './cluster.ts'
import { euLegacy } from './eu-legacy.ts'
import { euWest } from './eu-west.ts'
import { sorted } from './key-order.ts'
import { usEast } from './us-east.ts'

/** All files of the fleet: path below the fleet's folder, with `/`, to text. The same bytes at every call. */
export function fleetFiles(): Map<string, string> {
  const files = new Map<string, string>()
  for (const cluster of [euLegacy, euWest, usEast])
    for (const [name, content] of Object.entries(clusterFiles(cluster)))
      files.set(`${cluster.name}/${name}`, `${JSON.stringify(sorted(content), null, 1)}\n`)
  return files
}

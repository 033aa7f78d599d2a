import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = '/sys/fs/cgroup'

/** Every controller has a tree of its own on v1; a v2 tree is the whole of /sys/fs/cgroup or a folder of it. */
export const cgroupTrees = (): string[] =>
  [root, ...readdirSync(root).map((name) => join(root, name))].filter((path) => existsSync(join(path, 'cgroup.procs')))

/** Makes a cgroup of that name in every tree, which a kubelet wants of the one it is to stay in. */
export function makeCgroups(name: string): void {
  for (const tree of cgroupTrees()) mkdirSync(join(tree, name), { recursive: true })
}

/**
 * Has what is in a cgroup get its turn also where many others want the CPUs, as it would on a node of its own: ten times the weight of
 * another group (v1 `cpu.shares`, 1024 by default; v2 `cpu.weight`, 100).
 */
export function favour(name: string): void {
  const weights = { 'cpu.shares': 10_240, 'cpu.weight': 1000 }
  for (const tree of cgroupTrees()) {
    for (const [file, weight] of Object.entries(weights)) {
      const path = join(tree, name, file)
      if (existsSync(path)) writeFileSync(path, String(weight))
    }
  }
}

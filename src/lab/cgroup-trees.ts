import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const root = '/sys/fs/cgroup'

/** Every controller has a tree of its own on v1; a v2 tree is the whole of /sys/fs/cgroup or a folder of it. */
export const cgroupTrees = (): string[] =>
  [root, ...readdirSync(root).map((name) => join(root, name))].filter((path) => existsSync(join(path, 'cgroup.procs')))

/** Makes a cgroup of that name in every tree, which a kubelet wants of the one it is to stay in. */
export function makeCgroups(name: string): void {
  for (const tree of cgroupTrees()) mkdirSync(join(tree, name), { recursive: true })
}

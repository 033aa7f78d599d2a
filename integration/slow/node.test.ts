// What a node of the lab does to the machine it runs on: nothing that stays, and nothing to what is not its own.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cgroupTrees } from '../../src/lab/cgroup-trees.ts'
import { startNode } from '../../src/lab/kubelet.ts'
import { type Lab, startLab } from '../../src/lab/lab.ts'
import { nodeOrSkip } from './require-node.ts'
import { createNamespace, runPods } from './workload.ts'

/** Where a kubelet, its runtime and its network plugins write, whatever they are told. */
const fixedPlaces = ['/var/lib/kubelet', '/var/lib/dockershim', '/var/lib/cni', '/var/log/pods', '/var/log/containers']

const settings = ['vm/overcommit_memory', 'kernel/panic', 'kernel/panic_on_oops']

const said = (command: string, ...args: string[]): string => spawnSync(command, args, { encoding: 'utf8' }).stdout

describe.skipIf(nodeOrSkip())('a node of the lab', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await startLab(new AbortController().signal)
    await createNamespace(lab)
  })
  afterAll(() => lab?.stop())

  it.each(['docker', 'containerd'] as const)(
    'with %s runs Pods, keeps to itself meanwhile and leaves nothing',
    async (runtime) => {
      const traces = () => ({
        settings: settings.map((name) => readFileSync(`/proc/sys/${name}`, 'utf8')),
        rules: said('iptables-save', '-t', 'nat')
          .split('\n')
          .filter((line) => line.startsWith('-A')),
        links: readdirSync('/sys/class/net'),
        places: fixedPlaces.filter((path) => existsSync(path)),
      })
      const before = traces()
      const node = await startNode(lab, { name: `with-${runtime}`, runtime })
      const folder = dirname(node.socket)
      const name = folder.slice(tmpdir().length + 1)
      try {
        const [pod] = await runPods(lab, node, 2)
        expect(readFileSync(`/proc/${pod?.container.pid}/cgroup`, 'utf8')).toContain(`/${name}/kubepods/`)
        expect(traces()).toEqual(before)
      } finally {
        await node.stop()
      }
      expect(traces()).toEqual(before)
      expect(said('ps', '-eo', 'args')).not.toContain(folder)
      expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(folder)
      expect(readdirSync(tmpdir())).not.toContain(name)
      expect(cgroupTrees().flatMap((tree) => readdirSync(tree))).not.toContain(name)
    },
    240_000,
  )
})

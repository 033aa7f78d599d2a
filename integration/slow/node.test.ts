// What a node of the lab does to the machine it runs on: nothing that stays, and nothing to what is not its own.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { cgroupTrees } from '../../src/lab/cgroup-trees.ts'
import { startNode } from '../../src/lab/kubelet.ts'
import { type Lab, startLab } from '../../src/lab/lab.ts'
import { nodeOrSkip } from './require-node.ts'
import { createNamespace, runPods } from './workload.ts'

/** Where a kubelet, its runtime and its network plugins write, whatever they are told. */
const fixedPlaces = ['/var/lib/kubelet', '/var/lib/dockershim', '/var/lib/cni', '/var/log/pods', '/var/log/containers']

const settings = ['vm/overcommit_memory', 'kernel/panic', 'kernel/panic_on_oops']

const said = (command: string, ...args: string[]): string => spawnSync(command, args, { encoding: 'utf8' }).stdout

/** What a node must not change of its machine, now and afterwards. */
const traces = () => ({
  settings: settings.map((name) => readFileSync(`/proc/sys/${name}`, 'utf8')),
  rules: said('iptables-save', '-t', 'nat')
    .split('\n')
    .filter((line) => line.startsWith('-A')),
  links: readdirSync('/sys/class/net'),
  places: fixedPlaces.filter((path) => existsSync(path)),
})

/** No process, mount, cgroup or file of a node whose daemons stand on that folder. */
function expectNothingOf(folder: string): void {
  expect(basename(folder)).toMatch(/^roadcrew-containerd-/)
  expect(said('ps', '-eo', 'args')).not.toContain(folder)
  expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(folder)
  expect(existsSync(folder)).toBe(false)
  expect(cgroupTrees().filter((tree) => existsSync(join(tree, basename(folder))))).toEqual([])
}

describe.skipIf(nodeOrSkip())('a node of the lab', () => {
  let lab: Lab
  let own = ''
  beforeAll(async () => {
    lab = await startLab(new AbortController().signal)
    await createNamespace(lab)
  })
  beforeEach(() => {
    own = mkdtempSync(join(tmpdir(), 'roadcrew-node-'))
    vi.stubEnv('TMPDIR', own)
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(own, { recursive: true })
  })
  afterAll(() => lab?.stop())

  it.each(['docker', 'containerd'] as const)(
    'with %s runs Pods, keeps to itself meanwhile and leaves nothing',
    async (runtime) => {
      const before = traces()
      const node = await startNode(lab, { name: `with-${runtime}`, runtime })
      const folder = dirname(node.socket)
      try {
        const [pod] = await runPods(lab, node, 2)
        expect(readFileSync(`/proc/${pod?.container.pid}/cgroup`, 'utf8')).toContain(`/${basename(folder)}/kubepods/`)
        expect(traces()).toEqual(before)
      } finally {
        await node.stop()
      }
      expect(traces()).toEqual(before)
      expectNothingOf(folder)
    },
    240_000,
  )

  it('whose kubelet ends at once says so with the end of its log, and leaves nothing', async () => {
    const assets = join(own, 'assets')
    const seen = join(own, 'arguments')
    mkdirSync(assets)
    const script = `#!/bin/sh\necho "$@" > ${seen}\necho "no such flag" >&2\nexit 3\n`
    writeFileSync(join(assets, 'kubelet'), script)
    chmodSync(join(assets, 'kubelet'), 0o755)
    vi.stubEnv('KUBEBUILDER_ASSETS', assets)
    await expect(startNode(lab, { name: 'broken', runtime: 'docker' })).rejects.toThrow(
      /kubelet ended with 3; its log ends with:\nno such flag/,
    )
    expectNothingOf(/--root-dir=(\S+)\/kubelet /.exec(readFileSync(seen, 'utf8'))?.[1] ?? '')
  })

  it('that is stopped at its start leaves nothing', async () => {
    const abort = new AbortController()
    const starting = startNode(lab, { name: 'stopped', runtime: 'containerd', signal: abort.signal })
    let folder = ''
    setTimeout(() => {
      folder = join(own, readdirSync(own)[0] ?? '')
      abort.abort()
    }, 4000)
    await expect(starting).rejects.toThrow()
    expectNothingOf(folder)
  })
})

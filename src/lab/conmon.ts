// A container under a real conmon, as CRI-O starts them: the half of CRI-O that is in Debian.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { readProcess } from '../node/processes.ts'
import { rootFileSystem } from './busybox.ts'
import { command } from './command.ts'
import type { LabContainer } from './containerd.ts'
import { removeLeftovers } from './leftovers.ts'
import { pause } from './pause.ts'

export interface ConmonContainer extends LabContainer {
  /** Where conmon writes how the container ended, which is all that CRI-O hears of it. */
  readonly exitFile: string
}

export interface LabConmon {
  /** The first folder of the paths of all cgroups of its containers. */
  readonly cgroup: string
  /** Runs busybox in a container. @param name as the kubelet's names are: `k8s_<container>_<pod>_<namespace>_<uid>_<attempt>`. */
  run(name: string, args?: readonly string[]): Promise<ConmonContainer>
  /** Ends every conmon and container of it, and removes mounts, cgroups and files. */
  stop(): Promise<void>
}

/** The part of an OCI bundle's config.json that is changed. */
interface Spec {
  readonly process: object
  readonly linux: object
}

/** @returns what has to be done before this lab can start beside what containers need; undefined if nothing. */
export const conmonHint = (): string | undefined =>
  spawnSync('conmon', ['--version']).error ? 'conmon not in PATH: on Debian install conmon' : undefined

/** Makes a root file system for containers of runc; needs root, conmon, runc and a static busybox. */
export async function startConmonLab(): Promise<LabConmon> {
  const folder = await mkdtemp(join(tmpdir(), 'roadcrew-conmon-'))
  const cgroup = basename(folder)
  const root = join(folder, 'runc')
  const runc = (await command('sh', ['-c', 'command -v runc'])).trim() // conmon takes no name without a path
  const conmons: { readonly pid: number; readonly startTicks: number }[] = []
  const clean = (): void => {
    for (const { pid, startTicks } of conmons)
      if (readProcess('/proc', pid)?.startTicks === startTicks) process.kill(pid, 'SIGKILL')
    removeLeftovers(folder, cgroup, [])
  }
  process.on('exit', clean)
  await rootFileSystem(folder)
  for (const name of ['exits', 'attach']) await mkdir(join(folder, name))
  return {
    cgroup,
    async run(name, args = ['sleep', '86400']) {
      const id = randomBytes(32).toString('hex')
      const bundle = join(folder, id)
      await mkdir(bundle)
      await cp(join(folder, 'rootfs'), join(bundle, 'rootfs'), { recursive: true, verbatimSymlinks: true })
      await command('runc', ['spec', '--bundle', bundle])
      const config = join(bundle, 'config.json')
      const spec = JSON.parse(await readFile(config, 'utf8')) as Spec
      // The cgroup's name is that of CRI-O with the cgroupfs driver.
      const wanted = {
        ...spec,
        process: { ...spec.process, terminal: false, args },
        linux: { ...spec.linux, cgroupsPath: `/${cgroup}/crio-${id}` },
      }
      await writeFile(config, JSON.stringify(wanted))
      await command('conmon', conmonArgs(folder, bundle, { id, name, runc, root }))
      const shim = await numberIn(join(bundle, 'conmon-pidfile'))
      conmons.push({ pid: shim, startTicks: readProcess('/proc', shim)?.startTicks ?? 0 })
      // Its pipe would tell CRI-O; this file is the last thing that runc writes of a new container.
      const pid = await numberIn(join(bundle, 'pidfile'))
      await command('runc', ['--root', root, 'start', id])
      return { id, pid, shim, exitFile: join(folder, 'exits', id) }
    },
    async stop() {
      process.off('exit', clean)
      clean()
    },
  }
}

/** In the order and the words of CRI-O's internal/oci/runtime_oci.go, CreateContainer. It returns before the container is made. */
const conmonArgs = (
  folder: string,
  bundle: string,
  {
    id,
    name,
    runc,
    root,
  }: { readonly id: string; readonly name: string; readonly runc: string; readonly root: string },
): string[] => [
  ...['-b', bundle, '-c', id, '--exit-dir', join(folder, 'exits'), '-l', join(bundle, 'log'), '--log-level', 'info'],
  ...['-n', name, '-P', join(bundle, 'conmon-pidfile'), '-p', join(bundle, 'pidfile'), '--persist-dir', bundle],
  ...['-r', runc, '--runtime-arg', `--root=${root}`, '--socket-dir-path', join(folder, 'attach'), '-u', id],
]

/** The number in a file, as soon as there is one. @throws Error if there is none after 10 s. */
async function numberIn(file: string): Promise<number> {
  for (const until = Date.now() + 10_000; Date.now() < until; await pause(10)) {
    const number = existsSync(file) ? Number(await readFile(file, 'utf8')) : 0
    if (number > 0) return number
  }
  throw new Error(`no number in "${file}" after 10 s`)
}

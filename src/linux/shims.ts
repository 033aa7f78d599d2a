// The processes between a runtime and its containers. Each is known by the program's name and the option that holds the
// id, never by a line that holds the id somewhere: grep, docker inspect and containerd itself hold it too.

import type { Process } from './process.ts'

export type ShimKind =
  | 'docker-containerd-shim'
  | 'containerd-shim'
  | 'containerd-shim-runc-v1'
  | 'containerd-shim-runc-v2'
  | 'containerd-shim-kata-v2'
  | 'containerd-shim-runsc-v1'
  | 'conmon'

/** From the name that the kubelet gives to a container: `k8s_<container>_<pod>_<namespace>_<uid>_<attempt>`. */
export interface ShimPod {
  readonly namespace: string
  readonly name: string
  /** Of a static Pod it is a hash of 32 hexadecimal digits. */
  readonly uid: string
  /** Undefined for the sandbox. */
  readonly container?: string
  readonly attempt: number
}

export interface Shim {
  readonly kind: ShimKind
  /** 64 hexadecimal digits, of the container, or of the Pod's sandbox if it serves a Pod. */
  readonly id: string
  /** The namespace of containerd: `moby`, `k8s.io`. */
  readonly namespace?: string
  readonly pod?: ShimPod
  /** The file in which the pid of the container's first process stands. */
  readonly pidFile?: string
  /** Whether all containers of a Pod hang on it, so that they all end with it. */
  readonly servesPod: boolean
  /** False where the container's processes are none of this machine's, since a kernel of their own runs them. */
  readonly killable: boolean
}

export interface ShimOfContainer {
  readonly process: Process
  readonly shim: Shim
  /** Its children that are not over. Of several shims of one container, those without any are leftovers. */
  readonly children: readonly Process[]
}

const ID = /^[0-9a-f]{64}$/

type Options = ReadonlyMap<string, string>
type Parts = Omit<Shim, 'kind'>

const READERS: Readonly<Record<ShimKind, (command: readonly string[]) => Parts | undefined>> = {
  'docker-containerd-shim': (command) => firstGeneration(command),
  'containerd-shim': (command) => firstGeneration(command),
  // One for each container, in Kubernetes too; its successor serves a Pod.
  'containerd-shim-runc-v1': (command) => secondGeneration(command, { perPod: false, killable: true }),
  'containerd-shim-runc-v2': (command) => secondGeneration(command, { perPod: true, killable: true }),
  'containerd-shim-kata-v2': (command) => secondGeneration(command, { perPod: true, killable: false }),
  'containerd-shim-runsc-v1': (command) => secondGeneration(command, { perPod: true, killable: false }),
  conmon: (command) => conmon(command),
}

const isKind = (name: string): name is ShimKind => Object.hasOwn(READERS, name)

/** The kernel keeps 15 characters of a name. */
const SHORT_NAMES: ReadonlySet<string> = new Set(Object.keys(READERS).map((kind) => kind.slice(0, 15)))

/** Whether a process may be a shim by its name alone. */
export const mayBeShim = (name: string): boolean => SHORT_NAMES.has(name)

/**
 * What a process is the shim of, by its command line. Undefined for everything else, also for what the same programs do
 * in passing: the calls `start` and `delete` of a containerd shim, and a conmon that serves an exec.
 */
export function shimOf({ command }: Pick<Process, 'command'>): Shim | undefined {
  const kind = command[0]?.split('/').at(-1) ?? ''
  if (!isKind(kind)) return undefined
  const parts = READERS[kind](command)
  return parts && ID.test(parts.id) ? { kind, ...parts } : undefined
}

/**
 * All shims of a container: those of its own id, and those that serve its Pod, with `sandboxId` as their id. There may
 * be leftovers among them; see `children`. `shimsOf`: those with an id of their own, as the process tree knows them.
 */
export function shimsFor(
  containerId: string,
  sandboxId: string | undefined,
  { shimsOf }: { shimsOf(id: string): readonly ShimOfContainer[] },
): ShimOfContainer[] {
  const ofPod = sandboxId === undefined || sandboxId === containerId ? [] : shimsOf(sandboxId)
  const all = [...shimsOf(containerId), ...ofPod.filter(({ shim }) => shim.servesPod)]
  return all.toSorted((a, b) => a.process.pid - b.process.pid)
}

/** `-workdir <folders>/<namespace>/<id>`, or in the oldest syntax `<id> <folder> <runtime>` without any option. */
function firstGeneration(command: readonly string[]): Parts | undefined {
  const { options } = goFlags(command)
  const workdir = options.get('workdir')
  const id = workdir === undefined ? command[1] : workdir.replace(/\/+$/, '').split('/').at(-1)
  const namespace = options.get('namespace')
  if (id === undefined) return undefined
  return { id, ...(namespace !== undefined && { namespace }), servesPod: false, killable: true }
}

/** `-namespace <namespace> -id <id> -address <socket>`. In `k8s.io` it is the sandbox's, in `moby` the container's. */
function secondGeneration(
  command: readonly string[],
  { perPod, killable }: { readonly perPod: boolean; readonly killable: boolean },
): Parts | undefined {
  const { options, action } = goFlags(command)
  const id = options.get('id')
  const namespace = options.get('namespace')
  // `start` and `delete` are short calls next to the shim that stays.
  if (id === undefined || namespace === undefined || action !== undefined) return undefined
  return { id, namespace, servesPod: perPod && namespace === 'k8s.io', killable }
}

/** `-c <id>` or `-u <id>`, `-n <name>`, `-p <file>`; `-e` marks one that serves an exec in the container. */
function conmon(command: readonly string[]): Parts | undefined {
  const options = conmonOptions(command)
  const first = (...names: readonly string[]): string | undefined =>
    names.map((name) => options.get(name)).find((value) => value !== undefined)
  if (first('e', 'exec', 'exec-attach') !== undefined) return undefined
  const id = first('c', 'cid', 'u', 'cuuid')
  const pod = podOf(first('n', 'name') ?? '')
  const pidFile = first('p', 'container-pidfile', 'pidfile')
  if (id === undefined) return undefined
  return { id, ...(pod && { pod }), ...(pidFile !== undefined && { pidFile }), servesPod: false, killable: true }
}

/** None of the parts may hold an underscore, since all are names of Kubernetes. */
function podOf(name: string): ShimPod | undefined {
  const match = /^k8s_([^_]+)_([^_]+)_([^_]+)_([^_]+)_(\d+)$/.exec(name)
  if (!match) return undefined
  const [, container = '', pod = '', namespace = '', uid = '', attempt = ''] = match
  return { namespace, name: pod, uid, ...(container !== 'POD' && { container }), attempt: Number(attempt) }
}

const GO_SWITCHES: ReadonlySet<string> = new Set(['debug', 'systemd-cgroup', 'v', 'version', 'info'])

/** As Go's package flag reads them: one dash or two, `-name value` or `-name=value`, up to the first other word. */
function goFlags(command: readonly string[]): { readonly options: Options; readonly action?: string } {
  const options = new Map<string, string>()
  for (let at = 1; at < command.length; at++) {
    const word = command[at] ?? ''
    const match = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(word)
    if (!match) return { options, action: word }
    const [, name = '', value] = match
    const isSwitch = GO_SWITCHES.has(name) || (command[at + 1] ?? '-').startsWith('-')
    if (value !== undefined || isSwitch) options.set(name, value ?? '')
    else options.set(name, command[++at] ?? '')
  }
  return { options }
}

/** Options of conmon that take no value (its src/cli.c). */
const CONMON_SWITCHES: ReadonlySet<string> = new Set([
  ...['t', 'terminal', 'i', 'stdin', 'leave-stdin-open', 'exec-attach', 'no-new-keyring', 'no-pivot'],
  ...['replace-listen-pid', 's', 'systemd-cgroup', 'e', 'exec', 'version', 'syslog', 'no-sync-log', 'sync'],
  ...['full-attach', 'no-container-partial-message'],
])

/** As GLib reads them: `-c id`, `-cid`, `--cid id`, `--cid=id`; of one given twice the last counts. */
function conmonOptions(command: readonly string[]): Options {
  const options = new Map<string, string>()
  for (let at = 1; at < command.length; at++) {
    const word = command[at] ?? ''
    if (word === '--') break
    const match = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? /^-([a-zA-Z0])(.+)?$/s.exec(word)
    if (!match) continue
    const [, name = '', value] = match
    if (value !== undefined || CONMON_SWITCHES.has(name)) options.set(name, value ?? '')
    else options.set(name, takesNext(name, command[at + 1]) ? (command[++at] ?? '') : '')
  }
  return options
}

/** An unknown option before another one is a switch; what is passed on (`--runtime-arg --root=/x`) may have a dash. */
const takesNext = (name: string, next: string | undefined): boolean =>
  next !== undefined && (!next.startsWith('-') || /-(?:arg|opt)$/.test(name))

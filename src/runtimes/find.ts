import { lstatSync, readlinkSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { containerdRuntime } from './containerd.ts'
import { criCalls, criFiles } from './cri.ts'
import { crioRuntime } from './cri-o.ts'
import { dockerRuntime } from './docker.ts'
import { grpcCaller } from './grpc.ts'
import type { Runtime } from './runtime.ts'

export interface Found {
  readonly socket: string
  /** As it says itself; as its path says where it says nothing; undefined where both don't tell. */
  readonly name: Runtime['name'] | undefined
  /** Why it did not say itself what it is. */
  readonly because?: string
}

/** Where runtimes and distributions put their sockets, relative to the node's root. */
const usualSockets: readonly (readonly [path: string, name: Runtime['name']])[] = [
  ['run/containerd/containerd.sock', 'containerd'],
  ['run/k3s/containerd/containerd.sock', 'containerd'], // RKE2 too
  ['run/k0s/containerd.sock', 'containerd'],
  ['var/snap/microk8s/common/run/containerd.sock', 'containerd'],
  ['run/docker/containerd/containerd.sock', 'containerd'], // where dockerd starts its own
  ['var/run/docker.sock', 'docker'],
  ['run/docker.sock', 'docker'],
  ['var/run/crio/crio.sock', 'cri-o'],
  ['run/crio/crio.sock', 'cri-o'],
]

/**
 * Looks for runtimes' sockets and asks each what it is.
 * @param where a folder that is the node's root, or one socket, which need not exist.
 * @param limitMs how long to wait for each answer; a socket is asked at most four times.
 */
export async function findRuntimes(
  where: { readonly root: string } | { readonly socket: string },
  limitMs: number,
): Promise<Found[]> {
  if ('socket' in where) {
    const name = usualSockets.find(([path]) => where.socket.endsWith(`/${path}`))?.[1]
    return [await identify(where.socket, name, limitMs)]
  }
  const sockets = new Map<string, Runtime['name']>()
  for (const [path, name] of usualSockets) {
    const socket = socketBelow(where.root, path)
    if (socket !== undefined && !sockets.has(socket)) sockets.set(socket, name)
  }
  return Promise.all([...sockets].map(([socket, name]) => identify(socket, name, limitMs)))
}

const openers: Readonly<Record<Runtime['name'], (socket: string) => Runtime>> = {
  docker: dockerRuntime,
  containerd: containerdRuntime,
  'cri-o': crioRuntime,
}

/** @returns undefined for what did not say what it is. */
export const openRuntime = ({ socket, name }: Found): Runtime | undefined => name && openers[name](socket)

/** Asks in the language that the path suggests first: what is asked in a foreign one is an error in the daemon's log. */
async function identify(socket: string, expected: Runtime['name'] | undefined, limitMs: number): Promise<Found> {
  const order = expected === 'docker' ? [sayDocker, sayGrpc] : [sayGrpc, sayDocker]
  let because: string | undefined
  for (const say of order) {
    const said = await say(socket, limitMs)
    if ('name' in said) return { socket, name: said.name }
    because ??= said.because
  }
  return { socket, name: expected, ...(because !== undefined && { because }) }
}

type Said = { readonly name: Runtime['name'] } | { readonly because: string }

async function sayDocker(socket: string, limitMs: number): Promise<Said> {
  const runtime = dockerRuntime(socket)
  try {
    const answer = await runtime.answers(limitMs)
    return 'because' in answer ? answer : { name: 'docker' }
  } finally {
    await runtime.close()
  }
}

/** CRI tells whose it is, but containerd may serve without its CRI plugin. */
async function sayGrpc(socket: string, limitMs: number): Promise<Said> {
  const caller = grpcCaller(socket, ['version.proto', ...criFiles])
  const until = Date.now() + limitMs
  try {
    const version = await caller.call('containerd.services.version.v1.Version.Version', {}, until)
    if ('value' in version) return { name: 'containerd' }
    const cri = await criCalls(caller)<{ runtimeName: string }>('Version', {}, until)
    if ('failure' in cri) return { because: `${socket}: ${version.failure.because}` }
    const { runtimeName: name } = cri.value
    return name === 'cri-o' || name === 'containerd' ? { name } : { because: `${socket}: it is ${name}` }
  } finally {
    caller.close()
  }
}

/**
 * Links are followed as they are meant: an absolute one starts at the given root. A node's /var/run is mostly a link to
 * /run, which seen from a container is the container's own.
 * @returns the path without links if there is a socket.
 */
function socketBelow(root: string, path: string): string | undefined {
  const ahead = path.split('/')
  let at = root
  for (let steps = 0; ahead.length > 0; steps++) {
    const name = ahead.shift() ?? ''
    const next = name === '..' && at === root ? root : join(at, name)
    const stat = statOf(next)
    if (!stat || steps > 40) return undefined // 40 is the kernel's own limit of links
    if (stat.isSymbolicLink()) {
      const target = readlinkSync(next)
      if (isAbsolute(target)) at = root
      ahead.unshift(...target.split('/').filter((part) => part !== '' && part !== '.'))
    } else {
      at = next
    }
    if (ahead.length === 0) return stat.isSocket() ? at : undefined
  }
  return undefined
}

function statOf(path: string) {
  try {
    return lstatSync(path)
  } catch {
    return undefined
  }
}

import { type Dirent, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import {
  type CgroupAnswer,
  type CgroupLayout,
  cgroupLayout,
  containerOf,
  type Freezer,
  parseCgroupEvents,
  parseFreezerState,
  parseMembers,
} from '../linux/cgroups.ts'
import { readProc, textOf, type Unread, unread } from './proc-files.ts'

export interface ContainerCgroups {
  /** What the cgroup of a container (64 hexadecimal digits) says now. */
  read(containerId: string): CgroupAnswer
}

/** Deeper than any: a Pod's container is at 4, one in a node that is a container itself at 9. */
const DEEPEST = 16

/** Of v1, in this order: the freezer tells most; the others only who is in it. */
const HIERARCHIES = ['freezer', 'pids', 'memory', 'systemd']

/**
 * The layout of a node's cgroups, from the mount table of its first process below a proc root, or the reader's own
 * where that is not readable. Undefined if there is none.
 */
export function readCgroupLayout(procRoot: string): CgroupLayout | undefined {
  const tables = ['1', 'self'].map((pid) => readProc(join(procRoot, pid, 'mountinfo')))
  return cgroupLayout(textOf(tables.find((table) => typeof table === 'string') ?? ''))
}

/**
 * The cgroups of all containers below a cgroup root (`/sys/fs/cgroup`, or the host's where it is mounted), found by their
 * names in one walk: paths in /proc are as the reader's cgroup namespace sees them, and the dead have none. Never throws
 * for what is not readable: then no container's cgroup is `gone`.
 */
export function containerCgroups(root: string, layout: CgroupLayout): ContainerCgroups {
  // Where nobody asks, nothing is read: on most nodes, in most rounds.
  let trees: readonly Tree[] | undefined
  return {
    read(containerId) {
      trees ??= treesOf(root, layout)
      return joined(trees.map((tree) => readIn(tree, containerId)))
    },
  }
}

function treesOf(root: string, layout: CgroupLayout): Tree[] {
  if (layout === 'v2') return [walk(root, 'v2')]
  const old = walk(oldHierarchy(root), 'v1')
  return layout === 'hybrid' ? [old, walk(join(root, 'unified'), 'v2')] : [old]
}

const oldHierarchy = (root: string): string => {
  const folders = HIERARCHIES.map((name) => join(root, name))
  return folders.find((folder) => !('code' in foldersOf(folder))) ?? join(root, 'freezer')
}

interface Tree {
  readonly version: 'v1' | 'v2'
  /** Folders by the container whose name they bear. */
  readonly folders: ReadonlyMap<string, readonly string[]>
  /** The first folder that could not be listed, and why. */
  readonly problem?: string
}

function walk(top: string, version: 'v1' | 'v2'): Tree {
  const folders = new Map<string, string[]>()
  let problem: string | undefined
  const enter = (folder: string, depth: number): void => {
    const children = foldersOf(folder)
    if ('code' in children) {
      // Below the top a cgroup may be removed at any time.
      if (depth === 0 || !children.vanished) problem ??= `cannot read "${folder}": ${children.code}`
      return
    }
    for (const name of children) {
      const path = join(folder, name)
      const id = containerOf(name)
      if (id !== undefined) folders.set(id, [...(folders.get(id) ?? []), path])
      if (depth < DEEPEST) enter(path, depth + 1)
    }
  }
  enter(top, 0)
  return { version, folders, ...(problem !== undefined && { problem }) }
}

function foldersOf(folder: string): string[] | Unread {
  try {
    // A folder has two links, and one more for each in it (or always one, where a file system does not count). A cgroup has some
    // thirty files to be listed, and most have no folder.
    if (statSync(folder).nlink === 2) return []
    const entries: Dirent[] = readdirSync(folder, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  } catch (error) {
    return unread(error)
  }
}

function readIn({ version, folders, problem }: Tree, id: string): CgroupAnswer {
  const answers = (folders.get(id) ?? []).map((folder) => (version === 'v2' ? readNew(folder) : readOld(folder)))
  const nowhere: CgroupAnswer = problem === undefined ? { answer: 'gone' } : { answer: 'unread', because: problem }
  return joined(answers.length === 0 ? [nowhere] : answers)
}

/** Of several places, all have to be read to say that nothing lives; one is enough to say that something does. */
function joined(answers: readonly CgroupAnswer[]): CgroupAnswer {
  const told = answers.filter((one) => one.answer === 'told')
  const populated = told.some((one) => one.populated)
  const problem = answers.find((one) => one.answer === 'unread')
  if (problem && !populated) return problem
  if (told.length === 0) return { answer: 'gone' }
  const freezers = told.flatMap(({ freezer }) => freezer ?? [])
  const freezer = (['frozen', 'freezing', 'thawed'] as const).find((state) => freezers.includes(state))
  const members = [...new Set(told.flatMap((one) => one.members))].sort((a, b) => a - b)
  return { answer: 'told', populated, members, ...(freezer && { freezer }) }
}

function readNew(folder: string): CgroupAnswer {
  const text = readProc(join(folder, 'cgroup.events'))
  if (typeof text !== 'string') return notTold(join(folder, 'cgroup.events'), text)
  const { populated, frozen } = parseCgroupEvents(text)
  if (populated === undefined) return { answer: 'unread', because: `no "populated" in "${folder}/cgroup.events"` }
  const members = listed(folder, 'cgroup.procs')
  if (!Array.isArray(members)) return members
  return { answer: 'told', populated, members, ...(frozen !== undefined && { freezer: newFreezer(folder, frozen) }) }
}

/** `frozen 0` while it is to freeze: something of it is in a wait that can't be left. */
function newFreezer(folder: string, frozen: boolean): Freezer {
  if (frozen) return 'frozen'
  return textOf(readProc(join(folder, 'cgroup.freeze'))).trim() === '1' ? 'freezing' : 'thawed'
}

function readOld(folder: string): CgroupAnswer {
  const threads = listed(folder, 'tasks')
  if (!Array.isArray(threads)) return threads
  const members = listed(folder, 'cgroup.procs')
  if (!Array.isArray(members)) return members
  const freezer = parseFreezerState(textOf(readProc(join(folder, 'freezer.state'))))
  return { answer: 'told', populated: threads.length > 0, members, ...(freezer && { freezer }) }
}

/** The numbers in a file of a cgroup and of those below it, or why they could not be read. */
function listed(folder: string, name: string, depth = 0): number[] | CgroupAnswer {
  const text = readProc(join(folder, name))
  const below = foldersOf(folder)
  // A threaded cgroup of v2 refuses its processes (EOPNOTSUPP, or ENOTSUP): the cgroup above lists them.
  const refused = typeof text !== 'string' && /^E(?:OPNOTSUPP|NOTSUP)$/.test(text.code)
  if (typeof text !== 'string' && !refused) return notTold(join(folder, name), text)
  if ('code' in below) return notTold(folder, below)
  const numbers = parseMembers(textOf(text))
  for (const child of depth < DEEPEST ? below : []) {
    const more = listed(join(folder, child), name, depth + 1)
    if (Array.isArray(more)) numbers.push(...more)
    else if (more.answer === 'unread') return more
  }
  return numbers
}

const notTold = (path: string, { code, vanished }: Unread): CgroupAnswer =>
  // A cgroup that is removed while it is read gives ENODEV for its open files.
  vanished || code === 'ENODEV' ? { answer: 'gone' } : { answer: 'unread', because: `cannot read "${path}": ${code}` }

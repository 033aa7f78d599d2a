// kubeconfig files as kubectl reads them:
// https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
import { readFile } from 'node:fs/promises'
import { delimiter, dirname, isAbsolute, join } from 'node:path'
import { parse } from 'yaml'
import { type Credentials, credentialsOf, type Entry } from './credentials.ts'
import { inCluster } from './in-cluster.ts'

export interface Where {
  /** What --kubeconfig gave: this file alone, and it must exist. */
  readonly path?: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
}

/** One cluster as one user sees it. */
export interface Target {
  /** The context's name. */
  readonly name: string
  readonly server: string
  readonly proxy: string | undefined
  /** What the kubeconfig calls its user; the API server may know it by another name. */
  readonly user?: string
  /** Of its context, for what is named without one. */
  readonly namespace?: string
  /** Asks plugins and reads token files anew at every call. */
  credentials(): Promise<Credentials>
}

export interface Kubeconfig {
  readonly contexts: readonly string[]
  readonly current: string | undefined
  /** @throws Error if there is no such context, or what it names is not there. */
  target(context: string): Target
}

interface Merged {
  readonly clusters: Map<string, Entry>
  readonly users: Map<string, Entry>
  readonly contexts: Map<string, Entry>
  current: string | undefined
}

/**
 * Reads --kubeconfig, else the files of $KUBECONFIG (the first to name a thing wins; missing ones are passed over), else
 * ~/.kube/config, else the service account of the pod it runs in.
 * @throws Error naming the file that can't be read, or where was looked.
 */
export async function loadKubeconfig(where: Where): Promise<Kubeconfig> {
  const merged: Merged = { clusters: new Map(), users: new Map(), contexts: new Map(), current: undefined }
  const files = filesOf(where)
  let read = 0
  for (const file of files) {
    const text = await textOf(file, where.path !== undefined)
    if (text === undefined) continue
    read++
    merge(merged, file, text)
  }
  if (read === 0) {
    const pod = where.path === undefined ? inCluster(where.env) : undefined
    if (pod) return pod
    throw new Error(
      `found no kubeconfig (looked for ${files.join(', ')}); --kubeconfig names one, or give files to scan`,
    )
  }
  const contexts = [...merged.contexts.keys()]
  return { contexts, current: merged.current, target: (context) => targetOf(merged, context, files) }
}

function filesOf({ path, env, home }: Where): readonly string[] {
  if (path !== undefined) return [path]
  const listed = (env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '')
  return listed.length > 0 ? listed : [join(home, '.kube', 'config')]
}

async function textOf(file: string, mustExist: boolean): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && !mustExist) return undefined
    throw new Error(`cannot read kubeconfig "${file}": ${code === 'ENOENT' ? 'there is no such file' : message}`)
  }
}

const isEntry = (value: unknown): value is Entry => typeof value === 'object' && value !== null && !Array.isArray(value)

const lists = [
  ['clusters', 'cluster'],
  ['users', 'user'],
  ['contexts', 'context'],
] as const

function entriesOf(config: Entry, list: string, inner: string, file: string): (readonly [string, Entry])[] {
  const entries = config[list] ?? []
  if (!Array.isArray(entries)) throw new Error(`cannot read kubeconfig "${file}": ${list} must be a list`)
  return entries.map((entry: unknown) => {
    if (!isEntry(entry) || typeof entry.name !== 'string') {
      throw new Error(`cannot read kubeconfig "${file}": an entry of ${list} has no name`)
    }
    return [entry.name, isEntry(entry[inner]) ? entry[inner] : {}] as const
  })
}

function merge(merged: Merged, file: string, text: string): void {
  const config = parsed(file, text)
  if (config === undefined) return // an empty file is an empty config
  for (const [list, inner] of lists) {
    for (const [name, entry] of entriesOf(config, list, inner, file)) {
      if (!merged[list].has(name)) merged[list].set(name, absolutePaths(entry, dirname(file)))
    }
  }
  const current = config['current-context']
  if (typeof current === 'string' && current !== '') merged.current ??= current
}

function parsed(file: string, text: string): Entry | undefined {
  let config: unknown
  try {
    config = parse(text)
  } catch (error) {
    throw new Error(`cannot read kubeconfig "${file}": ${error instanceof Error ? error.message : String(error)}`)
  }
  if (config === null || config === undefined) return undefined
  if (!isEntry(config)) throw new Error(`cannot read kubeconfig "${file}": expected clusters, users and contexts`)
  return config
}

const pathFields = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile']

/** Paths are relative to the file they stand in; so is an exec command with a slash. */
function absolutePaths(entry: Entry, folder: string): Entry {
  const absolute = (path: unknown): unknown =>
    typeof path === 'string' && path !== '' && !isAbsolute(path) ? join(folder, path) : path
  const paths = pathFields.filter((field) => field in entry).map((field) => [field, absolute(entry[field])])
  const exec = isEntry(entry.exec) ? entry.exec : undefined
  const command =
    typeof exec?.command === 'string' && exec.command.includes('/') ? absolute(exec.command) : exec?.command
  return { ...entry, ...Object.fromEntries(paths), ...(exec && { exec: { ...exec, command } }) }
}

function targetOf(merged: Merged, name: string, files: readonly string[]): Target {
  const context = merged.contexts.get(name)
  const where = `kubeconfig ${files.join(', ')}`
  if (!context)
    throw new Error(`${where} has no context "${name}"; it has ${[...merged.contexts.keys()].join(', ') || 'none'}`)
  const cluster = merged.clusters.get(String(context.cluster))
  if (!cluster) throw new Error(`context "${name}" names the cluster "${context.cluster}", which ${where} lacks`)
  const user = merged.users.get(String(context.user))
  if (context.user !== undefined && !user) {
    throw new Error(`context "${name}" names the user "${context.user}", which ${where} lacks`)
  }
  if (typeof cluster.server !== 'string' || !/^https?:\/\//.test(cluster.server)) {
    throw new Error(`cluster "${context.cluster}" of ${where} has no server; expected https://…`)
  }
  return {
    name,
    server: cluster.server.replace(/\/+$/, ''),
    proxy: typeof cluster['proxy-url'] === 'string' && cluster['proxy-url'] !== '' ? cluster['proxy-url'] : undefined,
    ...(user && { user: String(context.user) }),
    ...(typeof context.namespace === 'string' && context.namespace !== '' && { namespace: context.namespace }),
    credentials: () => credentialsOf(name, cluster, user ?? {}),
  }
}

// A real control plane on loopback: etcd, kube-apiserver, kube-controller-manager, each started by hand and stopped by its
// own pid. It holds nothing that outlives it.
import { accessSync, constants, readFileSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join, relative } from 'node:path'
import { ownPath } from '../own-files.ts'
import { kubeconfigText, makeCredentials } from './credentials.ts'
import { type Daemon, freePorts, startDaemon } from './daemon.ts'
import { makeLabFolder } from './lab-folder.ts'

/** The release that the lab builds and prefers: the last line whose default CronJob controller freezes. */
export const labVersion = '1.20.2'

export interface Binaries {
  readonly apiServer: string
  readonly controllerManager: string
  readonly etcd: string
}

/**
 * Looks for the parts: `KUBEBUILDER_ASSETS` (the convention for test control planes) if it has all three, else the cache
 * (`$XDG_CACHE_HOME` or `~/.cache`), with etcd from `PATH` if it is not beside them.
 * @returns the binaries, or which are missing and what to do.
 */
export function findControlPlane(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): { readonly found: Binaries } | { readonly missing: readonly string[]; readonly hint: string } {
  const cache = cacheFolder(env, home)
  const assets = env.KUBEBUILDER_ASSETS
  const onPath = (env.PATH ?? '').split(delimiter)
  const complete = assets ? binariesIn(assets, [assets]) : undefined
  const found = complete?.found ? complete : binariesIn(cache, [cache, ...onPath], true)
  if (found.found) return { found: found.found }
  const where = assets ? `neither $KUBEBUILDER_ASSETS (${assets}) nor ${cache} has` : `${cache} lacks`
  return {
    missing: found.missing,
    hint: `${where} ${found.missing.join(', ')}: set KUBEBUILDER_ASSETS to a folder with kube-apiserver, kube-controller-manager and etcd, or run ${buildScript()} ${cache} (as root on Debian) and install etcd-server`,
  }
}

/** As it is run from here. */
const buildScript = (): string => relative('.', ownPath('src/lab/build-control-plane.sh'))

/** Where built binaries are kept, outside of any checkout. */
export const cacheFolder = (env: Readonly<Record<string, string | undefined>>, home: string): string =>
  join(env.XDG_CACHE_HOME || join(home, '.cache'), 'roadcrew', `control-plane-${labVersion}`)

/** What `build-control-plane.sh` gives now; of build 1 the API server crashes at the first custom resource. */
const apiServerBuild = '2'

/** In the cache, an API server of an earlier build counts as missing, so that it is built anew. */
function isOutdated(folder: string): boolean {
  try {
    return readFileSync(join(folder, 'kube-apiserver.build'), 'utf8').trim() !== apiServerBuild
  } catch {
    return true
  }
}

function binariesIn(
  folder: string,
  etcdFolders: readonly string[],
  isCache = false,
): { found?: Binaries; missing: string[] } {
  const apiServer = isCache && isOutdated(folder) ? undefined : executable('kube-apiserver', [folder])
  const controllerManager = executable('kube-controller-manager', [folder])
  const etcd = executable('etcd', etcdFolders)
  const missing = [
    ...(apiServer ? [] : ['kube-apiserver']),
    ...(controllerManager ? [] : ['kube-controller-manager']),
    ...(etcd ? [] : ['etcd']),
  ]
  return apiServer && controllerManager && etcd
    ? { found: { apiServer, controllerManager, etcd }, missing }
    : { missing }
}

/**
 * Looks for a kubelet: in `KUBEBUILDER_ASSETS`, else in the cache.
 * @returns its path, or what to do.
 */
export function findKubelet(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): { readonly found: string } | { readonly missing: readonly string[]; readonly hint: string } {
  const cache = cacheFolder(env, home)
  const assets = env.KUBEBUILDER_ASSETS
  const found = executable('kubelet', [...(assets ? [assets] : []), cache])
  if (found !== undefined) return { found }
  return {
    missing: ['kubelet'],
    hint: `no kubelet in ${assets ? `$KUBEBUILDER_ASSETS (${assets}) or ` : ''}${cache}: run ${buildScript()} ${cache} kubelet (as root on Debian)`,
  }
}

function executable(name: string, folders: readonly string[]): string | undefined {
  return folders
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

export interface ControlPlane {
  readonly version: string
  readonly server: string
  readonly etcdUrl: string
  /** Of etcd, kube-apiserver and the present kube-controller-manager. */
  readonly pids: readonly number[]
  /** The path of an administrator's kubeconfig. */
  readonly kubeconfig: string
  /** The path of a kubeconfig of another user, one of those named at the start: in no group, so RBAC alone decides. */
  kubeconfigFor(user: string): string
  /** Ends the API server and starts it anew on the same port, with what etcd holds. */
  restartApiServer(): Promise<void>
  /** The same of etcd, with its data. */
  restartEtcd(): Promise<void>
  /** The temporary folder that goes with it. */
  readonly folder: string
  /** Ends the controller manager and starts it anew with other arguments and environment added. */
  restartControllerManager(args: readonly string[], env?: Env): Promise<void>
  stop(): Promise<void>
}

type Env = Readonly<Record<string, string>>

interface Options {
  readonly users?: readonly string[]
  readonly signal?: AbortSignal
}

/**
 * Starts a control plane and waits until it is ready (seconds). All of it is in a temporary folder, which `stop` removes.
 * @throws Error with the last lines of its log if a daemon ends early.
 */
export async function startControlPlane(
  binaries: Binaries,
  { users = [], signal }: Options = {},
): Promise<ControlPlane> {
  const folder = makeLabFolder()
  const daemons: Daemon[] = []
  const stop = async (): Promise<void> => {
    for (const daemon of daemons.toReversed()) await daemon.stop()
    folder.remove()
  }
  try {
    return await start(binaries, folder.path, daemons, users, signal, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function start(
  binaries: Binaries,
  folder: string,
  daemons: Daemon[],
  users: readonly string[],
  signal: AbortSignal | undefined,
  stop: () => Promise<void>,
): Promise<ControlPlane> {
  const [clientPort = 0, peerPort = 0, apiPort = 0] = await freePorts(3)
  const etcdUrl = `http://127.0.0.1:${clientPort}`
  const server = `https://127.0.0.1:${apiPort}`
  const certificates = join(folder, 'certificates')
  await mkdir(certificates)
  const credentials = await makeCredentials(folder, users)
  const run = (name: string, command: string, args: readonly string[], env: Env = {}): Daemon => {
    const daemon = startDaemon({ name, command, args, log: join(folder, `${name}.log`), signal, env })
    daemons.push(daemon)
    return daemon
  }

  const startEtcd = (): Daemon =>
    run('etcd', binaries.etcd, [
      `--data-dir=${join(folder, 'etcd')}`,
      `--listen-client-urls=${etcdUrl}`,
      `--advertise-client-urls=${etcdUrl}`,
      `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
      '--unsafe-no-fsync', // it lives for minutes; a crash of the machine may take it
    ])
  let etcd = startEtcd()
  const apiServerArgs = [
    `--etcd-servers=${etcdUrl}`,
    `--secure-port=${apiPort}`,
    '--bind-address=127.0.0.1',
    `--cert-dir=${certificates}`,
    `--token-auth-file=${credentials.tokenFile}`,
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${credentials.serviceAccountKey}`,
    `--service-account-signing-key-file=${credentials.serviceAccountKey}`,
    '--api-audiences=api',
    '--disable-admission-plugins=ServiceAccount',
  ]
  const certificate = join(certificates, 'apiserver.crt')
  const startApiServer = async (): Promise<Daemon> => {
    const daemon = run('kube-apiserver', binaries.apiServer, apiServerArgs)
    await daemon.until(async () => (await get(server, '/readyz', certificate, credentials.tokenOf('admin'))) === 'ok')
    return daemon
  }
  let apiServer = await startApiServer()

  const ca = (await readFile(certificate)).toString('base64')
  const kubeconfigOf = (user: string): string => join(folder, `${user}.kubeconfig`)
  for (const user of ['admin', ...users]) {
    await writeFile(kubeconfigOf(user), kubeconfigText({ server, ca, user, token: credentials.tokenOf(user) }), {
      mode: 0o600,
    })
  }

  const managerArgs = [
    `--kubeconfig=${kubeconfigOf('admin')}`,
    `--service-account-private-key-file=${credentials.serviceAccountKey}`,
    '--leader-elect=false',
    '--port=0',
    '--secure-port=0',
  ]
  const startManager = (args: readonly string[], env?: Env): Daemon =>
    run('kube-controller-manager', binaries.controllerManager, [...managerArgs, ...args], env)
  const startedManager = async (args: readonly string[], env?: Env): Promise<Daemon> => {
    const daemon = startManager(args, env)
    await daemon.until(() => daemon.logged(allStarted))
    return daemon
  }
  let manager = await startedManager([])
  const version = JSON.parse((await get(server, '/version', certificate, credentials.tokenOf('admin'))) ?? '{}') as {
    gitVersion?: string
  }
  return {
    version: version.gitVersion ?? '',
    server,
    etcdUrl,
    get pids() {
      return daemons.filter(({ running }) => running).map(({ pid }) => pid)
    },
    kubeconfig: kubeconfigOf('admin'),
    kubeconfigFor: kubeconfigOf,
    async restartApiServer() {
      await apiServer.stop()
      apiServer = await startApiServer()
    },
    async restartEtcd() {
      await etcd.stop()
      etcd = startEtcd()
    },
    folder,
    async restartControllerManager(args, env) {
      await manager.stop()
      manager = await startedManager(args, env)
    },
    stop,
  }
}

/**
 * What the controller manager says once all of its controllers run: it starts them in no order, one of which asks the API server what
 * it serves, and ends if that is restarted meanwhile (cmd/kube-controller-manager/app/controllermanager.go, StartControllers).
 */
const allStarted = 'resource monitors have synced'

/** One GET with the server's own certificate as the authority; undefined while it does not answer with 200. */
async function get(server: string, path: string, certificate: string, token: string): Promise<string | undefined> {
  const { Agent, request } = await import('undici')
  try {
    const dispatcher = new Agent({ connect: { ca: await readFile(certificate) } })
    try {
      const { statusCode, body } = await request(`${server}${path}`, {
        dispatcher,
        headers: { authorization: `Bearer ${token}` },
      })
      const text = await body.text()
      return statusCode === 200 ? text : undefined
    } finally {
      await dispatcher.close()
    }
  } catch {
    return undefined // not up yet
  }
}

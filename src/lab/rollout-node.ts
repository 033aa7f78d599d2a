// What a rollout needs to be the real thing: a control plane, a node with a kubelet and containerd, Pods with addresses of their own, and
// an nginx before them that learns of endpoints by a watch.
import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Deployment } from 'kubernetes-types/apps/v1.js'
import type { Pod } from 'kubernetes-types/core/v1.js'
import { homeFolder } from '../home.ts'
import { connect } from '../kubernetes/client.ts'
import { loadKubeconfig } from '../kubernetes/kubeconfig.ts'
import { favour } from './cgroup-trees.ts'
import { findControlPlane, findKubelet } from './control-plane.ts'
import { hiddenBelow } from './enclosure.ts'
import { nodePartsHint, startNode } from './kubelet.ts'
import { type Lab, startLab } from './lab.ts'
import { nginxHint } from './nginx.ts'
import { namespace, startReconciler, type Told } from './nginx-reconciler.ts'
import { pause } from './pause.ts'
import { deploymentOf, type PodApplication, podPort } from './pod-application.ts'
import { type PodEnd, watchPods } from './pod-ends.ts'
import { startPodsNginx } from './pods-nginx.ts'
import { runtimePartsHint } from './runtime-parts.ts'

type Env = Readonly<Record<string, string | undefined>>

/** @returns what has to be done before it can be started on this machine; undefined if nothing. */
export function rolloutNodeHint(env: Env = process.env, home = homeFolder()): string | undefined {
  const sought = findControlPlane(env, home)
  if ('missing' in sought) return sought.hint
  return runtimePartsHint(env) ?? nodePartsHint(env, home) ?? nginxHint(env) ?? hiddenHint(env, home)
}

/** A node has a /var and a /run of its own. */
function hiddenHint(env: Env, home: string): string | undefined {
  const kubelet = findKubelet(env, home)
  const needed = [tmpdir(), process.execPath, ...('found' in kubelet ? [kubelet.found] : [])]
  const path = needed.find((one) => hiddenBelow(one) !== undefined)
  return path && `${path} is below ${hiddenBelow(path)}, which a node of the lab has of its own`
}

export interface RolloutNode {
  readonly lab: Lab
  /** Where nginx serves a Service; `retries`: it asks the next Pod where one fails, as nginx does by default. */
  urlOf(service: string, retries: boolean): URL
  /** Makes a Deployment and its Service, and waits until nginx sends to all its Pods. */
  deploy(application: PodApplication): Promise<void>
  /** As `kubectl rollout restart`. @returns the ends of the Pods that it replaced, when all have stopped and nginx sends to none of them. */
  restart(name: string): Promise<readonly PodEnd[]>
  /** The same of any change that replaces all Pods of a Deployment: an edit of its template. */
  replace(name: string, change: () => Promise<unknown>): Promise<readonly PodEnd[]>
  /** Each reload of nginx, and the Pods that it was told of. */
  reloads(): readonly Told[]
  /** Ends all of it, and leaves nothing. */
  stop(): Promise<void>
}

interface Options {
  /** From a change of endpoints until nginx is told, ms: a second or more is usual. */
  readonly learnsAfterMs?: number
  /** A control plane that is there already; it stays when the node is stopped. */
  readonly lab?: Lab
}

const nodeName = 'rollout-node'

/**
 * Starts it in about 20 s; needs root. What it takes on a busy machine is bounded by the limits of its daemons.
 * @param signal ends what is waited for; who has started it has to stop it all the same.
 * @throws Error naming what is missing, or with the log of a daemon that ends early; nothing is left then.
 */
export async function startRolloutNode(
  signal: AbortSignal,
  { learnsAfterMs = 1000, lab: given }: Options = {},
): Promise<RolloutNode> {
  const hint = rolloutNodeHint()
  if (hint !== undefined) throw new Error(hint)
  const ends: (() => Promise<unknown>)[] = []
  const stop = async (): Promise<void> => {
    const failed: unknown[] = []
    for (const end of ends.splice(0).toReversed()) await end().catch((error: unknown) => failed.push(error))
    if (failed.length > 0) throw failed[0]
  }
  try {
    const lab = given ?? (await startLab(signal))
    if (!given) ends.push(() => lab.stop())
    const node = await startNode(lab, { name: nodeName, runtime: 'containerd', signal })
    ends.push(() => node.stop())
    favour(basename(node.folder)) // what is lost must be lost to the rollout, not to a busy machine
    const notes = join(node.folder, 'notes')
    mkdirSync(notes)
    const nginx = await startPodsNginx(join(node.folder, 'nginx'), node.amongPods, signal)
    ends.push(() => nginx.program.end())
    const config = await loadKubeconfig({ path: lab.kubeconfig, env: {}, home: '/' })
    const client = connect(config.target('lab'), { env: {} })
    ends.push(() => client.close())
    const reconciler = startReconciler({ client, nginx, learnsAfterMs })
    ends.push(() => reconciler.stop())
    const watched = watchPods(client, { folder: notes, ...reconciler })
    ends.push(() => watched.stop())
    const served = new Served(lab, reconciler.reloads, signal)
    const replace = async (name: string, change: () => Promise<unknown>): Promise<readonly PodEnd[]> => {
      const old = namesOf(await served.podsOf(name)).filter((pod) => watched.ends().every((end) => end.pod !== pod))
      const ends = () => watched.ends().filter(({ pod }) => old.includes(pod))
      await change()
      await served.until(name, (staying) => {
        const stopped = ends().filter(({ sigtermAt, goneAt }) => sigtermAt !== undefined || goneAt !== undefined)
        return stopped.length === old.length && !staying.some((pod) => old.includes(pod))
      })
      return ends()
    }
    return {
      ...{ lab, urlOf: nginx.urlOf, replace, stop },
      async deploy(application) {
        await lab.send('POST', deployments, deploymentOf(application, node.name, notes))
        await lab.send('POST', `/api/v1/namespaces/${namespace}/services`, serviceOf(application))
        await served.until(application.name, () => true)
      },
      restart: (name) => replace(name, () => lab.send('PATCH', `${deployments}/${name}`, restarted())),
      reloads: () => reconciler.reloads,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`

const serviceOf = ({ name }: PodApplication) => ({
  ...{ apiVersion: 'v1', kind: 'Service', metadata: { name } },
  spec: { selector: { app: name }, ports: [{ port: 80, targetPort: podPort }] },
})

/** What `kubectl rollout restart` sends (polymorphichelpers/objectrestarter.go). */
const restarted = () => ({
  spec: {
    template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() } } },
  },
})

/** s: a rollout takes some 10 s, and as much longer as its Pods wait. */
const mostRollout = 180

/** A Deployment's way to where it should be. */
class Served {
  readonly #lab: Lab
  readonly #reloads: readonly Told[]
  readonly #signal: AbortSignal

  constructor(lab: Lab, reloads: readonly Told[], signal: AbortSignal) {
    this.#lab = lab
    this.#reloads = reloads
    this.#signal = signal
  }

  async podsOf(name: string): Promise<readonly Pod[]> {
    const pods = await this.#lab.list<Pod>(`/api/v1/namespaces/${namespace}/pods`)
    return pods.filter(({ metadata }) => metadata?.labels?.app === name)
  }

  /** Waits until as many as are wished stay, nginx sends to exactly those, and a condition of their names holds. */
  async until(name: string, holds: (staying: readonly string[]) => boolean): Promise<void> {
    const until = performance.now() + mostRollout * 1000
    for (;;) {
      const pods = await this.podsOf(name)
      const staying = namesOf(pods.filter(({ metadata }) => metadata?.deletionTimestamp === undefined))
      const sentTo = this.#reloads.at(-1)?.pods[name]?.toSorted() ?? []
      const [deployment] = await this.#lab.list<Deployment>(deployments, `metadata.name=${name}`)
      const { spec, status, metadata } = deployment ?? {}
      const isDone =
        status?.observedGeneration === metadata?.generation &&
        staying.length === spec?.replicas &&
        JSON.stringify(staying) === JSON.stringify(sentTo)
      if (isDone && holds(staying)) return
      if (performance.now() > until)
        throw new Error(
          `Deployment ${name} was not rolled out after ${mostRollout} s: Pods ${staying.join(', ') || 'none'}, nginx sends to ${sentTo.join(', ') || 'none'}`,
        )
      await pause(250, this.#signal)
    }
  }
}

const namesOf = (pods: readonly Pod[]): readonly string[] => pods.map(({ metadata }) => metadata?.name ?? '').toSorted()

// What the rules are told about one workload that is such a controller, and what they read beside it.
import type { ConfigMap } from 'kubernetes-types/core/v1.js'
import type { Change, Evidence, Item, Step, Unread } from '../../contract/hazard.ts'
import { index, isUnread, kind, list, maybe } from '../../contract/reads.ts'
import { seen } from '../../contract/verdicts.ts'
import { recordedChanges } from '../../objects/changes.ts'
import { daemonSets, deployments, pods, statefulSets } from '../../objects/kinds.ts'
import { keyOf } from '../../objects/owners.ts'
import { isPod, type PodMaker, type PodTemplate, podTemplateOf } from '../../objects/pod-templates.ts'
import { secondsOf } from './durations.ts'
import { type Reloader, reloaderOf } from './reloaders.ts'

/** Only what is such a controller; of Pods those that nobody made. */
export const controllers = list([deployments, daemonSets, statefulSets, pods], (object: PodMaker) => {
  if (isPod(object) && object.metadata?.ownerReferences?.some(({ controller }) => controller)) return undefined
  const template = podTemplateOf(object)
  return template && reloaderOf(template, object.metadata?.namespace) ? object : undefined
})

/**
 * A ConfigMap may hold anything, so these are read by name: as the projects' own charts and manifests call them, where they put them. Which
 * one counts says a flag of the controller.
 */
export const controllerConfigMaps = kind<ConfigMap>('ConfigMap', {
  group: '',
  versions: ['v1'],
  namespaced: true,
  only: {
    namespace: ['ingress-nginx', 'nginx-ingress'],
    names: ['ingress-nginx-controller', 'nginx-config', 'nginx-configuration', 'nginx-ingress'],
  },
})

export const configMaps = maybe(
  index(
    controllerConfigMaps,
    ({ metadata }: ConfigMap) => keyOf(metadata?.namespace, metadata?.name),
    // What else stands in it is nobody's business.
    ({ data }: ConfigMap) => ({
      data: Object.fromEntries(Object.entries(data ?? {}).filter(([key]) => asked.has(key))),
    }),
  ),
)

const asked: ReadonlySet<string> = new Set([
  'worker-shutdown-timeout',
  'worker-processes',
  'hard-stop-after',
  'timeout-stop',
])

interface Data {
  readonly data: Readonly<Record<string, string>>
}

export type ConfigMaps = ReadonlyMap<string, readonly Item<Data>[]> | Unread

export interface Judging {
  readonly item: Item<PodMaker>
  readonly template: PodTemplate
  readonly reloader: Reloader
  /** Its ConfigMap, where it was read. */
  readonly configMap: Item<Data> | undefined
  readonly timeout: Timeout
}

/** How long old workers live at most. `seconds` undefined: not known, or without end, as `text` says. */
export interface Timeout {
  readonly seconds: number | undefined
  readonly set: boolean
  /** Old workers live as long as their last connection, for all that is known. */
  readonly endless: boolean
  readonly text: string
  readonly evidence: readonly Evidence[]
}

/** Undefined if it is no such controller. */
export function judgingOf(item: Item<PodMaker>, configMaps: ConfigMaps): Judging | undefined {
  const template = podTemplateOf(item.object)
  const reloader = template && reloaderOf(template, item.subject.namespace)
  if (!template || !reloader) return undefined
  const configMap = isUnread(configMaps) ? undefined : configMaps.get(reloader.configMap ?? '')?.[0]
  return { item, template, reloader, configMap, timeout: timeoutOf(reloader, configMap) }
}

function timeoutOf({ timeout: { key, seconds } }: Reloader, configMap: Item<Data> | undefined): Timeout {
  const text = configMap?.object.data[key]
  if (configMap && text !== undefined) {
    const evidence = [seen(key, text, configMap.subject, 'data', key)]
    return { seconds: secondsOf(text), set: true, endless: false, text: `${key} ${text}`, evidence }
  }
  const known = configMap ? [seen(key, 'not set', configMap.subject, 'data')] : []
  if (seconds !== undefined)
    return { seconds, set: false, endless: false, text: `${key} ${seconds} s, the default`, evidence: known }
  const endless = configMap !== undefined
  return { seconds, set: false, endless, text: `no ${key}${endless ? '' : ', the default'}`, evidence: known }
}

export const advise = (why: string, command?: string): Step => ({
  do: 'advise',
  why,
  ...(command !== undefined && { command }),
})

/** Limits how long old workers live; undefined where the ConfigMap was not read, or says so already. */
export function limitWorkers({ configMap, timeout, reloader }: Judging, seconds: number): Step | undefined {
  if (!configMap || timeout.set) return undefined
  const change: Change = { path: ['data', reloader.timeout.key], before: undefined, after: `${seconds}s` }
  const why = `old workers end after ${seconds} s, and close what is still open then: WebSockets and long downloads have to come again`
  return { do: 'edit', why, target: configMap.subject, changes: [change] }
}

/** The way out, where the project has ended: for whoever has to touch it anyway. */
export const leaveRetired = ({ reloader: { title, retired } }: Judging): Step[] =>
  retired === undefined
    ? []
    : [
        advise(
          `${title} has been retired since ${retired} and will not change any more: move to the Gateway API with an implementation that takes changes without a reload; ingress2gateway writes the first draft`,
          'ingress2gateway print --providers=ingress-nginx --all-namespaces',
        ),
      ]

/** What it is, as evidence, with what is known of its project. */
export const imageSeen = ({ item, reloader: { container, path, title, retired } }: Judging): Evidence =>
  seen(
    'image',
    `${container.image ?? ''} (${title}${retired ? `, retired since ${retired}` : ''})`,
    item.subject,
    ...path,
    'image',
  )

export const editOf = (item: Item<PodMaker>, why: string, change: Change): Step =>
  isPod(item.object)
    ? advise(`${why}; a Pod that runs can't be changed, so make it anew with ${change.path.join('.')}: ${change.after}`)
    : { do: 'edit', why, target: item.subject, changes: recordedChanges(item.object, [change]) }

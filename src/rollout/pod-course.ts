// What one state of a Pod after the other says of its course.
import type { Container, ContainerStatus, Pod } from 'kubernetes-types/core/v1.js'
import type { Version } from '../contract/hazard.ts'
import { waitOf } from '../objects/pre-stop.ts'
import type { Moment, PodCourse } from './moments.ts'

/** What is news in a Pod's state: its course as it is now, and the moments that came with it. */
export interface News {
  readonly course: PodCourse
  readonly moments: readonly Moment[]
}

const unknownCourse = (name: string, wasThere: boolean): PodCourse => ({
  ...{ name, wasThere, ip: undefined, servingMs: undefined, deletedMs: undefined, graceSeconds: undefined },
  ...{ waitSeconds: undefined, sigtermMs: undefined, endpointRemovedMs: undefined, ready: undefined },
  ...{ ends: 0, ended: undefined, goneMs: undefined },
})

interface Seen {
  /** When this state became known, ms from the start of the load. */
  readonly atMs: number
  /** It came with the first list: how things stood at the start is no news. */
  readonly first: boolean
  /** Of the API server: whether it keeps native sleep hooks. */
  readonly version: Version | undefined
}

/** @param before undefined for a Pod that was not seen yet. */
export function podNews(before: PodCourse | undefined, pod: Pod, seen: Seen): News {
  const name = pod.metadata?.name ?? ''
  const moments: Moment[] = []
  let course = before ?? unknownCourse(name, seen.first)
  course = { ...course, ip: pod.status?.podIP ?? course.ip }
  for (const step of [readyNews, deletionNews, endNews]) {
    const news = step(course, pod, seen)
    course = news.course
    moments.push(...news.moments)
  }
  return { course, moments: seen.first ? [] : moments }
}

function readyNews(course: PodCourse, { status }: Pod, { atMs }: Seen): News {
  const is = status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True'
  if (is === (course.ready?.is ?? false)) return { course, moments: [] }
  const text = is ? 'is ready' : 'is not ready any more'
  const moment: Moment = { atMs, what: is ? 'pod-ready' : 'pod-unready', pod: course.name, text }
  return { course: { ...course, ready: { is, sinceMs: atMs } }, moments: [moment] }
}

function deletionNews(course: PodCourse, { metadata, spec }: Pod, { atMs, version }: Seen): News {
  if (metadata?.deletionTimestamp === undefined || course.deletedMs !== undefined) return { course, moments: [] }
  const graceSeconds = metadata.deletionGracePeriodSeconds ?? 0
  const waitSeconds = preStopSeconds(spec?.containers ?? [], version)
  const held = waitSeconds === undefined ? undefined : Math.min(waitSeconds, graceSeconds)
  const sigtermMs = held === undefined ? undefined : atMs + held * 1000
  const deleted = { ...course, deletedMs: atMs, graceSeconds, waitSeconds, sigtermMs }
  const pod = course.name
  const moments: Moment[] = [{ atMs, what: 'pod-deleted', pod, text: `is deleted, with ${graceSeconds} s of grace` }]
  if (sigtermMs === undefined) return { course: deleted, moments }
  return {
    course: deleted,
    moments: [...moments, { atMs: sigtermMs, what: 'sigterm', pod, text: sigtermText(held ?? 0) }],
  }
}

function endNews(course: PodCourse, { status }: Pod, { atMs, first }: Seen): News {
  const { ends, last } = endsOf(status?.containerStatuses ?? [])
  if (ends <= course.ends || !last || first || course.ended) return { course: { ...course, ends }, moments: [] }
  const { container, exitCode, reason } = last
  const text = `${container} ended with ${exitCode}${reason ? ` (${reason})` : ''}`
  const moment: Moment = { atMs, what: 'container-ended', pod: course.name, text }
  return { course: { ...course, ends, ended: { atMs, exitCode, reason } }, moments: [moment] }
}

const sigtermText = (waited: number): string =>
  waited > 0 ? `gets SIGTERM, after a preStop wait of ${waited} s` : 'gets SIGTERM, without a preStop wait'

/** It is gone from the API. */
export function podGone(before: PodCourse, atMs: number): News {
  const moments: Moment[] = [{ atMs, what: 'pod-gone', pod: before.name, text: 'is gone' }]
  return { course: { ...before, goneMs: atMs }, moments }
}

/**
 * How long hooks keep the containers that serve from SIGTERM; undefined where one can't be read. Each container gets SIGTERM after
 * its own hook (pkg/kubelet/kuberuntime/kuberuntime_container.go, killContainer): the first that stops is what hurts.
 */
function preStopSeconds(containers: readonly Container[], version: Version | undefined): number | undefined {
  const serving = containers.filter(({ ports = [] }) => ports.length > 0)
  const waits = (serving.length > 0 ? serving : containers.slice(0, 1)).map(({ lifecycle }) =>
    waitOf(lifecycle?.preStop, version),
  )
  const seconds = waits.map((wait) => (wait.is === 'known' ? wait.seconds : wait.is === 'unknown' ? undefined : 0))
  return seconds.some((one) => one === undefined) ? undefined : Math.min(...seconds.map((one) => one ?? 0))
}

/** How often a container of the Pod has ended, and the last end that the API tells of. */
function endsOf(statuses: readonly ContainerStatus[]) {
  const ends = statuses.reduce((sum, { state, restartCount }) => sum + restartCount + (state?.terminated ? 1 : 0), 0)
  const known = statuses.flatMap(({ name, state, lastState }) => {
    const end = state?.terminated ?? lastState?.terminated
    return end ? [{ container: name, exitCode: end.exitCode, reason: end.reason ?? '' }] : []
  })
  return { ends, last: known.at(-1) }
}

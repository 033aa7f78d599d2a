// From what was measured and watched to the report of a rollout.

import type { RolloutReport } from '../report/rollout-schema.ts'
import { blame, type Culprit, type How, type Scene } from '../rollout/blame.ts'
import { type Drain, drainOf, type Reached } from '../rollout/drain.ts'
import type { HurtRequest, Measured } from '../rollout/measured.ts'
import type { PodCourse } from '../rollout/moments.ts'
import { latenciesOf, latenessOfLogs, spoiltText } from '../rollout/summary.ts'
import type { Timeline } from '../rollout/timeline.ts'
import type { Lane, RunningLanes } from './rollout-load.ts'

type Blamed = HurtRequest & { readonly blame: ReturnType<typeof blame> }

/** What the requests came to; nothing was sent where only was watched. */
export interface Outcome
  extends Pick<
    RolloutReport,
    | 'sent'
    | 'lost'
    | 'again'
    | 'slow'
    | 'lateness'
    | 'lanes'
    | 'causes'
    | 'hurt'
    | 'buckets'
    | 'pods'
    | 'moments'
    | 'gaps'
  > {
  readonly drain: Drain
}

/** @param endedMs when the load ended, ms from its start. */
export function outcomeOf(
  timeline: Timeline,
  running: RunningLanes | undefined,
  endedMs: number,
  podHeader: boolean,
): Outcome {
  const { courses, moments, gaps, readyEndpoints } = timeline
  const scene: Scene = { courses, moments, gaps, readyEndpoints }
  const measured = running?.measured
  const withBlame = (all: readonly HurtRequest[]): Blamed[] => all.map((one) => ({ ...one, blame: blame(one, scene) }))
  const lost = withBlame(measured?.lost ?? [])
  const slow = withBlame(measured?.slow ?? [])
  const again = lost.filter((one) => one.again).length
  const lateness = latenessOfLogs((running?.lanes ?? []).map(({ load }) => load.log))
  const text = spoiltText(lateness)
  const fresh = (running?.lanes ?? []).filter(({ connections }) => connections === 'fresh')
  return {
    sent: measured?.sent ?? 0,
    lost: (measured?.lostCount ?? 0) - again,
    again,
    slow: measured?.slowCount ?? 0,
    lateness: { ...lateness, p99Ms: tenth(lateness.p99Ms), ...(text !== undefined && { text }) },
    lanes: (running?.lanes ?? []).map((lane) => laneOf(lane, lost, lateness.spoilt)),
    causes: [...causesOf(lost), ...causesOf(slow)],
    drain: drainOf({
      courses,
      served: podHeader && measured ? servedBy(measured, courses) : undefined,
      lost: lost.filter((one) => one.fresh),
      freshPerSecond: fresh.reduce((sum, { perSecond }) => sum + perSecond, 0),
      endedMs,
    }),
    hurt: [...lost, ...slow]
      .toSorted((a, b) => a.sentMs - b.sentMs)
      .slice(0, mostTold)
      .map(told),
    buckets: (measured?.buckets() ?? []).map(({ fromMs, sent, lost, p50Ms, worstMs }) => ({
      ...{ fromMs, sent, lost },
      ...(p50Ms !== undefined && worstMs !== undefined && { p50Ms: tenth(p50Ms), worstMs: tenth(worstMs) }),
    })),
    pods: courses.map(podOf),
    moments: moments.map((moment) => ({ ...moment, atMs: tenth(moment.atMs) })),
    gaps: gaps.map(({ fromMs, toMs, because }) => ({
      ...{ fromMs: tenth(fromMs), because },
      ...(toMs !== undefined && { toMs: tenth(toMs) }),
    })),
  }
}

/** A page or a pipeline takes in no more. */
const mostTold = 2_000

const tenth = (ms: number): number => Math.round(ms * 10) / 10

function laneOf(
  { protocol, connections, perSecond, load }: Lane,
  lost: readonly Blamed[],
  spoilt: boolean,
): RolloutReport['lanes'][number] {
  const latency = spoilt ? undefined : latenciesOf(load.log.latencies())
  return {
    ...{ protocol, connections, perSecond, sent: load.log.counts().sent },
    lost: lost.filter((one) => !one.again && one.lane === `${protocol} ${connections}`).length,
    ...(latency && {
      latency: {
        ...{ p50: tenth(latency.p50), p90: tenth(latency.p90), p99: tenth(latency.p99) },
        ...{ p999: tenth(latency.p999), worst: tenth(latency.worst) },
      },
    }),
  }
}

/** By what was met and who was to blame; the most frequent first. */
function causesOf(all: readonly Blamed[]): RolloutReport['causes'] {
  const groups = new Map<string, Blamed[]>()
  for (const one of all) {
    const key = `${one.how} ${one.blame.culprit}`
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  return [...groups.values()]
    .toSorted((a, b) => b.length - a.length)
    .flatMap((group) => {
      const [first] = group
      if (!first) return []
      const pods = [...new Set(group.flatMap(({ blame }) => blame.pod ?? []))]
      return [
        {
          ...{ how: first.how, culprit: first.blame.culprit, count: group.length, pods },
          firstMs: tenth(Math.min(...group.map(({ sentMs }) => sentMs))),
          lastMs: tenth(Math.max(...group.map(({ sentMs }) => sentMs))),
          text: `${howTexts[first.how]}: ${culpritTexts[first.blame.culprit]}`,
        },
      ]
    })
}

const howTexts: Readonly<Record<How, string>> = {
  refused: 'refused',
  'cut-off': 'cut off in flight',
  '502': '502 from the proxy',
  '503': '503 from the proxy',
  '504': '504 from the proxy',
  status: 'another answer than at rest',
  'timed-out': 'no answer in time',
  dns: 'its name had no address',
  tls: 'no TLS',
  unreachable: 'no way to it',
  slow: 'slow',
  other: 'failed otherwise',
}

const culpritTexts: Readonly<Record<Culprit, string>> = {
  stopping: 'a Pod that had got SIGTERM was still sent to',
  killed: 'a Pod was killed at the end of its grace period',
  crashed: 'a container had ended by itself',
  'none-ready': 'no endpoint was ready',
  unready: 'a Pod had stopped answering its readiness probe',
  starting: 'a new Pod was sent to before it could answer',
  reload: 'the proxy reloaded and closed the connection',
  'route-changed': 'an Ingress or route had changed',
  front: 'nobody listened at the URL, and no Pod was stopping',
  name: 'DNS',
  certificate: 'the certificate or protocol of who listens at the URL',
  unwatched: 'the API server was away, so what happened is not known',
  unknown: 'nothing that was watched explains it',
}

const told = ({ sentMs, endedMs, how, said, lane, again, blame }: Blamed): RolloutReport['hurt'][number] => ({
  ...{ sentMs: tenth(sentMs), endedMs: tenth(endedMs), how, said, lane, again },
  ...{ culprit: blame.culprit, ...(blame.pod !== undefined && { pod: blame.pod }), others: [...blame.others] },
})

/** Answers may name their Pod by its name or its address. What names two Pods of one name (of a StatefulSet) is no use. */
function servedBy(measured: Measured, courses: readonly PodCourse[]): readonly Reached[] {
  return [...measured.lastServed].flatMap(([told, sentMs]) => {
    const named = courses.filter(
      ({ name, ip }) => told.includes(name) || (ip !== undefined && told.split(':')[0] === ip),
    )
    const [only, ...more] = named
    return only && more.length === 0 ? [{ pod: only.name, sentMs }] : []
  })
}

function podOf(course: PodCourse): RolloutReport['pods'][number] {
  const {
    name,
    wasThere,
    servingMs,
    deletedMs,
    graceSeconds,
    waitSeconds,
    sigtermMs,
    endpointRemovedMs,
    ended,
    goneMs,
  } = course
  const times = { servingMs, deletedMs, sigtermMs, endpointRemovedMs, endedMs: ended?.atMs, goneMs }
  return {
    ...{ name, wasThere },
    ...Object.fromEntries(Object.entries(times).flatMap(([key, ms]) => (ms === undefined ? [] : [[key, tenth(ms)]]))),
    ...(graceSeconds !== undefined && { graceSeconds }),
    ...(waitSeconds !== undefined && { waitSeconds }),
    ...(ended && { exitCode: ended.exitCode }),
  }
}

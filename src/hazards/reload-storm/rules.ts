// What is found in a controller whose Pods were looked at.
import type { Context, Evidence, Finding } from '../../contract/hazard.ts'
import { read } from '../../contract/verdicts.ts'
import { durationText } from '../../objects/time.ts'
import { type Busy, busySeen, busyText, rateText } from './causes.ts'
import { advise, imageSeen, type Judging, leaveRetired, limitWorkers } from './judging.ts'
import { usualSeconds } from './manifest.ts'
import { failureOf, type Rate, rateOf, type Shown } from './rates.ts'
import type { Settings } from './settings.ts'
import { memoryLimit, workersOf } from './workers.ts'

export interface Asked {
  readonly judging: Judging
  readonly shown: readonly Shown[]
  readonly services: readonly Busy[]
  readonly ingresses: readonly Busy[]
  readonly context: Pick<Context<Settings>, 'now' | 'settings'>
}

/** `: Pod web/edge-x` , and how many more it is of. */
const whose = (all: readonly Shown[], some: readonly { readonly shown: Shown }[]): string => {
  const [first] = some
  if (!first || all.length < 2) return ''
  return ` (Pod ${first.shown.pod.object.name}; so it is in ${some.length} of ${all.length} Pods)`
}

const byMost =
  <T>(of: (one: T) => number) =>
  (a: T, b: T): number =>
    of(b) - of(a)

/** What was seen, and of what. */
function evidenceOf(judging: Judging, seen: readonly Evidence[]): [Evidence, ...Evidence[]] {
  const image = imageSeen(judging)
  const [first, ...rest] = seen
  return first ? [first, ...rest, image] : [image]
}

export function manyReloads({ judging, shown, services, ingresses, context }: Asked): Finding[] {
  const { now, settings } = context
  const rates = shown.flatMap((one) => {
    const rate = rateOf(one, now)
    return rate && rate.perHour >= settings.reloadsPerHour ? [{ shown: one, rate }] : []
  })
  const [worst] = rates.toSorted(byMost(({ rate }) => rate.perHour))
  if (!worst) return []
  const { rate } = worst
  const forEndpoints = worst.shown.figures?.forEndpoints
  const { title, reloadsOnEndpoints } = judging.reloader
  const causes = [
    ...(forEndpoints === undefined
      ? []
      : [read('for endpoints', `${forEndpoints} of ${rate.reloads} reloads`, 'its metrics')]),
    ...(reloadsOnEndpoints ? busySeen('endpoints that change', services) : []),
    ...busySeen('Ingress that is edited', ingresses),
  ]
  return [
    {
      reason: 'many-reloads',
      state: 'occurring',
      fact: `${title} reloaded ${rateText(rate.perHour)} times per hour, a mean of ${rate.reloads} in ${durationText(rate.overMs)} ${rate.since}${whose(shown, rates)}${generations(judging, rate)}`,
      evidence: evidenceOf(judging, [...rate.evidence, ...causes, ...judging.timeout.evidence]),
      remedy: [gatherChanges(judging), ...steadyEndpoints(judging, services), ...leaveRetired(judging)],
    },
  ]
}

/** Old workers live up to the limit, so that so many generations of them are there at the same time. */
function generations({ timeout }: Judging, { perHour }: Rate): string {
  if (timeout.seconds === undefined) return ''
  const together = Math.ceil((perHour * timeout.seconds) / 3600)
  return `; old workers live up to ${timeout.seconds} s, so up to ${together} generations of them at once`
}

/** ingress-nginx: pkg/flags/flags.go; HAProxy Ingress: docs, command-line, from 0.14 on. */
const gathering: Readonly<Record<string, string>> = {
  'ingress-nginx':
    'lower its --sync-rate-limit (0.3 syncs per second unless told otherwise), so that one reload takes several changes',
  'haproxy-ingress': 'give it a --reload-interval, so that one reload takes several changes',
}

const gatherChanges = ({ reloader: { id } }: Judging) =>
  advise(`change what causes it less often, or many at once; ${gathering[id] ?? 'its own settings gather no changes'}`)

const steadyEndpoints = ({ reloader }: Judging, services: readonly Busy[]) =>
  reloader.reloadsOnEndpoints
    ? [
        advise(
          `see why the Pods behind ${services[0]?.name ?? 'its Services'} come, go or change their readiness so often; a controller that takes endpoints without a reload (${reloader.id === 'nginx-ingress' ? 'the same with NGINX Plus' : 'ingress-nginx from 0.18 on'}, HAProxy, Envoy, Traefik) ends this cause`,
        ),
      ]
    : []

export function failingReloads({ judging, shown, context }: Asked): Finding[] {
  const failed = shown.flatMap((one) => {
    const failure = failureOf(one, context.now)
    return failure ? [{ shown: one, failure }] : []
  })
  const [first] = failed
  if (!first) return []
  const { namespace, name } = first.shown.pod.object
  return [
    {
      reason: 'failing-reloads',
      state: 'occurring',
      severity: 'high',
      fact: `the last reload of ${judging.reloader.title} failed${whose(shown, failed)}: it goes on with an old configuration, and may send requests to Pods that are gone${first.failure.text}`,
      evidence: evidenceOf(judging, [first.failure.evidence]),
      remedy: [
        advise(
          'its log names the file, the line and what is wrong; most often a snippet, an annotation or a certificate of one Ingress',
          `kubectl logs -n ${namespace} ${name} -c ${judging.reloader.container.name} --since=1h | grep -iE 'emerg|error reloading|reload failed'`,
        ),
        ...leaveRetired(judging),
      ],
    },
  ]
}

/** From this share of its limit on the kernel may end one of them any time. */
const nearLimit = 0.8

export function oldWorkers({ judging, shown, context }: Asked): Finding[] {
  const { settings } = context
  const piles = shown.flatMap((one) => {
    const workers = one.figures && workersOf(judging, one.figures)
    return workers && workers.old > 0 && workers.old >= settings.oldWorkersPerWorker * Math.max(1, workers.current)
      ? [{ shown: one, workers }]
      : []
  })
  const [worst] = piles.toSorted(byMost(({ workers }) => workers.old))
  if (!worst) return []
  const { workers } = worst
  const { namespace, name } = worst.shown.pod.object
  const from = `metrics of Pod ${namespace}/${name}`
  const bytes = worst.shown.figures?.residentBytes
  const limit = memoryLimit(judging)
  const near = bytes !== undefined && limit !== undefined && bytes >= nearLimit * limit
  const memory =
    bytes === undefined ? '' : `; its processes take ${mebibytes(bytes)}${limit ? ` of ${mebibytes(limit)}` : ''}`
  const step = limitWorkers(judging, usualSeconds)
  return [
    {
      reason: 'old-workers-pile-up',
      state: 'occurring',
      severity: near ? 'high' : 'medium',
      ...(workers.guess && { guess: true }),
      fact: `${workers.guess ? 'about ' : ''}${workers.old} old workers of ${judging.reloader.title} still end what they have, beside ${workers.current} that take what comes${whose(shown, piles)}${memory}; ${judging.timeout.text}`,
      evidence: evidenceOf(judging, [
        read('workers', workers.text, from),
        ...(bytes === undefined ? [] : [read('memory', mebibytes(bytes), from)]),
        ...judging.timeout.evidence,
      ]),
      remedy: [
        ...(step ? [step] : []),
        advise(
          `reload less often: each reload leaves a worker for each one that had connections${step ? '' : `; or let them end earlier by ${judging.reloader.timeout.key}, which closes what is still open`}`,
        ),
        ...leaveRetired(judging),
      ],
    },
  ]
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`

export function reloadsOnEndpoints({ judging, services, context }: Asked): Finding[] {
  const { title, reloadsOnEndpoints: reloads } = judging.reloader
  const sum = services.reduce((total, { perHour }) => total + perHour, 0)
  if (!reloads || sum < context.settings.reloadsPerHour) return []
  return [
    {
      reason: 'reloads-on-endpoints',
      state: 'exposed',
      fact: `${title} takes new endpoints by a reload, and those of ${services.length} Services that Ingresses name change ${rateText(sum)} times per hour on average: ${busyText(services)}`,
      evidence: evidenceOf(judging, busySeen('endpoints that change', services)),
      remedy: [...steadyEndpoints(judging, services), ...leaveRetired(judging)],
    },
  ]
}

import type { Context, Evidence, Finding, Item, Step, Unread, Verdict } from '../../contract/hazard.ts'
import { detector, isUnread, list, maybe } from '../../contract/reads.ts'
import { absent, clear, found, read, unknown } from '../../contract/verdicts.ts'
import { containersSeen, type RuntimeSeen, runtimeSeen } from '../../linux/container.ts'
import { hasAnswered, type KubeletSeen, kubeletSeen } from '../../linux/kubelet.ts'
import { blamed, type Mute, muteContainer, namesText } from '../../linux/mute.ts'
import { durationText, timeText } from '../../objects/time.ts'
import { type Incident, type Remembered, rememberedOf } from './incident.ts'
import { type LongRelists, longRelists, notReadyIn, type Relist, relistOf } from './relist.ts'
import { endMute, lookAtRuntime, restartRuntime } from './remedy.ts'

/** Where the kubelet looks Pod by Pod at containers, through their shims. CRI's other runtimes answer it from memory. */
const asksShims = new Set(['docker'])
/** A node that flaps is over the threshold again by then (ms). */
const stillOn = 30 * 60_000

interface Judging {
  readonly relist: Relist
  readonly long: LongRelists
  readonly mute: readonly Mute[]
  readonly runtime: string
  readonly memory: Remembered
  readonly evented: boolean
  readonly now: number
}

/** Does a relist hang, is it too late already, and was it so a moment ago? */
export const node = detector({
  of: list(kubeletSeen),
  with: { mute: maybe(list(containersSeen, muteContainer)), runtimes: maybe(list(runtimeSeen)) },
  judge(item: Item<KubeletSeen>, view, context: Context<unknown, Remembered>): Verdict<Remembered> {
    const { pleg, metrics } = item.object
    if (!pleg) {
      if (hasAnswered(metrics) || metrics.how === 'unasked') return absent
      return unknown(`how old its last relist is only its metrics tell: ${metrics.because}`)
    }
    const relist = relistOf(pleg)
    if (!relist) return unknown('the kubelet has not relisted yet')
    const mute = isUnread(view.mute) ? [] : blamed(view.mute)
    const long = longRelists(pleg.duration)
    const memory = rememberedOf(context.before, { relist, long, mute: mute.map(({ name }) => name) })
    const runtime = runtimeOf(view.runtimes)
    if (runtime === undefined && relist.hangs && !relist.over) {
      return { ...unknown('which runtime the kubelet waits for is not known'), remember: memory }
    }
    const judging = { relist, long, mute, runtime: runtime ?? '', memory, evented: pleg.evented === true, now: pleg.at }
    const finding = findingOf(judging)
    return { ...(finding ? found(finding) : clear), remember: memory }
  },
})

const runtimeOf = (runtimes: readonly Item<RuntimeSeen>[] | Unread): string | undefined =>
  isUnread(runtimes) ? undefined : runtimes[0]?.object.name

/** One incident is one finding: what is now, what is about to be, what was. */
function findingOf(judging: Judging): Finding | undefined {
  const { relist, memory, now } = judging
  const { incident } = memory
  if (relist.over) return overNow(judging)
  if (incident && now - (incident.until ?? now) < stillOn) return overBefore(judging, incident)
  return mayForecast(judging) ? hanging(judging) : undefined
}

/** Elsewhere a mute container holds up no relist: what does is the runtime itself, and when that answers nobody knows. */
const mayForecast = ({ relist, runtime, evented }: Judging): boolean =>
  relist.hangs && asksShims.has(runtime) && !evented

function overNow(judging: Judging): Finding {
  const { relist, memory } = judging
  const { times = 1, first = relist.began } = memory.incident ?? {}
  const before = times > 1 ? `, for the ${times}. time since ${timeText(first)}` : ''
  return {
    ...common(judging),
    reason: times > 1 ? 'flapping' : 'pleg-stalled',
    state: 'occurring',
    fact: `${hangText(relist)}, which the kubelet calls unhealthy after ${durationText(relist.thresholdMs)}: NotReady${before}; ${blameText(judging)}`,
  }
}

function hanging(judging: Judging): Finding {
  return {
    ...common(judging),
    reason: 'relist-hangs',
    state: 'exposed',
    ...(judging.mute.length > 0 && { certain: true as const }),
    fact: `${hangText(judging.relist)}; ${forecastText(judging)}`,
  }
}

function overBefore(judging: Judging, incident: Incident): Finding {
  const { relist, mute, memory, runtime } = judging
  const again = relist.hangs || (mute.length > 0 && asksShims.has(runtime))
  const was = wasText(incident, relist.thresholdMs)
  const now = mayForecast(judging) ? `${hangText(relist)}; ${forecastText(judging)}; ` : ''
  const names = namesText(memory.mute)
  const fact = again
    ? `${now}${was}, so that the node is Ready in between does not end it`
    : `${was}; nothing hangs now${names === '' ? '' : `, what was mute is ${names}`}`
  return {
    ...common(judging),
    reason: incident.times > 1 ? 'flapping' : 'pleg-stalled',
    ...(again ? { state: 'occurring' as const } : { state: 'exposed' as const, lately: true as const }),
    fact,
  }
}

function wasText({ first, times, until }: Incident, thresholdMs: number): string {
  const often = times > 1 ? `${times} relists` : 'a relist'
  const end =
    until === undefined ? '' : times > 1 ? `, the last one until ${timeText(until)}` : ` until ${timeText(until)}`
  return `${often} took longer than ${durationText(thresholdMs)} and the node was NotReady (from ${timeText(first)}${end})`
}

const hangText = ({ ageMs, began }: Relist): string =>
  `the kubelet has been in one relist for ${durationText(Math.floor(ageMs / 1000) * 1000)} (since ${timeText(began)})`

/** `two containers that time out at 2 min each: NotReady in about 70 s` */
function forecastText({ relist, mute, memory, long }: Judging): string {
  const mutePods = new Set(mute.map(({ pod }) => pod)).size
  const again = long.times > (memory.calm ?? 0)
  const soon = aboutText(notReadyIn({ relist, mutePods, again }))
  if (mutePods === 0)
    return `no container was mute when it was asked: NotReady in ${soon}, unless the relist ends before`
  const names = namesText(mute.map(({ name }) => name))
  const one = mute.length === 1
  const what = `${mute.length} ${one ? 'container that times' : 'containers that time'} out at 2 min${one ? '' : ' each'}`
  return `${what}${again ? ', twice in each relist' : ''} (${names}): NotReady in ${soon}`
}

/** A relist and the status of a node are some seconds late, so seconds are no use. */
const aboutText = (ms: number): string =>
  ms < 10_000
    ? 'a few seconds'
    : `about ${ms < 120_000 ? `${Math.round(ms / 10_000) * 10} s` : durationText(Math.round(ms / 10_000) * 10_000)}`

function blameText({ mute, runtime }: Judging): string {
  if (!asksShims.has(runtime))
    return `${runtime === '' ? 'the runtime' : runtime} answers the kubelet from memory, so this is more than one container`
  return mute.length === 0
    ? 'no container was mute when it was asked'
    : `it waits for ${namesText(mute.map(({ name }) => name))}`
}

function common(judging: Judging): Pick<Finding, 'evidence' | 'remedy'> {
  const { relist, long, mute, runtime } = judging
  const blames = asksShims.has(runtime)
  const age = `${timeText(relist.began)}, ${durationText(relist.ageMs)} before it was asked`
  return {
    evidence: [
      read('last relist', age, '/metrics of the kubelet: kubelet_pleg_last_seen_seconds'),
      ...(long.times > 0 ? [longSeen(long)] : []),
      ...(blames ? mute.slice(0, 10).map(muteSeen) : []),
    ],
    remedy: remedyOf(judging),
  }
}

function remedyOf({ relist, mute, runtime }: Judging): readonly Step[] {
  if (asksShims.has(runtime) && mute.length > 0)
    return [endMute(mute.map(({ name }) => name)), restartRuntime({ runtime })]
  return relist.hangs ? [lookAtRuntime('this node', { runtime })] : []
}

const longSeen = ({ times, of, atLeastMs }: LongRelists): Evidence =>
  read(
    'relists of more than 10 s',
    `${times} of ${of} since the kubelet started, at least ${durationText(atLeastMs)} each on average`,
    '/metrics of the kubelet: kubelet_pleg_relist_duration_seconds',
  )

const muteSeen = ({ name, id, shims }: Mute): Evidence =>
  read('mute container', `${name}: ${shims.join(', ') || 'no shim'}`, `the runtime, for ${id.slice(0, 12)}`)

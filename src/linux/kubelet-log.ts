// What the kubelet says of its own health, in the words of every generation since 1.3: log lines, and the messages of the
// Ready condition. Sources: pkg/kubelet/runtime.go (the phrases and how they are joined), pkg/kubelet/pleg/generic.go
// (the ages), pkg/kubelet/nodestatus/setters.go ("Node became not ready").
import { DurationError, parseDuration } from '../objects/duration.ts'
import { type LogClock, type LogLine, parseGoTime, parseLogLine } from './klog.ts'

/** How long ago the last relist began of which the list of containers came, and from when on the kubelet calls that unhealthy; ms. */
export interface Pleg {
  readonly ageMs: number
  readonly thresholdMs: number
}

/** Why the kubelet does not look after its Pods. */
export interface KubeletHealth {
  /** The runtime itself does not answer: not just one container of it. */
  readonly runtimeDown: boolean
  readonly pleg?: Pleg
  /** It has only just started, and has not looked yet. */
  readonly starting: boolean
  /** What else it says, as it says it; empty if nothing. */
  readonly other: string
}

const seenAgo = /\w*PLEG is not healthy: pleg was last seen active ([^\s;]+) ago; threshold is ([\d.a-zµμ]+)/
const down = /container runtime is down/i
/** From 1.17 on it says so by itself. */
const notYet = [
  /container runtime status check may not have completed yet/,
  /\w*PLEG is not healthy: pleg has yet to be successful/,
]

/** Up to 1.16 a kubelet that never listed counted from the year 1, which Go cuts to the longest duration: 292 years. */
const never = 2n ** 63n / 1_000_000_000n - 1n

/**
 * Reads the reasons of a log line or of a condition's message. Old kubelets print a Go slice (blanks between) in the log
 * and join with "," in the condition, newer ones aggregate errors ("[a, b]"), and a single reason has no brackets: so the
 * known phrases are looked for, wherever they stand, and what is left is `other`.
 */
export function kubeletHealth(message: string): KubeletHealth {
  const told = /^"?skipping pod synchronization"?(?:\s+-\s+|\s+err=)?(.*)$/is.exec(message.trim())
  let rest = withoutPair(withoutPair(told?.[1] ?? message.trim(), '"', '"'), '[', ']')
  const runtimeDown = down.test(rest)
  rest = rest.replace(down, '')
  let starting = false
  for (const phrase of notYet) {
    starting ||= phrase.test(rest)
    rest = rest.replace(phrase, '')
  }
  const ago = seenAgo.exec(rest)
  const age = nanoseconds(ago?.[1])
  const threshold = nanoseconds(ago?.[2])
  let pleg: Pleg | undefined
  if (ago && age !== undefined && threshold !== undefined) {
    if (age / 1_000_000_000n >= never) starting = true
    else pleg = { ageMs: Number(age) / 1e6, thresholdMs: Number(threshold) / 1e6 }
    rest = rest.replace(ago[0], '')
  }
  const other = rest.replace(/(?:\s*,\s*){2,}/g, ', ').replace(/^[\s,]+|[\s,]+$/g, '')
  return { runtimeDown, ...(pleg && { pleg }), starting, other }
}

const withoutPair = (text: string, open: string, close: string): string =>
  text.length > 1 && text.startsWith(open) && text.endsWith(close) ? text.slice(1, -1).trim() : text

function nanoseconds(text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined
  try {
    return parseDuration(text)
  } catch (error) {
    if (error instanceof DurationError) return undefined
    throw error
  }
}

/** A line that tells something of a node's health. `at`: ms UTC; undefined where the line carries no time. */
export type KubeletEntry =
  | {
      readonly tells: 'skipped'
      readonly at: number | undefined
      readonly health: KubeletHealth
    }
  | {
      readonly tells: 'not-ready'
      /** When the condition changed, which is more exact than when it was logged. */
      readonly at: number | undefined
      /** How long the kubelet had been running, ms; where Go's monotonic reading tells. */
      readonly uptimeMs?: number
      readonly health: KubeletHealth
    }
  | ({ readonly tells: 'uninspectable'; readonly at: number | undefined } & Uninspectable)

/** A container or sandbox for which the runtime gave no answer in time: most likely what a relist hangs on. */
export interface Uninspectable {
  readonly container?: string
  readonly sandbox?: string
  readonly pod?: { readonly namespace: string; readonly name: string; readonly uid?: string }
}

/** Reads one line; undefined for one that tells nothing of this. */
export function parseKubeletLine(text: string, clock: LogClock): KubeletEntry | undefined {
  const line = parseLogLine(text, clock)
  if (/^skipping pod synchronization/i.test(line.message)) {
    const health = kubeletHealth(line.fields.err === undefined ? line.message : line.fields.err)
    return { tells: 'skipped', at: line.at, health }
  }
  if (/^node became not ready/i.test(line.message)) return notReady(line)
  return uninspectable(line)
}

/** `{Type:Ready Status:False ... Message:...}` up to 1.25 and JSON from then on; the message ends at the last brace. */
function notReady(line: LogLine): KubeletEntry {
  const condition = line.fields.condition ?? /\{.*\}/s.exec(line.message)?.[0] ?? ''
  const json = jsonCondition(condition)
  if (json) {
    const at = Date.parse(json.lastTransitionTime)
    return { tells: 'not-ready', at: Number.isNaN(at) ? line.at : at, health: kubeletHealth(json.message) }
  }
  const time = /LastTransitionTime:(.+?) Reason:/s.exec(condition)?.[1]
  const changed = time === undefined ? undefined : parseGoTime(time)
  const message = /[{ ]Message:(.*)\}$/s.exec(condition)?.[1] ?? ''
  return {
    tells: 'not-ready',
    at: changed?.at ?? line.at,
    ...(changed?.monotonic !== undefined && { uptimeMs: changed.monotonic * 1000 }),
    health: kubeletHealth(message),
  }
}

function jsonCondition(text: string): { lastTransitionTime: string; message: string } | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    const { lastTransitionTime, message } = Object.fromEntries(Object.entries(parsed ?? {}))
    return { lastTransitionTime: String(lastTransitionTime), message: String(message ?? '') }
  } catch {
    return undefined // the older form
  }
}

/** The runtime did not answer within `--runtime-request-timeout` (2 minutes unless set). */
const noAnswer = /code = DeadlineExceeded/
const id = '["\\s]*([0-9a-f]{12,64})\\b'
const ofSandbox = new RegExp(`PodSandboxStatus(?: of sandbox)?${id}`)
const ofContainer = new RegExp(`ContainerStatus${id}`)
/** pkg/kubelet/util/format: `name_namespace(uid)`; structured logging has `namespace/name`. */
const oldPod = /\bpod "([^_"]+)_([^("]+)\(([^)"]+)\)"/

function uninspectable({ at, message, fields }: LogLine): KubeletEntry | undefined {
  if (!noAnswer.test(message) && !noAnswer.test(fields.err ?? '')) return undefined
  const sandbox = ofSandbox.exec(message)?.[1] ?? fields.podSandboxID ?? fields.podSandboxId
  const container = ofContainer.exec(message)?.[1] ?? fields.containerID ?? fields.containerId
  const [, name, namespace, uid] = oldPod.exec(message) ?? []
  const [newNamespace, newName] = fields.pod?.includes('/') ? fields.pod.split('/') : []
  const pod =
    name && namespace
      ? { namespace, name, ...(uid && { uid }) }
      : newNamespace && newName
        ? { namespace: newNamespace, name: newName, ...(fields.podUID && { uid: fields.podUID }) }
        : undefined
  if (!sandbox && !container) return undefined
  return {
    tells: 'uninspectable',
    at,
    ...(container && { container }),
    ...(sandbox && { sandbox }),
    ...(pod && { pod }),
  }
}

/** One stretch of time without a relist, however often it was told; ms UTC. */
export interface Stall {
  /** When the last relist began: the same instant for all lines of one stall. */
  readonly lastRelist: number
  readonly firstTold: number
  readonly lastTold: number
  readonly thresholdMs: number
  /** How many lines told it. */
  readonly lines: number
}

/** Relists are at least a second apart (pleg.go, genericPlegRelistPeriod), so what is nearer is one and the same (ms). */
const sameRelist = 1000

/** The stalls that lines tell, in the order of their times. Time minus age is the last relist. */
export function stallsOf(entries: readonly KubeletEntry[]): Stall[] {
  const stalls: Stall[] = []
  const told = entries.flatMap((entry) => {
    if (entry.tells === 'uninspectable' || entry.at === undefined || !entry.health.pleg) return []
    return [{ at: entry.at, lastRelist: entry.at - entry.health.pleg.ageMs, ...entry.health.pleg }]
  })
  for (const { at, lastRelist, thresholdMs } of told.toSorted((a, b) => a.at - b.at)) {
    const last = stalls.at(-1)
    if (last && Math.abs(lastRelist - last.lastRelist) < sameRelist) {
      stalls[stalls.length - 1] = { ...last, lastTold: at, lines: last.lines + 1 }
    } else stalls.push({ lastRelist, firstTold: at, lastTold: at, thresholdMs, lines: 1 })
  }
  return stalls
}

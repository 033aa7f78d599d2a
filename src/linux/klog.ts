// Lines of a Kubernetes component's log, as klog writes them and as journald hands them on. Times of a line carry neither
// a year nor a zone, so both come from who reads it.
import type { Zone } from '../contract/hazard.ts'

/** What a line's own time lacks. */
export interface LogClock {
  /** When the log was read, ms UTC: of the years that a line may be of, the latest that is not after this. */
  readonly asOf: number
  /** The node's zone; klog writes local time. Without it: UTC. */
  readonly zone?: Zone
}

export interface LogLine {
  /** ms UTC, with fractions; undefined where the line does not say. */
  readonly at?: number
  /** The node that journald names. */
  readonly host?: string
  /** Without anything that stood before it, and without the quotes of structured logging. */
  readonly message: string
  /** Keys of structured logging, their values without quotes. */
  readonly fields: Readonly<Record<string, string>>
}

/** Clocks of a node and of who reads its log may differ by so much (ms). */
const clockSkew = 86_400_000

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** journalctl's `short` and `short-precise`; the pid is not always there. */
const journal =
  /^(?<month>[A-Z][a-z]{2}) +(?<day>\d{1,2}) (?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d(?:\.\d+)?) (?<host>\S+) [\w.-]+(?:\[\d+\])?: /
/** journalctl's `short-iso` and `short-iso-precise`, and syslog's newer form. */
const isoJournal =
  /^(?<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)) (?<host>\S+) [\w.-]+(?:\[\d+\])?: /
/** klog.go, formatHeader: `Lmmdd hh:mm:ss.uuuuuu threadid file:line] `. */
const header =
  /^[IWEF](?<month>\d\d)(?<day>\d\d) (?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d\.\d+) +\d+ [^\s\]]+:\d+\] /

/** Reads one line in any of these forms; what is none of them is all message. */
export function parseLogLine(line: string, clock: LogClock): LogLine {
  const text = line.trimEnd()
  const short = journal.exec(text)
  const iso = short ? null : isoJournal.exec(text)
  const host = (short ?? iso)?.groups?.host
  const rest = text.slice((short ?? iso)?.[0].length ?? 0)
  const klog = header.exec(rest)
  const body = rest.slice(klog?.[0].length ?? 0)
  const json = klog ? undefined : jsonLine(body)
  // klog's time is when it happened; journald's is when it came to know.
  const at =
    json?.at ??
    (klog ? localTime(klog.groups, clock) : undefined) ??
    (short ? localTime(short.groups, clock) : undefined) ??
    isoTime(iso?.groups?.time)
  const said = json ?? structured(body)
  return {
    ...(at !== undefined && { at }),
    ...(host !== undefined && { host }),
    message: said.message,
    fields: said.fields,
  }
}

type Groups = Readonly<Record<string, string | undefined>> | undefined

function localTime(groups: Groups, { asOf, zone }: LogClock): number | undefined {
  const { month = '', day, hour, minute, second } = groups ?? {}
  const place = months.indexOf(month)
  const monthNumber = place < 0 ? Number(month) : place + 1
  const thisYear = new Date(asOf).getUTCFullYear()
  // Next year's too: the log may be read on New Year's Eve, and be of a zone that is ahead.
  for (const year of [thisYear + 1, thisYear, thisYear - 1]) {
    const midnight = Date.UTC(year, monthNumber - 1, Number(day))
    if (Number.isNaN(midnight) || new Date(midnight).getUTCDate() !== Number(day)) continue
    const local = midnight + (Number(hour) * 60 + Number(minute)) * 60_000 + Number(second) * 1000
    const at = zone ? toUtc(local, zone) : local
    if (at <= asOf + clockSkew) return at
  }
  return undefined
}

/** Of the hour that comes twice when clocks go back the later one, of the one that does not exist whatever is near. */
function toUtc(local: number, zone: Zone): number {
  const near = local - zone.stretch(local).offset
  return local - zone.stretch(near).offset
}

function isoTime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const [, whole = '', fraction = '', zone = ''] = /^([^.,Z+]+?)(?:[.,](\d+))?(Z|[+-]\d\d:?\d\d)$/.exec(text) ?? []
  const ms = Date.parse(whole + zone.replace(/(\d\d)(\d\d)$/, '$1:$2'))
  return Number.isNaN(ms) ? undefined : ms + Number(`0.${fraction || '0'}`) * 1000
}

/** A time as Go's `Time.String` prints it. */
export interface GoTime {
  /** ms UTC, with fractions: exact to a microsecond. */
  readonly at: number
  /** The monotonic reading after `m=`: seconds since the process started. */
  readonly monotonic?: number
}

/**
 * `2021-07-21 10:13:09.879700705 +0800 CST m=+142206.106938509`. The zone's name is not looked at: CST is three zones,
 * the numeric offset is one.
 */
export function parseGoTime(text: string): GoTime | undefined {
  const match =
    /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))? ([+-]\d\d)(\d\d)(?: [A-Z+-][\w+-]*)?(?: m=([+-]\d+(?:\.\d+)?))?$/.exec(
      text.trim(),
    )
  if (!match) return undefined
  const [, day, time, fraction, hours, minutes, monotonic] = match
  const ms = Date.parse(`${day}T${time}${hours}:${minutes}`)
  if (Number.isNaN(ms)) return undefined
  const at = ms + Number(`0.${fraction ?? '0'}`) * 1000
  return { at, ...(monotonic !== undefined && { monotonic: Number(monotonic) }) }
}

interface Said {
  readonly message: string
  readonly fields: Readonly<Record<string, string>>
}

/** `"Message" key="value" other={...}` (klog.InfoS); anything else is a message as it stands. */
function structured(body: string): Said {
  const quoted = /^"((?:[^"\\]|\\.)*)"(.*)$/s.exec(body)
  if (!quoted) return { message: body, fields: {} }
  const fields: Record<string, string> = {}
  // A struct has blanks in it, and may have any brace in its text: it ends at the last one of the line.
  for (const [, key = '', text, struct, word] of (quoted[2] ?? '').matchAll(
    /\s([\w.-]+)=(?:"((?:[^"\\]|\\.)*)"|(\{.*\})|(\S*))/gs,
  )) {
    fields[key] = text === undefined ? (struct ?? word ?? '') : unquote(text)
  }
  return { message: unquote(quoted[1] ?? ''), fields }
}

/** The escapes of Go's strconv.Quote that messages have; others stay as they are. */
const unquote = (text: string): string =>
  text.replace(/\\(["\\nt])/g, (_, letter: string) => ({ n: '\n', t: '\t' })[letter] ?? letter)

/** `--logging-format=json`: one object per line, `ts` in ms since 1970. */
function jsonLine(body: string): (Said & { readonly at?: number }) | undefined {
  if (!body.startsWith('{')) return undefined
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return undefined // a line may begin with a brace for other reasons
  }
  const entries = Object.entries(parsed ?? {})
  const { ts, msg } = Object.fromEntries(entries)
  if (typeof msg !== 'string') return undefined
  const fields = entries
    .filter(([key]) => key !== 'ts' && key !== 'msg')
    .map(([key, value]): [string, string] => [key, typeof value === 'string' ? value : JSON.stringify(value)])
  return { ...(typeof ts === 'number' && { at: ts }), message: msg, fields: Object.fromEntries(fields) }
}

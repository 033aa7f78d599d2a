import type { Stretch, Zone } from '../contract/hazard.ts'
import { SECOND } from './calendar.ts'
import { parsePosixRule } from './posix-rule.ts'
import { stretchesOf, tableZone } from './zone.ts'

/** A time zone file that cannot be understood; the message says which, where and why. */
export class TzifError extends Error {
  override readonly name = 'TzifError'
}

const MAGIC = 0x545a6966 // "TZif"
const HEADER_BYTES = 44
const TYPE_BYTES = 6

interface Header {
  readonly version: number
  /** Bytes of an instant and of a leap second's instant: 4 in the first block, 8 in the second. */
  readonly timeBytes: 4 | 8
  readonly isUt: number
  readonly isStandard: number
  readonly leaps: number
  readonly times: number
  readonly types: number
  readonly chars: number
}

/**
 * A zone from the bytes of a TZif file (RFC 9636, RFC 8536): the 64-bit block where there is one, and its footer
 * for what comes after the last transition, without which "slim" files would stop in the past.
 * Leap seconds are left out, as Go leaves them out. Throws TzifError.
 */
export function parseTzif(bytes: Uint8Array, name: string): Zone {
  try {
    return readZone(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), bytes, name)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new TzifError(`time zone "${name}": expected a TZif file, but it ends too early (${bytes.length} bytes)`)
  }
}

function readZone(view: DataView, bytes: Uint8Array, name: string): Zone {
  const first = readHeader(view, 0, 4, name)
  if (first.version === 1) return tableZone(name, stretchesOf(...readBlock(view, HEADER_BYTES, first, name)))
  const at = HEADER_BYTES + blockBytes(first)
  const header = readHeader(view, at, 8, name)
  const [before, changes] = readBlock(view, at + HEADER_BYTES, header, name)
  const stretches = stretchesOf(before, changes)
  const rule = readFooter(bytes.subarray(at + HEADER_BYTES + blockBytes(header)), name)
  const lastChange = changes.at(-1)?.at ?? Number.NEGATIVE_INFINITY
  return rule ? tableZone(name, ...joined(stretches, lastChange, rule)) : tableZone(name, stretches)
}

/** The table up to its last change, then the rule, with the two stretches that meet there made one. */
function joined(
  stretches: readonly Stretch[],
  lastChange: number,
  rule: (ms: number) => Stretch,
): [readonly Stretch[], number, (ms: number) => Stretch] {
  const seam = rule(lastChange)
  const last = stretches.at(-1)
  // In the table the last stretch has no end; the rule knows it.
  const table = last && last.offset === seam.offset ? [...stretches.slice(0, -1), { ...last, to: seam.to }] : stretches
  const from = table === stretches ? lastChange : seam.to
  return [
    table.map((stretch) => (stretch.to > from ? { ...stretch, to: from } : stretch)),
    from,
    (ms) => {
      const stretch = rule(ms)
      return stretch.from < from ? { ...stretch, from } : stretch
    },
  ]
}

function readHeader(view: DataView, at: number, timeBytes: 4 | 8, name: string): Header {
  if (view.getUint32(at) !== MAGIC)
    throw new TzifError(`time zone "${name}": expected a TZif file, found none at byte ${at}`)
  const version = view.getUint8(at + 4)
  const count = (place: number): number => view.getUint32(at + 20 + place * 4)
  const header = {
    // The first version writes a zero byte, the others an ASCII digit.
    version: version === 0 ? 1 : version - 0x30,
    timeBytes,
    isUt: count(0),
    isStandard: count(1),
    leaps: count(2),
    times: count(3),
    types: count(4),
    chars: count(5),
  }
  if (header.types === 0) throw new TzifError(`time zone "${name}": expected at least one local time type, found none`)
  return header
}

const blockBytes = (h: Header): number =>
  h.times * (h.timeBytes + 1) + h.types * TYPE_BYTES + h.chars + h.leaps * (h.timeBytes + 4) + h.isStandard + h.isUt

/** The offset before the first change, that of type 0 (RFC 9636, section 3.2), and the changes; all in ms. */
function readBlock(
  view: DataView,
  at: number,
  header: Header,
  name: string,
): [number, readonly { readonly at: number; readonly offset: number }[]] {
  const { times, timeBytes, types } = header
  const indexAt = at + times * timeBytes
  const typeAt = indexAt + times
  const offsetOf = (type: number): number => {
    if (type >= types)
      throw new TzifError(`time zone "${name}": expected a local time type below ${types}, found ${type}`)
    return view.getInt32(typeAt + type * TYPE_BYTES) * SECOND
  }
  const changes = Array.from({ length: times }, (_, i) => ({
    at: (timeBytes === 4 ? view.getInt32(at + i * 4) : Number(view.getBigInt64(at + i * 8))) * SECOND,
    offset: offsetOf(view.getUint8(indexAt + i)),
  }))
  return [offsetOf(0), changes]
}

function readFooter(bytes: Uint8Array, name: string): ((ms: number) => Stretch) | undefined {
  const text = new TextDecoder('latin1').decode(bytes)
  const rule = /^\n(.*)\n/.exec(text)?.[1]
  if (rule === undefined)
    throw new TzifError(`time zone "${name}": expected a footer between two line ends, found none`)
  if (rule === '') return undefined
  const parsed = parsePosixRule(rule)
  if (!parsed) throw new TzifError(`time zone "${name}": expected a POSIX TZ string in the footer, found "${rule}"`)
  return parsed
}

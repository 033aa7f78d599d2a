import { createRequire } from 'node:module'
import type { Zone, Zones } from '../contract/hazard.ts'
import { SECOND } from './calendar.ts'
import { stretchesOf, tableZone } from './zone.ts'

interface PackedData {
  readonly version: string
  /** "name|abbreviations|offsets|which offset|distances of the changes|people". */
  readonly zones: readonly string[]
  /** "name|another name of it". */
  readonly links: readonly string[]
}

/**
 * The time zones that come with this package: the data of moment-timezone, all zones and links, exact from the first
 * local mean time to the end of 2037; after that each zone keeps its last offset. Read when first asked.
 */
export function packedZones(): Zones {
  let opened: Zones | undefined
  const open = (): Zones => {
    opened ??= openPacked(createRequire(import.meta.url)('moment-timezone/data/packed/latest.json'))
    return opened
  }
  return {
    get data() {
      return open().data
    },
    find: (name) => open().find(name),
  }
}

function openPacked(data: PackedData): Zones {
  const packed = new Map(data.zones.map((line) => [line.slice(0, line.indexOf('|')), line]))
  for (const link of data.links) {
    const [target = '', name = ''] = link.split('|')
    const line = packed.get(target)
    if (line !== undefined) packed.set(name, line)
  }
  const zones = new Map<string, Zone>()
  return {
    data: `tzdata ${data.version} of moment-timezone`,
    find(name) {
      const line = packed.get(name)
      if (line === undefined) return undefined
      const zone = zones.get(name) ?? unpack(name, line)
      zones.set(name, zone)
      return zone
    },
  }
}

function unpack(name: string, line: string): Zone {
  const [, , offsetText = '', order = '', distanceText = ''] = line.split('|')
  // Minutes west of Greenwich.
  const offsets = offsetText.split(' ').map((text) => 0 - Math.round(base60(text) * 60) * SECOND)
  const offsetAt = (place: number): number => offsets[digit(order.charCodeAt(place))] ?? 0
  let minutes = 0
  const distances = distanceText === '' ? [] : distanceText.split(' ')
  const changes = distances.map((text, i) => {
    minutes += base60(text)
    return { at: Math.round(minutes * 60) * SECOND, offset: offsetAt(i + 1) }
  })
  return tableZone(name, stretchesOf(offsetAt(0), changes))
}

/** 0-9, a-z, A-X stand for 0 to 59. */
function digit(code: number): number {
  if (code > 96) return code - 87
  return code > 64 ? code - 29 : code - 48
}

function base60(text: string): number {
  const [whole = '', fraction = ''] = text.replace(/^-/, '').split('.')
  let value = 0
  for (let i = 0; i < whole.length; i++) value = value * 60 + digit(whole.charCodeAt(i))
  let unit = 1
  for (let i = 0; i < fraction.length; i++) {
    unit /= 60
    value += digit(fraction.charCodeAt(i)) * unit
  }
  return text.startsWith('-') ? -value : value
}

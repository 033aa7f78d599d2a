// Reads what a node shows of IPVS. Connections are not listed (/proc/<pid>/net/ip_vs_conn may have millions): the table has how many
// each server has.
import { readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { parseKernelVersion } from '../linux/conntrack.ts'
import {
  dummyDevice,
  type IpvsSeen,
  type IpvsSwitches,
  ipvsSwitches,
  parseIpvsTable,
  parseIpvsTimeouts,
} from '../linux/ipvs.ts'
import type { NotRead } from '../linux/network.ts'
import { type OnLink, parseDevices, parseOnLink } from '../linux/routes.ts'
import { runTool } from './host-tool.ts'
import { readProc, textOf, type Unread, unread } from './proc-files.ts'

export interface IpvsReader {
  /** The host's /proc; its first process is in the namespace that is read. */
  readonly proc: string
  /** How long ipvsadm may take (ms). */
  readonly toolMs: number
}

/** A node of 10,000 Services with ten Pods each has some 6 MB. */
const mostBytes = 1 << 25

const notLoaded: NotRead = { because: 'IPVS is not loaded' }

/** Never throws for the world's faults: each part says why it was not read. Without IPVS nothing else is asked. */
export async function readIpvs({ proc, toolMs }: IpvsReader): Promise<IpvsSeen> {
  const kernel = parseKernelVersion(textOf(readProc(join(proc, 'sys/kernel/osrelease'))))
  const known = kernel && { kernel }
  const table = tableOf(proc)
  if (table === undefined)
    return { ...known, switches: notLoaded, timeouts: notLoaded, dummy: notLoaded, onLink: notLoaded }
  const stranger = isElsewhere(proc)
  return {
    ...known,
    table,
    switches: stranger ?? switchesOf(proc),
    timeouts: stranger ?? (await timeoutsOf(toolMs)),
    dummy: dummyOf(proc),
    onLink: onLinkOf(proc, stranger),
  }
}

/** Undefined if the namespace of the first process can be looked at and has no table. */
function tableOf(proc: string): IpvsSeen['table'] {
  const path = join(proc, '1/net/ip_vs')
  const text = readProc(path, mostBytes)
  if (typeof text === 'string')
    return parseIpvsTable(text) ?? { because: `"${path}" has another header than a table of IPVS` }
  if (!text.vanished) return cannot(path, text)
  const net = listed(join(proc, '1/net'))
  return net === undefined ? undefined : cannot(join(proc, '1/net'), net)
}

function listed(folder: string): Unread | undefined {
  try {
    readdirSync(folder)
    return undefined
  } catch (error) {
    return unread(error)
  }
}

/** Whoever's /proc it is, its sys/net is that of the reader's own namespace, and so is what tools tell. */
function isElsewhere(proc: string): NotRead | undefined {
  const [own, host] = ['self', '1'].map((pid) => namespaceOf(join(proc, pid, 'ns/net')))
  if (own === undefined || host === undefined || own === host) return undefined
  return { because: "the agent is not in the host's network (hostNetwork), so its sysctls are not those of the host" }
}

function namespaceOf(link: string): string | undefined {
  try {
    return readlinkSync(link)
  } catch {
    return undefined
  }
}

function switchesOf(proc: string): IpvsSeen['switches'] {
  const folder = join(proc, 'sys/net/ipv4/vs')
  const missing = listed(folder)
  if (missing) return cannot(folder, missing)
  const read: Partial<Record<keyof IpvsSwitches, number>> = {}
  for (const name of ipvsSwitches) {
    const path = join(folder, name)
    const text = readProc(path)
    if (typeof text === 'string') {
      const value = wholeNumber(text)
      if (value === undefined) return { because: `"${path}" holds no number: ${JSON.stringify(text.slice(0, 40))}` }
      read[name] = value
    } else if (!text.vanished) return cannot(path, text)
  }
  return read
}

const wholeNumber = (text: string): number | undefined => (/^\d+$/.test(text.trim()) ? Number(text) : undefined)

async function timeoutsOf(toolMs: number): Promise<IpvsSeen['timeouts']> {
  const told = await runTool({ toolMs }, 'ipvsadm', ['-l', '--timeout'])
  if (!('text' in told)) return { because: `ipvsadm: ${told.because}` }
  return parseIpvsTimeouts(told.text) ?? { because: 'ipvsadm printed something else than timeouts' }
}

function dummyOf(proc: string): IpvsSeen['dummy'] {
  const path = join(proc, '1/net/dev')
  const text = readProc(path)
  if (typeof text !== 'string') return cannot(path, text)
  return parseDevices(text)?.includes(dummyDevice) ?? { because: `"${path}" has no header` }
}

function onLinkOf(proc: string, stranger: NotRead | undefined): IpvsSeen['onLink'] {
  const path = join(proc, '1/net/route')
  const text = readProc(path)
  if (typeof text !== 'string') return cannot(path, text)
  const found = parseOnLink(text)?.filter(({ device }) => device !== dummyDevice)
  if (!found) return { because: `"${path}" has no header` }
  return found.map((one) => withArp(proc, one, stranger))
}

/** The larger one holds (net/ipv4/arp.c; Documentation/networking/ip-sysctl.rst, arp_ignore). */
function withArp(proc: string, one: OnLink, stranger: NotRead | undefined): OnLink {
  if (stranger) return one
  const values = ['all', one.device].map((name) =>
    wholeNumber(textOf(readProc(join(proc, 'sys/net/ipv4/conf', name, 'arp_ignore')))),
  )
  const [all, own] = values
  return all === undefined || own === undefined ? one : { ...one, arpIgnore: Math.max(all, own) }
}

const cannot = (path: string, { code }: Unread): NotRead => ({ because: `cannot read "${path}": ${code}` })

// Reads how many flows of the conntrack table go to each destination, as a stream: of 262,144 entries 50 MB are printed.
import { spawn } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { type Destinations, FlowCount, nearShare } from '../linux/destinations.ts'
import { isRead, type NetworkSeen, type NotRead } from '../linux/network.ts'
import { sizeOf, smallestRange } from '../linux/port-range.ts'
import { inPlace, type ToolLimits } from './host-tool.ts'

/** More than these are of no interest. */
const mostTold = 5

/**
 * Only where the table has as many entries as it takes for one destination to be near the end of its ports, else there is none to tell.
 *
 * IPv4 alone where conntrack is older than 1.4.7, which lists no other family unasked.
 *
 * conntrack comes first and the file second: before Linux 6.16 each read of the file walks the table from its beginning, which of a
 * large one takes minutes (net/netfilter/nf_conntrack_standalone.c, ct_get_idx).
 * @param net `<proc>/<pid>/net` of a process in the namespace.
 */
export async function readDestinations(
  net: string,
  limits: ToolLimits,
  rules: NetworkSeen['rules'],
  table: NetworkSeen['table'],
): Promise<Destinations | NotRead> {
  if (!isRead(table)) return { because: table.because }
  if (table.count < nearShare * sizeOf(smallestRange(isRead(rules) ? rules.snat : []))) return { busiest: [] }
  const byTool = await ofTool(limits)
  if (isRead(byTool)) return byTool
  const path = join(net, 'nf_conntrack')
  const byFile = await ofStream(createReadStream(path), limits.toolMs)
  return isRead(byFile) ? byFile : { because: `conntrack -L: ${byTool.because}; "${path}": ${byFile.because}` }
}

async function ofTool(limits: ToolLimits): Promise<Destinations | NotRead> {
  const [program, args] = inPlace(limits, 'conntrack', ['-L', '-o', 'extended'])
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } })
  let complaint = ''
  child.stderr.on('data', (part: Buffer) => {
    complaint += part.toString().slice(0, 1000)
  })
  const ended = new Promise<string | undefined>((resolve) => {
    child.once('error', ({ message }) => resolve(message))
    child.once('close', (code) =>
      resolve(code === 0 ? undefined : complaint.trim().split('\n')[0] || `it ended with ${code}`),
    )
  })
  const read = await ofStream(child.stdout, limits.toolMs)
  if (!isRead(read)) {
    child.kill('SIGKILL')
    child.stderr.destroy()
    child.unref()
    return read
  }
  const because = await ended
  return because === undefined ? read : { because }
}

/** Counts line by line; gives up after `limitMs`. */
function ofStream(stream: Readable, limitMs: number): Promise<Destinations | NotRead> {
  const counts = new FlowCount()
  let rest = ''
  return new Promise((resolve) => {
    const deadline = setTimeout(() => {
      stream.destroy()
      resolve({ because: `not read to its end within ${limitMs / 1000} s` })
    }, limitMs)
    const end = (seen: Destinations | NotRead): void => {
      clearTimeout(deadline)
      resolve(seen)
    }
    stream.setEncoding('latin1')
    stream.on('data', (part: string) => {
      const text = rest + part
      let from = 0
      for (let to = text.indexOf('\n'); to >= 0; to = text.indexOf('\n', from)) {
        counts.add(text.slice(from, to))
        from = to + 1
      }
      rest = text.slice(from)
    })
    stream.once('error', ({ message }) => end({ because: message }))
    // Of a program that could not be started there is no end.
    stream.once('close', () => {
      counts.add(rest)
      end({ busiest: counts.busiest(mostTold) })
    })
  })
}

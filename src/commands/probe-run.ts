// What `roadcrew probe` does. Loaded only for it.
import { probeConnects } from '../node/connect-probe.ts'
import { type Io, UsageError } from './io.ts'
import type { ProbeOptions } from './probe.ts'
import { probePair } from './probe-pair.ts'
import { resultOf, resultText } from './probe-result.ts'

/** @returns the exit code. @throws UsageError if the target is no host and port, or the pair no pair. */
export async function runProbe(target: string, options: ProbeOptions, io: Io): Promise<number> {
  const { host, port } = addressOf(target)
  const { pair, rate, for: seconds, limit, output } = options
  if (pair) return await probePair(target, { host, port }, { ...options, pair }, io)
  const live = io.errIsTerminal && output === 'terminal'
  let slowest = 0
  const probed = await probeConnects({
    host,
    port,
    rate,
    forMs: seconds * 1000,
    limitMs: limit * 1000,
    signal: io.signal,
    ...(live && {
      seen: ({ times }) => {
        slowest = Math.max(slowest, times.at(-1) ?? 0)
        io.err(`\r${times.length} connects, the slowest ${Math.round(slowest)} ms `)
      },
    }),
  })
  if (live) io.err('\r\u001b[K')
  const result = resultOf(target, probed)
  io.out(output === 'json' ? `${JSON.stringify(result, undefined, 2)}\n` : resultText(result, io))
  if (probed.times.length === 0) return 2
  return result.lost > 0 ? 1 : 0
}

/** `host:port` or `[v6]:port`. */
function addressOf(target: string): { readonly host: string; readonly port: number } {
  const [, v6, name, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(target) ?? []
  const host = v6 ?? name
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535)
    throw new UsageError(`"${target}" is no host and port; expected e.g. db.example.com:5432 or [2001:db8::1]:443`)
  return { host, port: Number(port) }
}

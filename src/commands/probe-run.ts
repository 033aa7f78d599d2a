// What `roadcrew probe` does. Loaded only for it.
import { probeConnects } from '../node/connect-probe.ts'
import { type Io, UsageError } from './io.ts'
import type { ProbeOptions } from './probe.ts'
import { probePair } from './probe-pair.ts'
import { resultOf, resultText } from './probe-result.ts'
import { targetOf, targetsAre } from './target.ts'

/** @returns the exit code. @throws UsageError if the target is no host and port, or the pair no pair. */
export async function runProbe(target: string, options: ProbeOptions, io: Io): Promise<number> {
  const { host, port } = targetOf(target) ?? noTarget(target)
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

function noTarget(text: string): never {
  throw new UsageError(`"${text}" is no host and port; expected ${targetsAre}`)
}

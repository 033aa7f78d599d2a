import { setMaxListeners } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface ConnectProbe {
  readonly host: string
  readonly port: number
  /** Connects a second, begun at even intervals whatever became of the others. */
  readonly rate: number
  /** For how long (ms). */
  readonly forMs: number
  /** How long one may take (ms). */
  readonly limitMs: number
  readonly signal: AbortSignal
  /** Told after each. */
  readonly seen?: (probed: Probed) => void
}

export interface Probed {
  /** How long each connect took that came about (ms). */
  readonly times: number[]
  /** The others, by why: the system's code, or `timeout`. */
  readonly failures: Map<string, number>
}

/** So many at once, and the next ones are left out: a server that does not answer must not be given more and more. */
const mostOpen = 50

/** Connects gently and closes at once; nothing is sent. Ends early when it is aborted, with what was seen so far. */
export async function probeConnects(probe: ConnectProbe): Promise<Probed> {
  const { rate, forMs, signal, seen } = probe
  const probed: Probed = { times: [], failures: new Map() }
  setMaxListeners(mostOpen + 10, signal) // each that is open listens
  const open = new Set<Promise<void>>()
  const began = performance.now()
  for (let count = 0; !signal.aborted && (count / rate) * 1000 < forMs; count++) {
    const due = began + (count / rate) * 1000 - performance.now()
    if (due > 0) await sleep(due, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) break
    if (open.size >= mostOpen) {
      note(probed.failures, 'left out: too many are open')
      continue
    }
    const one: Promise<void> = once(probe, probed).then(() => {
      open.delete(one)
      seen?.(probed)
    })
    open.add(one)
  }
  await Promise.all(open)
  return probed
}

async function once(probe: ConnectProbe, { times, failures }: Probed): Promise<void> {
  const connected = await connectOnce(probe)
  if ('ms' in connected) times.push(connected.ms)
  else note(failures, connected.because)
}

/** How long a connect took (ms, of the handshake alone), or the system's code, `timeout` or `stopped`. */
export type Connected = { readonly ms: number } | { readonly because: string }

/**
 * Connects once and closes at once. Only one address is tried: with several, Node.js turns to the next after 250 ms
 * (autoSelectFamily), which would hide a SYN that was lost. To look a name up is no part of the time: a resolver that waits for
 * 5 s would look like a step of SYN retransmission.
 */
export function connectOnce({
  host,
  port,
  limitMs,
  signal,
}: Pick<ConnectProbe, 'host' | 'port' | 'limitMs' | 'signal'>): Promise<Connected> {
  return new Promise((resolve) => {
    let began = performance.now()
    const socket = connect({ host, port, timeout: limitMs, autoSelectFamily: false })
    const end = (connected: Connected): void => {
      signal.removeEventListener('abort', stop)
      socket.removeAllListeners()
      socket.on('error', () => undefined)
      socket.destroy()
      resolve(connected)
    }
    const stop = (): void => end({ because: 'stopped' })
    signal.addEventListener('abort', stop)
    socket.once('lookup', () => {
      began = performance.now()
    })
    socket.once('connect', () => end({ ms: performance.now() - began }))
    socket.once('timeout', () => end({ because: 'timeout' }))
    socket.once('error', (error: NodeJS.ErrnoException) => end({ because: error.code ?? error.message }))
  })
}

/** Counts one more that failed for this reason. */
export const note = (failures: Map<string, number>, why: string): void =>
  void failures.set(why, (failures.get(why) ?? 0) + 1)

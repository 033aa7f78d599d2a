// The agent's probe: connects to a few servers now and then, for as long as the agent runs.
import { lookup } from 'node:dns/promises'
import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConnectsSeen } from '../linux/connects.ts'
import { type Connected, connectOnce } from '../node/connect-probe.ts'
import { ConnectRecord } from './connect-record.ts'

export interface SteadyProbe {
  readonly targets: readonly { readonly text: string; readonly host: string; readonly port: number }[]
  /** Connects a second to each of them. */
  readonly perSecond: number
  readonly from?: ConnectsSeen['from']
  readonly signal: AbortSignal
  /** ms on a clock that only goes forward. */
  readonly ticks: () => number
  /** From 0 to 1: the agents of a cluster start at once, and shall not connect at once. */
  readonly random: () => number
  /** Told after each connect; `lost`: it met a step of SYN retransmission. */
  readonly told: (target: string, connected: Connected, lost: boolean) => void
  /** Told when a name leads to another address, or to none any more. */
  readonly resolved: (target: string, address: string | { readonly because: string }) => void
}

/** How long one may take (ms): longer than the fourth step, after 15 s. */
const limitMs = 20_000
/** So many at once of one target, and the next ones are left out: a server that does not answer must not be given more and more. */
const mostOpen = 20
/** How long an address is taken for the name's (ms), and when it is asked again for one that has none. */
const addressFor = 60_000
const askAgain = 10_000

/**
 * Starts it. All targets are connected to at the same instant: a process that wakes up ten times a second for one connect each pays
 * twice as much as one that wakes up once for ten.
 * @returns what it saw of each target within the last hour; and what waits for its end after the signal was aborted.
 */
export function probeSteadily(probe: SteadyProbe): {
  readonly seen: () => readonly ConnectsSeen[]
  readonly ended: Promise<unknown>
} {
  const { targets, from, ticks, signal } = probe
  setMaxListeners(targets.length * mostOpen + 10, signal) // each that is open listens
  const probed = targets.map((target) => probedOne(probe, target))
  return {
    seen: () => probed.map(({ target, record }) => ({ target, ...record.seen(ticks()), ...(from && { from }) })),
    ended: beats(probe, () => {
      for (const { next } of probed) next()
    }).then(() => Promise.all(probed.flatMap(({ open }) => [...open]))),
  }
}

/** Ends with the signal. A beat that comes late is not made up for. */
async function beats({ perSecond, ticks, random, signal }: SteadyProbe, beat: () => void): Promise<void> {
  const apart = 1000 / perSecond
  for (let due = ticks() + random() * apart; ; due = Math.max(due + apart, ticks())) {
    await sleep(Math.max(0, due - ticks()), undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    beat()
  }
}

/** One target: what it came to, what is open of it, and what begins the next connect. */
function probedOne(
  { signal, ticks, told, resolved }: SteadyProbe,
  { text, host, port }: SteadyProbe['targets'][number],
): {
  readonly target: string
  readonly record: ConnectRecord
  readonly open: ReadonlySet<Promise<void>>
  readonly next: () => void
} {
  const record = new ConnectRecord()
  const addressNow = addressOf(host, ticks, (address) => resolved(text, address))
  const open = new Set<Promise<void>>()
  const connected = async (): Promise<Connected> => {
    const address = await addressNow()
    return typeof address === 'string' ? await connectOnce({ host: address, port, limitMs, signal }) : address
  }
  const done = (one: Connected): void => {
    if (signal.aborted) return
    const lost = 'ms' in one && record.came(one.ms, ticks())
    if ('because' in one) record.failed(ticks())
    told(text, one, lost)
  }
  const next = (): void => {
    if (open.size >= mostOpen) {
      done({ because: 'left out' })
      return
    }
    const one: Promise<void> = connected().then((is) => {
      open.delete(one)
      done(is)
    })
    open.add(one)
  }
  return { target: text, record, open, next }
}

/** Looks the name up now and then only: once for each connect would be a load on DNS. Of one that is gone the last is kept. */
function addressOf(
  host: string,
  ticks: () => number,
  changed: (address: string | { readonly because: string }) => void,
): () => Promise<string | { readonly because: string }> {
  let known: string | { readonly because: string } = { because: 'not asked yet' }
  let [failed, until] = [false, Number.NEGATIVE_INFINITY]
  let asking: Promise<void> | undefined
  const ask = async (): Promise<void> => {
    const now = await lookup(host).then(
      ({ address }) => address,
      (error: NodeJS.ErrnoException) => ({ because: error.code ?? error.message }),
    )
    const isNew = typeof now === 'string' ? now !== known || failed : !failed
    if (isNew) changed(now)
    if (typeof now === 'string' || typeof known !== 'string') known = now
    failed = typeof now !== 'string'
    until = ticks() + (failed ? askAgain : addressFor)
    asking = undefined
  }
  return async () => {
    if (ticks() >= until) asking ??= ask()
    // Whoever has an address goes on with it meanwhile.
    if (typeof known !== 'string') await asking
    return known
  }
}

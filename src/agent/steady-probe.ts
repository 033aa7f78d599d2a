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

/** Starts it. @returns what it saw of each target within the last hour; and what waits for its end after the signal was aborted. */
export function probeSteadily(probe: SteadyProbe): {
  readonly seen: () => readonly ConnectsSeen[]
  readonly ended: Promise<unknown>
} {
  const { targets, from, ticks, signal } = probe
  setMaxListeners(targets.length * (mostOpen + 1) + 10, signal) // each that is open listens
  const records = targets.map((target) => ({ target, record: new ConnectRecord() }))
  return {
    seen: () =>
      records.map(({ target, record }) => ({ target: target.text, ...record.seen(ticks()), ...(from && { from }) })),
    ended: Promise.all(records.map(({ target, record }) => probeOne(probe, target, record))),
  }
}

async function probeOne(
  { perSecond, signal, ticks, random, told, resolved }: SteadyProbe,
  { text, host, port }: SteadyProbe['targets'][number],
  record: ConnectRecord,
): Promise<void> {
  const apart = 1000 / perSecond
  const addressNow = addressOf(host, ticks, (address) => resolved(text, address))
  const open = new Set<Promise<void>>()
  const done = (connected: Connected): void => {
    if (signal.aborted) return
    const lost = 'ms' in connected && record.came(connected.ms, ticks())
    if ('because' in connected) record.failed(ticks())
    told(text, connected, lost)
  }
  for (let due = ticks() + random() * apart; !signal.aborted; due = Math.max(due + apart, ticks())) {
    await sleep(Math.max(0, due - ticks()), undefined, { signal }).catch(() => undefined)
    if (signal.aborted) break
    const address = await addressNow()
    if (typeof address !== 'string') done(address)
    else if (open.size >= mostOpen) done({ because: 'left out' })
    else {
      const one: Promise<void> = connectOnce({ host: address, port, limitMs, signal }).then((connected) => {
        open.delete(one)
        done(connected)
      })
      open.add(one)
    }
  }
  await Promise.all(open)
}

/** Looks the name up now and then only: once for each connect would be a load on DNS. Of one that is gone the last is kept. */
function addressOf(
  host: string,
  ticks: () => number,
  changed: (address: string | { readonly because: string }) => void,
): () => Promise<string | { readonly because: string }> {
  let known: string | { readonly because: string } = { because: 'not asked yet' }
  let failed = false
  let until = Number.NEGATIVE_INFINITY
  return async () => {
    if (ticks() < until) return known
    const now = await lookup(host).then(
      ({ address }) => address,
      (error: NodeJS.ErrnoException) => ({ because: error.code ?? error.message }),
    )
    if (typeof now !== 'string') {
      if (!failed) changed(now)
      if (typeof known !== 'string') known = now
    } else if (now !== known || failed) {
      changed(now)
      known = now
    }
    failed = typeof now !== 'string'
    until = ticks() + (failed ? askAgain : addressFor)
    return known
  }
}

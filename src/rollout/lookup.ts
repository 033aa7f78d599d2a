// Names to addresses, for many connections in a second.
import { type LookupAddress, lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'

/** ms. The system has four threads for it and asks the network each time, so thousands of questions in a second would be what is measured. */
const heldMs = 1000

type Answered = Parameters<Parameters<typeof lookupAll>[1]>
const lookupAll = (
  name: string,
  answered: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
): void => lookup(name, { all: true }, answered)

/**
 * Asks the system's resolver at most once at a time for each name and holds its answer for a second, as short as the shortest that
 * cluster DNS tells. A failure is not held.
 * @param address what every name is taken for, if given.
 */
export function heldLookup(address?: string): LookupFunction {
  const held = new Map<string, { readonly untilMs: number; readonly addresses: LookupAddress[] }>()
  const asked = new Map<string, ((...answer: Answered) => void)[]>()
  const addressesOf = (name: string, answered: (...answer: Answered) => void): void => {
    const known = held.get(name)
    if (known && known.untilMs > performance.now()) {
      process.nextTick(answered, null, known.addresses)
      return
    }
    const waiting = asked.get(name)
    if (waiting) {
      waiting.push(answered)
      return
    }
    const all = [answered]
    asked.set(name, all)
    lookupAll(name, (error, addresses) => {
      asked.delete(name)
      if (!error) held.set(name, { untilMs: performance.now() + heldMs, addresses })
      for (const one of all) one(error, addresses)
    })
  }
  return (name, options, answered) => {
    const answer = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[] = []): void => {
      const [first] = addresses
      if (options.all || error || !first) answered(error, addresses)
      else answered(null, first.address, first.family)
    }
    if (address === undefined) addressesOf(name, answer)
    else process.nextTick(answer, null, [{ address, family: isIP(address) }])
  }
}

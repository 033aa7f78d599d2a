// What connect times tell of lost SYNs: one that was lost is sent again after a fixed time, so that those connects take it longer,
// and nothing else does so evenly.

/**
 * After how many seconds in all a SYN is sent again, at most so often as it usually is. It doubles from 1 s (RFC 6298, 2.1 and 5.5);
 * since Linux 6.5 the first four wait 1 s each before that (net.ipv4.tcp_syn_linear_timeouts, ip-sysctl.rst).
 */
export const synSteps = { doubling: [1, 3, 7, 15], linear: [1, 2, 3, 4, 5, 7, 11] } as const

/** How much later than its step a connect may end (ms), beside what a connect takes here anyway. */
const late = 250

export interface Steps {
  /** How many connects ended at each step (s) that was met. */
  readonly met: readonly { readonly seconds: number; readonly count: number }[]
  /** Slow without being at a step: the server or the way to it is slow. */
  readonly otherwise: number
}

/**
 * @param times of connects that came about (ms).
 * @param usual what a connect takes as a rule (ms): their median.
 */
export function stepsOf(times: readonly number[], usual: number): Steps {
  const all = [...new Set([...synSteps.doubling, ...synSteps.linear])].toSorted((a, b) => a - b)
  const slow = times.filter((ms) => ms >= 1000)
  const counts = all.map((seconds) => ({
    seconds,
    count: slow.filter((ms) => ms >= seconds * 1000 && ms < seconds * 1000 + usual + late).length,
  }))
  const met = counts.filter(({ count }) => count > 0)
  return { met, otherwise: slow.length - met.reduce((sum, { count }) => sum + count, 0) }
}

/** The middle one; 0 of none. */
export function median(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

/**
 * How often it may happen at most, if it was seen so often: the upper end of the one-sided 95 % interval of Clopper and Pearson
 * (Biometrika 26, 1934), which is exact. Of none at all it is nearly the rule of three, 3 / n.
 * @returns a share from 0 to 1; 1 of no tries.
 */
export function upperBound(seen: number, tries: number): number {
  if (tries <= 0 || seen >= tries) return 1
  let [low, high] = [seen / tries, 1]
  for (let halvings = 0; halvings < 60; halvings++) {
    const middle = (low + high) / 2
    if (atMost(seen, tries, middle) > 0.05) low = middle
    else high = middle
  }
  return high
}

/** How often it happens at least: the lower end of the same interval, one-sided 95 % too. @returns a share; 0 if none was seen. */
export const lowerBound = (seen: number, tries: number): number => 1 - upperBound(tries - seen, tries)

/** The chance to see it at most so often, if it happens with this probability each time: binomial, in logarithms. */
function atMost(seen: number, tries: number, probability: number): number {
  let [chance, ways] = [0, 0]
  for (let count = 0; count <= seen; count++) {
    if (count > 0) ways += Math.log(tries - count + 1) - Math.log(count)
    chance += Math.exp(ways + count * Math.log(probability) + (tries - count) * Math.log1p(-probability))
  }
  return chance
}

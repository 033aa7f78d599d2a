/** How often the clock is looked at (ms), and over how long the worst is remembered. */
const every = 500
const over = 60_000

/**
 * How late this process's own timers are: where they are, the whole node may be, and it is not a container's fault that
 * nothing answers. Call `stop` when done.
 * @param ticks ms, monotonic.
 */
export function watchTimers(ticks: () => number): { readonly worst: () => number; readonly stop: () => void } {
  let due = ticks() + every
  let late: { readonly at: number; readonly ms: number }[] = []
  const look = (): void => {
    const now = ticks()
    const ms = Math.max(0, now - due)
    due = now + every
    // Only what no later one outdoes can be the worst at some time to come.
    late = [...late.filter((one) => one.at > now - over && one.ms > ms), { at: now, ms }]
  }
  const timer = setInterval(look, every)
  timer.unref()
  return {
    // One that is overdue right now counts too.
    worst: () =>
      Math.round(Math.max(0, ticks() - due, ...late.filter(({ at }) => at > ticks() - over).map(({ ms }) => ms))),
    stop: () => clearInterval(timer),
  }
}

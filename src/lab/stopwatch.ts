/** Starts to measure. @returns what tells how long it has been going on, ms. */
export function stopwatch(): () => number {
  const began = performance.now()
  return () => performance.now() - began
}

/** Something that is read no more often than that (ms): in between it is what was read last. `ticks`: ms, monotonic. */
export function readAtMostEvery<T>(ms: number, ticks: () => number, read: () => Promise<T>): () => Promise<T> {
  let last: { readonly value: Promise<T>; readonly at: number } | undefined
  return () => {
    if (!last || ticks() - last.at >= ms) last = { value: read(), at: ticks() }
    return last.value
  }
}

/** Lines that come close together are written together. */
export interface GatheredLines {
  readonly write: (line: string) => void
  /** Writes what is left at once. */
  readonly flush: () => void
}

/** From a line to its being written (ms): to a person at once, and at 500 lines a second one system call for 50 of them. */
const gatheredFor = 100

/**
 * A write to a pipe takes a process as long as a review does.
 * @param write takes whole lines.
 */
export function gatheredLines(write: (text: string) => void): GatheredLines {
  let waiting = ''
  let timer: ReturnType<typeof setTimeout> | undefined
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (waiting !== '') write(waiting)
    waiting = ''
  }
  return {
    write(line) {
      waiting += line
      timer ??= setTimeout(flush, gatheredFor)
    },
    flush,
  }
}

import type { Runtime, RuntimeContainer } from '../runtimes/runtime.ts'

/** A runtime of which only some containers show: to look at one again must not cost an inspection of all. */
export const narrowedRuntime = (runtime: Runtime, shows: (container: RuntimeContainer) => boolean): Runtime => ({
  name: runtime.name,
  socket: runtime.socket,
  answers: (limitMs) => runtime.answers(limitMs),
  inspect: (id, limitMs) => runtime.inspect(id, limitMs),
  async list(limitMs) {
    const listed = await runtime.list(limitMs)
    return 'because' in listed ? listed : listed.filter(shows)
  },
  close: () => Promise.resolve(),
})

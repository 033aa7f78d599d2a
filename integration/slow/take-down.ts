// Who ends a run of tests in the middle must not leave nodes behind: vitest's process ends without a word to those in which the tests
// run, and what they have started is taken down when they exit, which a signal alone does not make them do.
import type { EventEmitter } from 'node:events'

const takeDown = (): void => {
  const self: EventEmitter = process // vitest has replaced `process.exit`
  self.emit('exit', 143)
  process.kill(process.pid, 'SIGKILL')
}

process.once('SIGTERM', takeDown)
process.once('disconnect', takeDown)

// The first code of the one file. Drills and probes start programs of their own by `node -e`, and here Roadcrew's file is Node.js.
import { runInThisContext } from 'node:vm'

const [self = process.execPath, , option, source = '', ...rest] = process.argv

if (option === '-e') {
  process.argv = [self, ...(rest[0] === '--' ? rest.slice(1) : rest)]
  // As Node.js has it for -e. This one gives what Node.js holds, and those programs need no more.
  Object.assign(globalThis, { require })
  runInThisContext(source, { filename: '[eval]' })
} else {
  void import('../../src/main.ts')
}

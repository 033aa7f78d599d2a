import { createInterface } from 'node:readline/promises'
import { type Io, UsageError } from './io.ts'

/**
 * Asks a person at the terminal. @param verb what would be done, as `restart`. @param what to what, as the question names it.
 * @throws UsageError where nobody can be asked, with the flag that does it without asking.
 */
export async function agreed(verb: string, what: string, io: Io): Promise<boolean> {
  if (!io.errIsTerminal || process.stdin.isTTY !== true) {
    throw new UsageError(`would ${verb} ${what}; --yes does it where nobody can be asked`)
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const begins = `${verb.charAt(0).toUpperCase()}${verb.slice(1)}`
    const answer = await prompt.question(`${begins} ${what}? [y/N] `, { signal: io.signal })
    if (/^y(es)?$/i.test(answer.trim())) return true
    io.err('Nothing was done.\n')
    return false
  } finally {
    prompt.close()
  }
}

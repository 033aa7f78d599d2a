// An application as many are: it ends at SIGTERM at once, with whatever it is doing.
import { startTied, type TiedProcess } from './tied-process.ts'

/** `/slow` and all else take so long to answer, ms. */
export interface Pace {
  readonly quickMs: number
  readonly slowMs: number
}

const source = `
const [quick, slow] = process.argv.slice(1).map(Number)
require('node:http').createServer((question, answer) => {
  question.resume()
  question.on('end', () => setTimeout(() => answer.end('served'), question.url === '/slow' ? slow : quick))
}).listen(0, '127.0.0.1', function () { console.log('on ' + this.address().port) })`

export interface Application {
  readonly port: number
  readonly program: TiedProcess
}

/** Starts one. @returns it, when it listens. */
export async function startApplication({ quickMs, slowMs }: Pace, signal: AbortSignal): Promise<Application> {
  const started = await startTied(process.execPath, ['-e', source, '--', String(quickMs), String(slowMs)])
  try {
    const [, port] = await started.said(/^on (\d+)$/, signal)
    return { port: Number(port), program: started }
  } catch (error) {
    await started.end()
    throw error
  }
}

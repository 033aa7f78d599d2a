import { afterEach, describe, expect, it } from 'vitest'
import { readProcess } from '../node/processes.ts'
import { startTied, type TiedProcess } from './tied-process.ts'

const started: TiedProcess[] = []
afterEach(async () => {
  for (const one of started.splice(0)) await one.end()
})

async function start(script: string): Promise<TiedProcess> {
  const one = await startTied('sh', ['-c', script])
  started.push(one)
  return one
}

const signal = new AbortController().signal

describe('a tied process', () => {
  it('ends with all that it has started', async () => {
    const one = await start('sleep 1000 & echo "child $!"; wait')
    const [, child] = await one.said(/^child (\d+)$/, signal)
    // It is named before it has become what it runs.
    await expect.poll(() => readProcess('/proc', Number(child))?.command).toEqual(['sleep', '1000'])
    await one.end()
    await expect
      .poll(() => [one.pid, Number(child)].map((pid) => readProcess('/proc', pid)?.command ?? []))
      .toEqual([[], []])
  })

  it('tells how it ended', async () => {
    const one = await start('echo ready; read -r _; exec sleep 1000')
    await one.said(/^ready$/, signal)
    // Its input is none: who reads it is not held up.
    one.kill('SIGTERM')
    await one.gone()
    expect(one.ended).toBe('ended with 143')
    one.kill('SIGTERM')
  })

  it('that ends before it has said what is waited for', async () => {
    const one = await start('echo "no such port" >&2; exit 3')
    await expect(one.said(/^on/, signal)).rejects.toThrow(/^sh ended with 3: (.*\n)+no such port/)
  })
})

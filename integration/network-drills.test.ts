// Drills that need no control plane, only network namespaces: what they showed of the kernel, and that nothing is left of them.
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nodeNetworkHint } from '../src/lab/node-network.ts'

const main = join(import.meta.dirname, '../dist/main.js')

function networksOrSkip(): boolean {
  const hint = nodeNetworkHint(process.env)
  if (hint !== undefined) process.stderr.write(`skipped for want of network namespaces: ${hint}\n`)
  return hint !== undefined
}

/** Processes and namespaces whose names hold these words. */
const leftOf = (words: string): string[] =>
  [spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }), spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' })]
    .flatMap(({ stdout }) => stdout.split('\n'))
    .filter((line) => line.includes(words))

/** @param act a drill is sent the signal when it tells of this. */
async function drill(id: string, act?: RegExp, signal: NodeJS.Signals = 'SIGINT') {
  const child = spawn(process.execPath, [main, 'drill', id], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err, isSent] = ['', '', false]
  child.stdout.on('data', (part: Buffer) => {
    out += part.toString()
    if (!isSent && act?.test(out)) isSent = child.kill(signal)
  })
  child.stderr.on('data', (part: Buffer) => {
    err += part.toString()
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  return { code, out, err, left: leftOf(`rc-${child.pid}-`) }
}
const figure = (out: string, name: string): number => Number(new RegExp(`^ +${name} +(\\d+)$`, 'm').exec(out)?.[1])

describe.skipIf(networksOrSkip())('the drill', () => {
  it('dns-race shows that each question has its answer, though some clashed', async () => {
    const { code, out, err, left } = await drill('dns-race')
    expect([code, err, left]).toEqual([0, '', []])
    expect(figure(out, 'questions')).toBeGreaterThanOrEqual(6000)
    expect(figure(out, 'answers')).toBe(figure(out, 'questions'))
    expect(figure(out, 'resolved')).toBeGreaterThan(0)
    expect(figure(out, 'lost')).toBe(0)
    expect(out).toMatch(/clashes were resolved, 0 questions lost; looked: clear\n/)
  }, 60_000)

  it('snat-ports-exhausted shows as many connections as there are ports, and what the others lose', async () => {
    const { code, out, err, left } = await drill('snat-ports-exhausted')
    expect([code, err, left]).toEqual([0, '', []])
    expect([figure(out, 'standing'), figure(out, 'waiting')]).toEqual([100, 50])
    expect(out).toMatch(/said +found: no-port-left: \d+ packets lost their place/)
    expect(out).toMatch(/looked: clear\n/)
  }, 60_000)

  it.each([
    ['dns-race', /looked\n/],
    ['snat-ports-exhausted', /holds them; looked/],
  ])(
    '%s that is stopped in the middle leaves nothing',
    async (id, act) => {
      const { code, left } = await drill(id, act)
      expect([code, left]).toEqual([130, []])
    },
    60_000,
  )
})

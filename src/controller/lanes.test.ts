import { describe, expect, it } from 'vitest'
import type { Ask, Client } from '../kubernetes/client.ts'
import { inLanes, Lanes, type Urgency } from './lanes.ts'

describe('lanes', () => {
  const clock = { now: 0 }
  const lanes = (parallel: number) => new Lanes({ parallel, ticks: () => clock.now, mostWait: 10_000 })

  /** Work that goes on until it is told to end. */
  function worker(of: Lanes) {
    const begun: string[] = []
    const ends = new Map<string, (error?: Error) => void>()
    const add = (urgency: Urgency, name: string): Promise<void> =>
      of.pass(urgency, () => {
        begun.push(name)
        return new Promise((resolve, reject) => ends.set(name, (error) => (error ? reject(error) : resolve())))
      })
    const end = async (name: string, error?: Error): Promise<void> => {
      ends.get(name)?.(error)
      await new Promise((resolve) => setImmediate(resolve))
    }
    return { begun, add, end }
  }

  it('let what starts a run go before what is read for one, and that before what is written of one', async () => {
    const { begun, add, end } = worker(lanes(1))
    for (const [urgency, name] of [
      ['settle', 'a'],
      ['settle', 'b'],
      ['read', 'c'],
      ['read', 'd'],
      ['create', 'e'],
    ] as const)
      void add(urgency, name)
    for (const name of ['a', 'e', 'c', 'd', 'b']) await end(name)
    expect(begun).toEqual(['a', 'e', 'c', 'd', 'b'])
  })

  it('have so many under way and no more, also after one failed', async () => {
    const { begun, add, end } = worker(lanes(2))
    const failed = add('read', 'a').catch((error: Error) => error.message)
    for (const name of ['b', 'c', 'd']) void add('read', name)
    expect(begun).toEqual(['a', 'b'])
    await end('a', new Error('no answer'))
    expect(await failed).toBe('no answer')
    expect(begun).toEqual(['a', 'b', 'c'])
    await end('b')
    await end('c')
    await end('d')
    void add('settle', 'e')
    void add('settle', 'f')
    void add('settle', 'g')
    expect(begun.slice(4)).toEqual(['e', 'f'])
  })

  it('let nothing wait for ever', async () => {
    const { begun, add, end } = worker(lanes(1))
    void add('read', 'a')
    void add('settle', 'b')
    clock.now += 10_000
    void add('create', 'c')
    await end('a')
    expect(begun).toEqual(['a', 'b'])
  })

  it('send no write of one that waited until another led', async () => {
    const sent: string[] = []
    let leads = true
    let answer = (): void => {}
    const fake = {
      ask: ({ path }: Ask) => {
        sent.push(path)
        return new Promise((resolve) => {
          answer = () => resolve({})
        })
      },
    } as unknown as Client
    const client = inLanes(fake, lanes(1), () => leads)
    const first = client.ask({ method: 'POST', path: '/jobs' })
    const refused = client.ask({ method: 'PATCH', path: '/report/status' }).catch(({ reason }) => reason)
    const read = client.ask({ method: 'GET', path: '/report' })
    leads = false
    answer()
    await first
    await new Promise((resolve) => setImmediate(resolve))
    answer()
    await read
    expect(await refused).toBe('NotLeading')
    expect(sent).toEqual(['/jobs', '/report'])
  })
})

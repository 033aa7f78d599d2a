import { describe, expect, it } from 'vitest'
import type { Inspection } from '../linux/container.ts'
import type { Runtime } from '../runtimes/runtime.ts'
import { type Asked, inspectAll, isDue, isPrompt } from './inspections.ts'

const fakeRuntime = (inspect: Runtime['inspect']): Runtime => ({
  name: 'containerd',
  socket: '/fake.sock',
  answers: async () => ({ ms: 1 }),
  list: async () => [],
  inspect,
  close: async () => {},
})

const told: Inspection = { answer: 'told', ms: 1, state: 'running' }

describe('inspections', () => {
  it('are of every container, and of at most eight at a time', async () => {
    let now = 0
    let most = 0
    const runtime = fakeRuntime(async () => {
      most = Math.max(most, ++now)
      await new Promise((resolve) => setTimeout(resolve, 1))
      now--
      return told
    })
    const ids = Array.from({ length: 50 }, (_, n) => `c${n}`)
    expect([...(await inspectAll(runtime, ids, 1000)).keys()].toSorted()).toEqual(ids.toSorted())
    expect(most).toBe(8)
  })

  it('of 10,000 containers are all told', async () => {
    const ids = Array.from({ length: 10_000 }, (_, n) => `c${n}`)
    const asked = new Map<string, Asked>()
    const mute = fakeRuntime((_, limitMs) => Promise.resolve({ answer: 'nothing', ms: limitMs }))
    expect((await inspectAll(mute, ids, 1, asked)).size).toBe(10_000)
    expect(asked.size).toBe(10_000)
    expect(
      (
        await inspectAll(
          fakeRuntime(async () => told),
          ids,
          1,
          asked,
        )
      ).size,
    ).toBe(10_000)
    expect(asked.size).toBe(0)
  })

  it('go on while some give no answer', async () => {
    const runtime = fakeRuntime((id, limitMs) =>
      id === 'mute'
        ? new Promise((resolve) => setTimeout(() => resolve({ answer: 'nothing', ms: limitMs }), limitMs))
        : Promise.resolve(told),
    )
    const answers = await inspectAll(runtime, ['mute', 'a', 'b', 'c'], 20)
    expect([...answers].map(([id, { answer }]) => `${id} ${answer}`).toSorted()).toEqual([
      'a told',
      'b told',
      'c told',
      'mute nothing',
    ])
  })
})

describe('who keeps failing', () => {
  const nothing: Inspection = { answer: 'nothing', ms: 5 }

  it('is asked every round at first, then less and less often, and always after 2 min', () => {
    // The first round of 100 in which it is asked again.
    const waits = (everyMs: number) =>
      [1, 5, 6, 7, 8, 9, 20].map((failures) => {
        const isDueAfter = (roundsAgo: number) =>
          isDue({ failures, roundsAgo, at: 0, last: nothing }, roundsAgo * everyMs)
        return Array.from({ length: 100 }, (_, n) => n + 1).find(isDueAfter)
      })
    expect(waits(15_000)).toEqual([1, 1, 2, 4, 8, 8, 8])
    expect(waits(60_000)).toEqual([1, 1, 2, 2, 2, 2, 2])
    expect(waits(1_000)).toEqual([1, 1, 2, 4, 8, 16, undefined])
  })

  it('has its last answer in between, which says so; one answer, and it is asked each round again', async () => {
    const asked = new Map<string, Asked>()
    let answer: Inspection = nothing
    let questions = 0
    const runtime = fakeRuntime(async () => {
      questions++
      return answer
    })
    const round = async (): Promise<string> => {
      const before = questions
      const got = (await inspectAll(runtime, ['a'], 20, asked)).get('a')
      expect(got).toEqual(questions === before ? { ...nothing, earlier: true } : answer)
      return questions === before ? '-' : 'asks'
    }
    const rounds = async (count: number): Promise<string[]> => {
      const all: string[] = []
      while (all.length < count) all.push(await round())
      return all
    }
    expect(await rounds(12)).toEqual([...Array(6).fill('asks'), '-', 'asks', '-', '-', '-', 'asks'])
    expect((await inspectAll(runtime, ['a'], 20)).get('a')).toEqual(nothing)
    answer = told
    expect(await rounds(10)).toEqual([...Array(7).fill('-'), 'asks', 'asks', 'asks'])
    expect(asked.size).toBe(0)
  })

  it('is forgotten when it is no longer asked for', async () => {
    const asked = new Map<string, Asked>()
    const runtime = fakeRuntime(async () => nothing)
    await inspectAll(runtime, ['a', 'b'], 20, asked)
    await inspectAll(runtime, ['b'], 20, asked)
    expect([...asked].map(([id, { failures }]) => [id, failures])).toEqual([['b', 2]])
  })

  it('did not answer promptly', () => {
    expect(isPrompt(told)).toBe(true)
    expect(isPrompt({ answer: 'gone', ms: 1 })).toBe(true)
    expect(isPrompt({ ...told, ms: 300 })).toBe(false)
    expect(isPrompt(nothing)).toBe(false)
    expect(isPrompt({ answer: 'error', ms: 1, because: 'no' })).toBe(false)
  })
})

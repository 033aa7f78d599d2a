import { describe, expect, it } from 'vitest'
import type { Inspection } from '../linux/container.ts'
import type { Runtime } from '../runtimes/runtime.ts'
import { inspectAll } from './inspections.ts'

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

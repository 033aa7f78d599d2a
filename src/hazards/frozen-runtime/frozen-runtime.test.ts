import { describe, expect, it } from 'vitest'
import type { Finding } from '../../contract/hazard.ts'
import { recordedWorld } from '../../engine/fixtures/recorded-world.ts'
import { look, type Memory } from '../../engine/look.ts'
import { type RuntimeSeen, runtimeSeen } from '../../linux/container.ts'
import { frozenRuntime } from './hazard.ts'

const well: RuntimeSeen = {
  name: 'docker',
  socket: '/run/docker.sock',
  answers: { ms: 2 },
  lists: { ms: 15 },
  containers: 12,
  inspected: 12,
  mute: 0,
}
const silent = { ms: 10_000, because: 'no answer within 10 s' }

/** What is found in the last of some rounds, a minute apart. */
async function lastOf(...rounds: readonly Partial<RuntimeSeen>[]): Promise<Finding | undefined> {
  let memory: Memory = new Map()
  let finding: Finding | undefined
  for (const [round, more] of rounds.entries()) {
    const world = recordedWorld([[runtimeSeen, [{ ...well, ...more }]]], { source: { node: 'node-1' } })
    const zones = { data: 'none', find: () => undefined }
    const seen = await look({
      hazards: [frozenRuntime],
      vantages: ['node'],
      world,
      now: 0,
      ticks: round * 60_000,
      zones,
      memory,
    })
    memory = seen.memory
    const verdict = seen.judged[0]?.verdict
    finding = verdict?.verdict === 'found' ? verdict.findings[0] : undefined
  }
  return finding
}

describe('a runtime', () => {
  it('that does not answer is told at once, and critical after three rounds', async () => {
    expect(await lastOf({ answers: silent })).toMatchObject({ reason: 'no-answer', severity: 'medium' })
    const third = await lastOf({ answers: silent }, { answers: silent }, { answers: silent })
    expect(third?.severity).toBe('critical')
    expect(third?.fact).toBe('docker does not answer: no answer within 10 s, for 3 rounds in a row (120 s)')
  })

  it('that answers slowly counts as one that does not', async () => {
    expect((await lastOf({ lists: { ms: 12_500 } }))?.fact).toBe(
      'docker answers, but does not list its containers: it took 12.5 s',
    )
  })

  it('begins anew after a round in which it was well', async () => {
    expect((await lastOf({ answers: silent }, { answers: silent }, {}, { answers: silent }))?.severity).toBe('medium')
  })

  it('with one mute container is well', async () => {
    expect(await lastOf({ mute: 1 })).toBeUndefined()
    expect(await lastOf({ mute: 6 })).toBeUndefined()
    expect((await lastOf({ mute: 7 }))?.reason).toBe('mostly-mute')
  })
})

it.each([
  ['keeps-containers', 'restart docker: its configuration keeps containers running meanwhile'],
  ['ends-containers', 'drain the node, then restart docker: its configuration says that every container ends with it'],
  [
    undefined,
    'drain the node, then restart docker: nothing proves that containers survive that, so take it that all of them end',
  ],
] as const)('what a restart does to containers (%s) is part of the advice', async (restart, why) => {
  expect((await lastOf({ answers: silent, ...(restart && { restart }) }))?.remedy).toEqual([{ do: 'advise', why }])
})

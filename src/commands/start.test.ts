import { describe, expect, it } from 'vitest'
import { testIo } from '../../integration/test-io.ts'
import { program } from './program.ts'
import { programFor } from './start.ts'

const done = (): void => {}

describe('the command line as far as its words take it', () => {
  it('lists the same commands, with the same words, as the whole of it', async () => {
    const whole = program(testIo(), done).helpInformation()
    for (const words of [[], ['--help'], ['-h'], ['--version']]) {
      expect((await programFor(words, testIo(), done)).helpInformation()).toBe(whole)
    }
  })

  it.each(['scan', 'why'])('has %s as the whole of it has it', async (name) => {
    const whole = program(testIo(), done).commands.find((command) => command.name() === name)
    const { commands } = await programFor([name, '--help'], testIo(), done)
    expect(commands.map((command) => command.name())).toEqual([name])
    expect(commands[0]?.helpInformation()).toBe(whole?.helpInformation())
  })

  it('has all commands for the others, and for what is none', async () => {
    for (const words of [['cron', 'next'], ['help', 'scan'], ['scna']]) {
      expect((await programFor(words, testIo(), done)).commands.length).toBeGreaterThan(10)
    }
  })
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { hazard } from '../contract/reads.ts'
import { configured } from './agent-config.ts'
import { UsageError } from './io.ts'
import { wholeNumber } from './scan-options.ts'
import { anotherTarget } from './target.ts'

const lamp = hazard({
  id: 'dark-lamp',
  title: 'It is dark',
  severity: 'high',
  settings: z.object({ seconds: z.number().positive().default(20) }),
  reasons: {},
})

describe('a config file', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'roadcrew-config-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const read = (text: string, ...args: string[]) => {
    const path = join(folder, 'agent.yaml')
    writeFileSync(path, text)
    const command = new Command('agent')
      .option('--once')
      .option('--config <file>')
      .option('--every <seconds>', '', wholeNumber)
      .option('--probe <host:port>', '', anotherTarget, [])
      .option('--pause-file <path>', '', '/run/pause')
      .option('--conditions')
      .addOption(new Option('--mode <mode>').choices(['observe', 'act']).default('act'))
    command.parse(['--config', path, ...args], { from: 'user' })
    return configured(command, [lamp])
  }

  it('says what flags do not', () => {
    const { options, settings } = read(
      'every: 5\npause-file: /x\nconditions: true\nmode: observe\nhazards: {dark-lamp: {}}\n',
    )
    expect(options).toMatchObject({ every: 5, pauseFile: '/x', conditions: true, mode: 'observe' })
    expect(settings).toEqual({ 'dark-lamp': { seconds: 20 } })
    expect(read('every: 5\nmode: observe\n', '--every', '7', '--mode', 'act').options).toMatchObject({
      every: 7,
      mode: 'act',
    })
    expect(read('').options).toMatchObject({ pauseFile: '/run/pause', probe: [] })
  })

  it('has a list for what a flag says many times', () => {
    const probed = (text: string, ...args: string[]) =>
      (read(text, ...args).options.probe ?? []).map((one) => `${one.host} ${one.port}`)
    expect(probed('probe: ["db:1", "[::1]:2"]')).toEqual(['db 1', '::1 2'])
    expect(probed('probe: ["db:1"]', '--probe', 'x:3', '--probe', 'y:4')).toEqual(['x 3', 'y 4'])
  })

  it.each([
    ['evry: 5', '"evry" is no option; expected hazards, every, probe, pause-file, conditions, mode'],
    ['once: true', '"once" is no option'],
    ['every: 0', 'every: 0; expected a whole number from 1'],
    ['every: [5]', 'every: [5]; expected one value'],
    ['probe: db:1', 'probe: "db:1"; expected a list'],
    ['probe: [5]', 'expected a list of texts'],
    ['probe: [db]', 'probe: ["db"]; expected e.g. db.example.com:5432'],
    ['mode: full', 'mode: "full"; expected one of observe, act'],
    ['conditions: maybe', 'conditions: "maybe"; expected true or false'],
    ['hazards: {lamp: {}}', 'hazards.lamp: there is no such hazard on nodes; expected one of dark-lamp'],
    ['hazards: {dark-lamp: {seconds: -1}}', 'hazards.dark-lamp.seconds: '],
    ['hazards: {dark-lamp: {second: 1}}', 'hazards.dark-lamp.second: there is no such setting; expected seconds'],
    ['hazards: 5', 'hazards: expected the settings'],
    ['- a', 'expected keys and values'],
    ['every: {', 'at line 1'],
  ])('%s is refused', (text, because) => {
    expect(() => read(text)).toThrow(UsageError)
    expect(() => read(text)).toThrow(because)
  })

  it('that is not there is refused', () => {
    const command = new Command().option('--config <file>')
    command.parse(['--config', join(folder, 'none.yaml')], { from: 'user' })
    expect(() => configured(command, [])).toThrow('ENOENT')
  })
})

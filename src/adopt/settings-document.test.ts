import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { hazards } from '../hazards/index.ts'
import { lamps } from './fixtures/candidates.ts'
import { publishedSettings, settingsOf } from './settings-document.ts'

const wrongIn = (document: unknown): string[] => {
  const read = settingsOf(document, lamps)
  return 'wrong' in read ? read.wrong.map(({ path, because }) => `${path.join('.')}: ${because}`) : []
}
const entry = { hazards: ['dark-lamp'], reason: 'it is a store room' }

describe('roadcrew.yaml', () => {
  it('may be empty', () => expect(settingsOf(null, lamps)).toEqual({ settings: {} }))

  it('says what does not count, what is left out, and how hazards are set', () => {
    const document = {
      ignore: [
        { ...entry, hazards: ['dark-lamp/dim', 'hot-lamp'], until: '2026-12-31', clusters: ['eu-*'] },
        { ...entry, hazards: ['all'], objects: ['Lamp/cellar/*'] },
      ],
      exclude: { paths: ['vendored'], namespaces: ['kube-*'] },
      hazards: { 'dark-lamp': { settings: { leastLux: 5 } }, 'hot-lamp': { enabled: false } },
      failOn: 'broken',
      kubeVersion: '1.30',
    }
    expect(settingsOf(document, lamps)).toEqual({ settings: document })
  })

  it.each([
    [[], ': Invalid input: expected object, received array'],
    [{ ignroe: [] }, 'ignroe: there is no such key here; did you mean "ignore"?'],
    [{ ignore: [{ ...entry, path: ['a'] }] }, 'ignore.0.path: there is no such key here; did you mean "paths"?'],
    [{ exclude: { files: ['a'] } }, 'exclude.files: there is no such key here; expected one of paths, namespaces'],
    [
      { hazards: { 'dark-lamp': { enable: false } } },
      'hazards.dark-lamp.enable: there is no such key here; did you mean "enabled"?',
    ],
    [{ ignore: [{ reason: 'x' }] }, 'ignore.0.hazards: which? Expected a list'],
    [{ ignore: [{ hazards: [], reason: 'x' }] }, 'ignore.0.hazards: is empty'],
    [{ ignore: [{ hazards: ['dark-lamp'] }] }, 'ignore.0.reason: say why'],
    [{ ignore: [{ ...entry, reason: ' ' }] }, 'ignore.0.reason: say why'],
    [{ ignore: [{ ...entry, hazards: ['dark'] }] }, 'ignore.0.hazards.0: there is no hazard "dark"'],
    [{ ignore: [{ ...entry, hazards: ['all'] }] }, 'ignore.0.hazards: all hazards everywhere'],
    [{ ignore: [{ ...entry, until: '2026-02-30' }] }, 'ignore.0.until: is no day; expected YYYY-MM-DD'],
    [{ ignore: [{ ...entry, until: 'soon' }] }, 'ignore.0.until: is no day'],
    [{ ignore: [{ ...entry, objects: ['web'] }] }, 'ignore.0.objects.0: is no object; expected namespace/name'],
    [{ ignore: [{ ...entry, paths: ['!a'] }] }, 'ignore.0.paths.0: a glob with "!" takes nothing back'],
    [{ hazards: { all: { enabled: false } } }, 'hazards.all: there is no hazard "all"; expected one of'],
    [{ hazards: { 'dark-lmp': {} } }, 'hazards.dark-lmp: there is no hazard "dark-lmp"; did you mean "dark-lamp"?'],
    [
      { hazards: { 'dark-lamp': { settings: { lux: 1 } } } },
      'hazards.dark-lamp.settings.lux: there is no such setting; expected leastLux',
    ],
    [
      { hazards: { 'dark-lamp': { settings: { leastLux: 'x' } } } },
      'hazards.dark-lamp.settings.leastLux: Invalid input: expected number',
    ],
    [{ failOn: 'all' }, 'failOn: Invalid option: expected one of "broken"|"will-break"|"advice"'],
    [{ kubeVersion: 1.3 }, 'kubeVersion: write it in quotes'],
    [{ kubeVersion: 'latest' }, 'kubeVersion: is no release; expected e.g. "1.34"'],
  ])('%j: %s', (document, wrong) => {
    const [first, ...others] = wrongIn(document)
    expect(first).toContain(wrong)
    expect(others).toEqual([])
  })

  it('tells all that is wrong at once', () => {
    expect(wrongIn({ failOn: 'x', ignore: [{ ...entry, until: 'x' }] })).toHaveLength(2)
    expect(wrongIn({ ignore: [{ ...entry, hazards: ['x', 'y'] }], hazards: { z: {} } })).toHaveLength(3)
  })
})

describe('what docs/adopt.md shows of it', () => {
  const page = readFileSync(new URL('../../docs/adopt.md', import.meta.url), 'utf8')
  const shown = [...page.matchAll(/```yaml\n(# yaml-language-server[\s\S]*?)```/g)].map(([, text]) => parse(text ?? ''))
  const ajv = new Ajv2020({ strict: false })
  formats.default(ajv)
  const valid = ajv.compile(z.toJSONSchema(publishedSettings(hazards), { io: 'input' }))

  it('is there', () => expect(shown.length).toBeGreaterThan(0))
  it.each(shown)('%# is right for us, and for editors', (document) => {
    expect(settingsOf(document, hazards)).toHaveProperty('settings')
    valid(document)
    expect(valid.errors ?? []).toEqual([])
  })
  it('is checked by the published schema', () => {
    expect(valid({ ignore: [{ hazards: ['no-such'], reason: 'x' }] })).toBe(false)
    expect(valid({ ignored: [] })).toBe(false)
  })
})

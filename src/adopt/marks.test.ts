import { describe, expect, it } from 'vitest'
import type { Subject } from '../contract/hazard.ts'
import { candidate, lamps } from './fixtures/candidates.ts'
import { asideByMark, noticesOfMarks } from './marks.ts'

const reason = 'a store room'

describe('an annotation', () => {
  it('sets aside what it names, of its own object', () => {
    const ignore = { names: ['dark-lamp/dark', 'hot-lamp'], reason }
    const by = { by: 'annotation', where: 'roadcrew.dev/ignore on Lamp ns/a', reason }
    expect(asideByMark(candidate({}, { ignore }))).toEqual(by)
    expect(asideByMark(candidate({ hazard: 'hot-lamp', reason: 'hot' }, { ignore }))).toEqual(by)
    expect(asideByMark(candidate({ reason: 'dim' }, { ignore }))).toBeUndefined()
    expect(asideByMark(candidate())).toBeUndefined()
  })

  it('does not hold without a reason', () =>
    expect(asideByMark(candidate({}, { ignore: { names: ['all'] } }))).toBeUndefined())

  it.each([
    [{ names: ['all'], reason }, []],
    [
      { names: ['all'] },
      ['roadcrew.dev/ignore gives no reason, so it does not hold: say why in roadcrew.dev/ignore-reason'],
    ],
    [{ names: [], reason }, ['roadcrew.dev/ignore names no hazard: it ignores nothing']],
    [{ names: [] }, ['roadcrew.dev/ignore names no hazard: it ignores nothing']],
    [
      { names: ['dark-lamp', 'dark-lmap'], reason },
      ['roadcrew.dev/ignore: there is no hazard "dark-lmap"; did you mean "dark-lamp"?'],
    ],
  ])('%j is told to be wrong: %j', (ignore, texts) => {
    const subject: Subject = { source: { cluster: 'hall' }, kind: 'Lamp', namespace: 'ns', name: 'a' }
    const ofFile: Subject = { ...subject, source: { file: 'lamps.yaml', document: 0 } }
    expect(noticesOfMarks([{ subject, ignore }], lamps)).toEqual(texts.map((text) => ({ where: 'Lamp ns/a', text })))
    expect(noticesOfMarks([{ subject: ofFile, ignore }], lamps).map(({ where }) => where)).toEqual(
      texts.map(() => 'Lamp ns/a in lamps.yaml'),
    )
  })
})

import { describe, expect, it } from 'vitest'
import { expectApart, outputsOf } from './scan-output.ts'

describe('-o', () => {
  it.each([
    [['json'], [{ format: 'json' }]],
    [['sarif=out.sarif'], [{ format: 'sarif', file: 'out.sarif' }]],
    [['sarif=a.sarif,terminal'], [{ format: 'sarif', file: 'a.sarif' }, { format: 'terminal' }]],
    [
      ['html=a,b=c.html,junit=d.xml'],
      [
        { format: 'html', file: 'a,b=c.html' },
        { format: 'junit', file: 'd.xml' },
      ],
    ],
    [
      ['sarif=a.sarif', 'terminal'],
      [{ format: 'sarif', file: 'a.sarif' }, { format: 'terminal' }],
    ],
  ])('%j is %j', (values, outputs) => {
    expect(values.reduce<ReturnType<typeof outputsOf>>((before, value) => outputsOf(value, before), [])).toEqual(
      outputs,
    )
  })

  it.each([
    ['xml', '"xml" is no format; expected terminal, json, sarif, junit, markdown, html, policyreport'],
    ['', '"" is no format'],
    ['=x', '"" is no format'],
    ['terminal,xml', '"terminal,xml" is no format'],
    ['toString', '"toString" is no format'],
    ['sarif=', '"sarif=" names no file; expected e.g. sarif=report.sarif'],
  ])('%j is refused: %s', (value, message) => expect(() => outputsOf(value)).toThrow(message))

  it('is refused where two reports would go to one place, and says what to do', () => {
    expect(() => expectApart(outputsOf('terminal,json'))).toThrow(
      '-o terminal and -o json would both go to stdout; write one to a file: -o json=report.json',
    )
    expect(() => expectApart(outputsOf('sarif=x,json=x'))).toThrow('two reports would be written to x')
    expect(() => expectApart(outputsOf('terminal,sarif=x,json=y'))).not.toThrow()
  })
})

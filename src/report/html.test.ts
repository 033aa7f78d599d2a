import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyReport } from '../../house/any-report.ts'
import { allSorts } from './fixtures/all-sorts.ts'
import { report } from './fixtures/lamps.ts'
import { htmlReport } from './html.ts'

/** Each element's name, in the order of their starts; throws where starts and ends do not go together. */
function elementsOf(page: string): string[] {
  const body = page.replace(/<(script|style)>.*?<\/\1>/gs, '')
  const open: string[] = []
  const all: string[] = []
  for (const [tag, end, name = ''] of body.matchAll(/<(\/?)([a-z][a-z0-9]*)[^<>]*>/g)) {
    if (end === '/') expect(open.pop()).toBe(name)
    else if (!['meta', 'input'].includes(name)) open.push(name)
    if (end === '') all.push(tag.replace(/[ >].*/s, '').slice(1))
  }
  expect(open).toEqual([])
  return all
}

const own = new Set(
  'html head meta title style body main h1 p dl dt dd small ul li b form label input select option button output section h2 span details summary code div h3 pre'.split(
    ' ',
  ),
)

describe('the report as a page', () => {
  it('has what was found, what it rests on, what mends it, and what was not looked at', async () => {
    const page = htmlReport(await allSorts())
    for (const part of [
      'no stairs',
      'too dark',
      'some folder/ü#1.yaml:3',
      'fuses.yaml:7:5',
      '{&quot;rated&quot;:&quot;10A&quot;}',
      'edit Lamp ns/b: spec.lit: true',
      '<pre>kubectl patch lamp a -p &#39;{&quot;spec&quot;:{&quot;lit&quot;:true}}&#39;</pre>',
      'Light it more.',
      '1.99. Nothing remains.',
      'settings: roadcrew.yaml:3',
      'old, until 2027-01-31',
      'helm template charts/x',
      '&lt;b&gt;&amp;amp; &quot;it&quot; &#39;s` | [a](b) {0} \u{1f4a1} @all #1',
    ])
      expect(page).toContain(part)
    expect(page.match(/<section data-of="([a-z-]+)"/g)).toEqual(
      ['broken', 'will-break', 'advice', 'set-aside'].map((of) => `<section data-of="${of}"`),
    )
  })

  it('asks nothing of a network, and runs only its own script', async () => {
    const page = htmlReport(await allSorts())
    expect(page).not.toMatch(/<link|<img|<iframe|@import|url\(|https?:|\ssrc=|\shref=|\sstyle=|\son[a-z]+=/)
    const [script = ''] = /(?<=<script>).*?(?=<\/script>)/s.exec(page) ?? []
    const hash = createHash('sha256').update(script).digest('base64')
    expect(page).toContain(`script-src &#39;sha256-${hash}&#39;`)
    expect(page).toContain('default-src &#39;none&#39;')
  })

  it('is a plain list without its script: the form is hidden, nothing else is', async () => {
    const page = htmlReport(await allSorts())
    expect(page.match(/<[a-z]+[^<>]* hidden>/g)).toEqual(['<form hidden>'])
  })

  it('offers a list for what there is more than one of', async () => {
    const page = htmlReport(await allSorts())
    expect([...page.matchAll(/<select name="([a-z]+)"/g)].map(([, name]) => name)).toEqual(['tier'])
    expect(page).toContain('<option value="set-aside">set aside</option>')
  })

  it('has neither form nor script where nothing was found', async () => {
    const page = htmlReport(await report([]))
    expect(page).toContain('Nothing is broken, and nothing is sure to break.')
    expect(page).not.toMatch(/<script|<form|script-src/)
  })

  it('gives each cause an id of its own', async () => {
    const page = htmlReport(await allSorts())
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
    expect(ids).toHaveLength(4)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('holds whatever texts as texts', () => {
    fc.assert(
      fc.property(anyReport, (any) => {
        for (const name of elementsOf(htmlReport(any))) expect(own).toContain(name)
      }),
    )
  })
})

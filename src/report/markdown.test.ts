import fc from 'fast-check'
import { micromark } from 'micromark'
import { gfm, gfmHtml } from 'micromark-extension-gfm'
import { describe, expect, it } from 'vitest'
import { anyReport } from '../../house/any-report.ts'
import { allSorts } from './fixtures/all-sorts.ts'
import { report } from './fixtures/lamps.ts'
import { markdownReport } from './markdown.ts'
import { codeOf, textOf } from './markdown-text.ts'
import type { Report } from './schema.ts'

/** As GitHub renders it, but for what it does to mentions afterwards. */
const html = (markdown: string): string =>
  micromark(markdown, { allowDangerousHtml: true, extensions: [gfm()], htmlExtensions: [gfmHtml()] })

const tagsIn = (page: string): string[] => [
  ...new Set([...page.matchAll(/<([a-z0-9]+)/gi)].map((match) => match[1] ?? '')),
]

const own = [
  'h2',
  'h3',
  'p',
  'strong',
  'table',
  'thead',
  'tbody',
  'tr',
  'th',
  'td',
  'code',
  'ul',
  'li',
  'details',
  'summary',
]

const cellsOf = (page: string): number[] =>
  [...page.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([row]) => row.match(/<t[hd]/g)?.length ?? 0)

describe('the report as Markdown', () => {
  it('has a headline, a table for each tier, and the rest folded', async () => {
    const text = markdownReport(await allSorts())
    expect(text.replaceAll(/`[0-9a-f]{6}`/g, '`######`')).toMatchInlineSnapshot(`
      "## Roadcrew: 3 broken now, 1 will break, 1 piece of advice, 3 set aside

      hall 1.30, cellar, 5 objects in 1.3 s, as of 2026-11-23T08:00:00Z, 13 documents passed over, roadcrew 0.0.0

      **Not everything could be looked at**: nothing can be said of the rest.

      ### Broken now: 1 cause in 2 objects (it hurts now)

      | id | severity | what | whom | mended in | owner |
      | --- | --- | --- | --- | --- | --- |
      | \`######\` | critical | Dark | 3 Lamps in hall | hall/ns | house |

      ### Will break: 1 cause in 1 object (sure to hurt once triggered, or it did within a week)

      | id | severity | what | whom | mended in | owner |
      | --- | --- | --- | --- | --- | --- |
      | \`######\` | high | it is dark | Lamp ns/b in hall | \`some folder/ü#1.yaml:3\` | house |

      ### Not read: 1 part

      - cellar: everything in it: no stairs

      <details>
      <summary>Advice: 1 cause in 1 object (it may hurt one day)</summary>

      | id | severity | what | whom | mended in | owner |
      | --- | --- | --- | --- | --- | --- |
      | \`######\` | medium | it is dark (a guess) | Lamp ns/d in hall | hall/ns | house |

      </details>

      <details>
      <summary>Not judged: 1 object</summary>

      - hall: Lamp ns/e (dark-lamp): too dark

      </details>

      <details>
      <summary>Set aside: 3 findings</summary>

      | what | whom | by | reason | until |
      | --- | --- | --- | --- | --- |
      | it is dark | Lamp ns/known in hall | baseline: roadcrew-baseline.json |  |  |
      | it is dark | Lamp ns/spared in hall | annotation: roadcrew.dev/ignore of Lamp ns/spared | &lt;b&gt;&amp;amp; "it" 's\\\` \\| \\[a\\](b) {0} 💡 @​all #1 |  |
      | it is dark | Lamp ns/left in hall | settings: roadcrew.yaml:3 | old | 2027-01-31 |

      </details>

      <details>
      <summary>Notes: 1</summary>

      - roadcrew.yaml:9: it ends in 3 days: &lt;b&gt;&amp;amp; "it" 's\\\` \\| \\[a\\](b) {0} 💡 @​all #1

      </details>

      <details>
      <summary>Passed over: 13 documents</summary>

      - Helm template: 12 files, such as \`charts/<x>.yaml\`; \`helm template charts/x\` renders them
      - values of a chart: 1 file, such as \`values.yaml\`

      </details>
      "
    `)
  })

  it('says so where nothing was found, and where not all was read', async () => {
    expect(markdownReport(await report([]))).toContain('## Roadcrew: nothing found\n')
    const lost = markdownReport(await report([{ name: 'cellar', because: 'no stairs' }]))
    expect(lost).toContain('## Roadcrew: nothing found in what was read\n')
    expect(lost).toContain('### Not read: 1 part\n\n- cellar: everything in it: no stairs')
  })

  it('renders to tables whose rows have a cell for each column', async () => {
    const page = html(markdownReport(await allSorts()))
    expect(cellsOf(page)).toEqual([6, 6, 6, 6, 6, 6, 5, 5, 5, 5])
    expect(page).toContain('<code>some folder/ü#1.yaml:3</code>')
  })

  it('lets whatever texts make no tag, no link, no column and no mention', () => {
    fc.assert(
      fc.property(anyReport, (any) => {
        const text = markdownReport(any)
        const page = html(text)
        for (const tag of tagsIn(page)) expect(own).toContain(tag)
        for (const cells of cellsOf(page)) expect([5, 6]).toContain(cells)
        expect(page.replaceAll(/<code>.*?<\/code>/gs, '')).not.toMatch(/@\w/)
        expect(page.match(/<details>/g)?.length).toBe(page.match(/<\/details>/g)?.length)
      }),
    )
  })

  it('fits a comment however much there is, and says how much is left out', async () => {
    const made = await allSorts()
    const [first] = made.findings
    if (!first) throw new Error('nothing was found')
    const many = Array.from({ length: 3_000 }, (_, n) => ({
      ...first,
      id: String(n),
      cause: `c${n}`,
      fact: '<'.repeat(500),
    }))
    const huge: Report = { ...made, findings: many }
    const text = markdownReport(huge)
    expect(text.length).toBeLessThanOrEqual(65_000)
    expect(text.length).toBeGreaterThan(60_000)
    const shown = text.match(/^\| `c\d+`/gm)?.length ?? 0
    expect(text).toContain(`… and ${(3_000 - shown).toLocaleString('en')} more: \`-o json\` and \`-o html\` have all`)
    expect(text).toContain('<summary>Set aside: 3 findings</summary>')
  })
})

describe('a text within Markdown', () => {
  it.each([
    '1. one',
    '2) two',
    '+ one',
    '- - -',
    '---',
    '- one',
    '# one',
    '> one',
    'a|b',
    '**b**',
    '<b>',
    '[a](b)',
    '&lt;',
    '\\|',
    '`a`',
    '~~a~~',
    '* * *',
    '===',
  ])('%s stays what it is, in an item and in a cell', (text) => {
    const plain = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    expect(html(`- ${textOf(text)}`)).toBe(`<ul>\n<li>${plain}</li>\n</ul>`)
    expect(html(`| a |\n| --- |\n| ${textOf(text)} |`)).toContain(`<td>${plain}</td>`)
  })

  it.each(['`', '``a`b', 'a|b', '<b>', '\\'])('%s stays what it is as code in a cell', (text) => {
    const plain = text.replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    expect(html(`| a |\n| --- |\n| ${codeOf(text)} |`)).toContain(`<td><code>${plain}</code></td>`)
  })

  it('is no code where a backslash stands before the sign of a column', () => {
    expect(html(`| a |\n| --- |\n| ${codeOf('a\\|b')} |`)).toContain('<td>a\\|b</td>')
  })

  it('is cut at a character, not within one', () => {
    expect(textOf('\u{1f4a1}'.repeat(5), 3)).toBe('\u{1f4a1}\u{1f4a1}…')
  })
})

// What narrows the page of a scan to some findings: a form and its script. Without the script nothing of it is seen.
import { escaped } from './escaped.ts'
import { nobody } from './lines.ts'
import { onOneLine } from './printable.ts'
import type { Report } from './schema.ts'

const tierNames = {
  broken: 'broken now',
  'will-break': 'will break',
  advice: 'advice',
  'set-aside': 'set aside',
} as const

/** The form: a text, and a list for whatever there is more than one of. */
export function filterForm({ findings, setAside }: Report): string {
  const all = [...findings, ...setAside]
  const tiers = new Set([...findings.map(({ tier }) => tier), ...setAside.map(() => 'set-aside' as const)])
  const ofTiers = Object.entries(tierNames).filter(([tier]) => (tiers as ReadonlySet<string>).has(tier))
  const own = (of: (finding: Report['findings'][number]) => string): [string, string][] =>
    [...new Set(all.map(of))].toSorted().map((value) => [value, value])
  return `<form hidden>
<label class="text">Text <input type="search" name="text" autocomplete="off" placeholder="any words"></label>
${choice('tier', 'Tier', ofTiers)}
${choice(
  'hazard',
  'Hazard',
  own(({ hazard }) => hazard),
)}
${choice(
  'owner',
  'Owner',
  own(({ owner }) => owner ?? nobody),
)}
${choice(
  'cluster',
  'Cluster',
  own(({ subject }) => subject.world),
)}
<button type="reset">Show all</button>
<button type="button" name="open">Open all</button>
<output></output>
</form>`
}

function choice(name: string, label: string, values: readonly (readonly [value: string, text: string])[]): string {
  if (values.length < 2) return ''
  const options = values.map(
    ([value, text]) => `<option value="${attributeOf(value)}">${escaped(onOneLine(text))}</option>`,
  )
  return `<label>${label} <select name="${name}"><option value="">all</option>${options.join('')}</select></label>`
}

/** A value as an attribute: the same in the form and at the findings. */
export const attributeOf = (value: string): string => escaped(onOneLine(value))

/**
 * Hides findings that do not hold what the form asks for, and causes and sections that have none left. A cause that the address
 * names is opened; to print, all are.
 */
export const filterScript = `
'use strict'
{
  const form = document.querySelector('form')
  const output = form.querySelector('output')
  const causes = [...document.querySelectorAll('.cause')].map((node) => ({
    node,
    tier: node.dataset.tier,
    hazard: node.dataset.hazard,
    findings: [...node.querySelectorAll('.finding')].map((one) => ({
      node: one,
      owner: one.dataset.owner,
      cluster: one.dataset.cluster,
    })),
  }))
  const sections = [...document.querySelectorAll('section[data-of]')]
  const total = causes.reduce((sum, { findings }) => sum + findings.length, 0)
  const textOf = (one) => (one.text ??= one.node.textContent.toLowerCase())
  const ownText = (cause) =>
    (cause.own ??= [...cause.node.children]
      .filter((child) => !child.matches('.finding'))
      .map((child) => child.textContent)
      .join(' ')
      .toLowerCase())
  const asked = (name) => form.elements[name]?.value ?? ''

  function show() {
    const words = asked('text').toLowerCase().split(/\\s+/).filter((word) => word !== '')
    const [tier, hazard, owner, cluster] = ['tier', 'hazard', 'owner', 'cluster'].map(asked)
    const any = words.length > 0 || tier || hazard || owner || cluster
    let shown = 0
    for (const cause of causes) {
      const fits = (!tier || cause.tier === tier) && (!hazard || cause.hazard === hazard)
      let left = 0
      for (const one of cause.findings) {
        const holds =
          fits &&
          (!owner || one.owner === owner) &&
          (!cluster || one.cluster === cluster) &&
          words.every((word) => textOf(one).includes(word) || ownText(cause).includes(word))
        one.node.hidden = !holds
        if (holds) left++
      }
      cause.node.hidden = left === 0
      shown += left
    }
    for (const section of sections) section.hidden = any && !section.querySelector('.cause:not([hidden])')
    output.value = any ? shown + ' of ' + total + ' findings are shown' : ''
  }

  let waiting
  form.addEventListener('input', () => {
    clearTimeout(waiting)
    waiting = setTimeout(show, 120)
  })
  form.addEventListener('reset', () => setTimeout(show))
  form.addEventListener('submit', (event) => event.preventDefault())

  const opener = form.elements.open
  opener.addEventListener('click', () => {
    const opens = opener.textContent === 'Open all'
    for (const { node } of causes) if (!node.hidden) node.open = opens
    opener.textContent = opens ? 'Close all' : 'Open all'
  })

  function openNamed() {
    const named = document.getElementById(location.hash.slice(1))
    if (named instanceof HTMLDetailsElement) named.open = true
    named?.scrollIntoView()
  }
  addEventListener('hashchange', openNamed)
  openNamed()

  const closed = []
  addEventListener('beforeprint', () => {
    for (const node of document.querySelectorAll('details:not([open])')) {
      closed.push(node)
      node.open = true
    }
  })
  addEventListener('afterprint', () => {
    for (const node of closed.splice(0)) node.open = false
  })

  form.hidden = false
}
`

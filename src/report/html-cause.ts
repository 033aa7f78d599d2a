// One cause on the page of a scan: what is seen of it closed, and its findings with their evidence and cure.
import { shortPlace } from '../objects/origin.ts'
import { objectText, placeText, valueText } from './details.ts'
import { escaped } from './escaped.ts'
import { attributeOf } from './html-filter.ts'
import { ownersCell, whatCell, whomCell } from './line-cells.ts'
import { type Line, nobody } from './lines.ts'
import { onOneLine, printable } from './printable.ts'
import type { ReportFinding, SetAside } from './schema.ts'
import type { Tier } from './tiers.ts'

/** A text of others, as HTML. */
export const written = (text: string): string => escaped(printable(text))

/** From how many on the browser lays out only those that are near what is seen. */
const many = 100

/** Longer lists of owners are counted: each finding names its own. */
const mostOwners = 30

/** What is the same for all causes of a list. */
export interface CauseList {
  readonly of: Tier | 'set-aside'
  /** How many causes it has. */
  readonly length: number
  /** Whether more than one cluster was looked at. */
  readonly several: boolean
}

/** A cause as an element that opens. */
export function causePart({ id, group, first, findings }: Line, { of, length, several }: CauseList): string {
  const [what = ''] = whatCell(findings)
  const [whom = ''] = whomCell(findings, several)
  const [owners = '', ...shorter] = ownersCell(findings)
  const { place } = first
  const where = place && findings.length === 1 ? `${place.file}:${place.line}` : shortPlace(group)
  const cells = [
    `<code>${written(id)}</code>`,
    severityChip(first),
    cell('what', what),
    ...[cell('whom', whom), cell('where', where)],
    cell('owner', owners.length > mostOwners ? (shorter.at(-1) ?? owners) : owners),
  ]
  const facts = new Set(findings.map(({ fact }) => fact))
  const marks = attributes({ id: `${of}-${id}`, 'data-tier': of, 'data-hazard': first.hazard })
  return `<details class="cause${length >= many ? ' far' : ''}"${marks}>
<summary>${cells.join('')}</summary>
${reasonPart(first)}
${findings.map((finding) => findingPart(finding, facts.size > 1, findings.length)).join('\n')}
</details>`
}

const attributes = (all: Readonly<Record<string, string>>): string =>
  Object.entries(all)
    .map(([name, value]) => ` ${name}="${attributeOf(value)}"`)
    .join('')

const cell = (name: string, text: string): string => `<span class="${name}">${written(text)}</span>`

const severityChip = ({ severity }: ReportFinding): string => `<span class="severity ${severity}">${severity}</span>`

/** What is the same for all findings of a reason. */
function reasonPart({ title, hazard, reason, why, fix, fixedIn }: ReportFinding): string {
  return `<div class="known">${list([
    ['what', `${written(title)} <small>${written(`${hazard}/${reason}`)}</small>`],
    ['why', written(why)],
    ['fix', written(fix)],
    ...(fixedIn === undefined ? [] : [['fixed in', written(fixedIn)] as const]),
  ])}</div>`
}

type Row = readonly [name: string, html: string]

const list = (rows: readonly Row[]): string =>
  `<dl>${rows.map(([name, html]) => `<dt>${written(name)}</dt><dd>${html}</dd>`).join('')}</dl>`

function findingPart(finding: ReportFinding | SetAside, withFact: boolean, of: number): string {
  const { id, subject, place, owner, certain, lately, guess, fact } = finding
  const about = [
    subject.world,
    ...(place ? [placeText(place)] : []),
    ...(owner === undefined ? [] : [owner]),
    ...(certain ? ['certain'] : []),
    ...(lately ? ['happened lately'] : []),
    ...(guess ? ['a guess'] : []),
    id,
  ].join(' · ')
  const marks = attributes({ 'data-owner': owner ?? nobody, 'data-cluster': subject.world })
  const rows = [...asideRows(finding), ...evidenceRows(finding), ...originRows(finding), ...cureRows(finding)]
  return `<div class="finding${of >= many ? ' far' : ''}"${marks}>
<h3>${written(onOneLine(objectText(subject)))} <small>${written(about)}</small></h3>
${withFact ? `<p>${written(fact)}</p>\n` : ''}${list(rows)}
</div>`
}

function asideRows(finding: ReportFinding | SetAside): Row[] {
  if (!('setAside' in finding)) return []
  const { by, where, reason, until } = finding.setAside
  const said = [reason, until && `until ${until}`].filter(Boolean).join(', ')
  return [['set aside by', `${written(`${by}: ${where}`)}${said === '' ? '' : ` <small>${written(said)}</small>`}`]]
}

function evidenceRows({ evidence, place }: ReportFinding): Row[] {
  const own = place && placeText(place)
  return evidence.map(({ name, value, place: at, read }): Row => {
    const from = at && placeText(at) !== own ? placeText(at) : read
    return [name, `${written(valueText(value))}${from === undefined ? '' : ` <small>${written(from)}</small>`}`]
  })
}

function originRows({ fixAt, chart }: ReportFinding): Row[] {
  const where = [chart && `chart ${chart}`, fixAt].filter(Boolean).join(', by ')
  return where === '' ? [] : [['change it in', written(where)]]
}

const cureRows = ({ remedy }: ReportFinding): Row[] =>
  remedy.map(({ text, why, command }, place): Row => {
    const said = command === undefined ? `<span class="cure">${written(text)}</span>` : `<pre>${written(command)}</pre>`
    return [place === 0 ? 'cure' : 'or', `${said}${why === text ? '' : ` <small>${written(why)}</small>`}`]
  })

// What every hazard's folder must hold, so that the folder alone tells what the hazard can do. Used by parity.test.ts.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Hazard } from '../src/contract/hazard.ts'

const headings = ['Symptom', 'Cause', 'Detect', 'Remedy', 'Drill', 'References']

const vantages = ['manifest', 'cluster', 'node', 'probe', 'drill'] as const

/** hazard.ts wires; logic that grows there belongs into a file of its own. */
const mostWiringLines = 150

/** What is missing in a hazard's folder, one line each. Reads files only, so that it also judges a broken hazard. */
export function missingFiles(folder: string): string[] {
  const id = basename(folder)
  const at = (...path: string[]): string => join(folder, ...path)
  const names = existsSync(folder) ? readdirSync(folder) : []
  const lacking = ['hazard.ts', 'README.md', 'fixtures'].filter((name) => !names.includes(name))
  const missing = lacking.map((name) => `${id}/${name} is missing`)
  if (!names.some((name) => name.endsWith('.test.ts')))
    missing.push(`${id}/*.test.ts is missing: it has no test of its own`)
  if (!vantages.some((vantage) => vantage !== 'drill' && names.includes(`${vantage}.ts`))) {
    missing.push(`${id}: none of manifest.ts, cluster.ts, node.ts and probe.ts is there, so nothing finds it`)
  }
  for (const kind of ['fires', 'quiet']) {
    const some = existsSync(at('fixtures', kind)) && readdirSync(at('fixtures', kind)).length > 0
    if (!some) missing.push(`${id}/fixtures/${kind}/ is missing or empty`)
  }
  if (names.includes('alerts.yaml') && !names.includes('alerts.test.yaml'))
    missing.push(`${id}/alerts.test.yaml is missing: no test says when its alerts fire`)
  if (names.includes('README.md')) missing.push(...missingHeadings(id, readFileSync(at('README.md'), 'utf8')))
  if (names.includes('hazard.ts')) missing.push(...tooLong(id, readFileSync(at('hazard.ts'), 'utf8')))
  return [...missing, ...casts(folder, names)]
}

function missingHeadings(id: string, readme: string): string[] {
  const found = [...readme.matchAll(/^## (.+)$/gm)].map((match) => match[1])
  return headings
    .filter((heading) => !found.includes(heading))
    .map((heading) => `${id}/README.md has no "## ${heading}"`)
}

const tooLong = (id: string, text: string): string[] => {
  const lines = text.split('\n').length - 1
  return lines > mostWiringLines ? [`${id}/hazard.ts has ${lines} lines; at most ${mostWiringLines} are wiring`] : []
}

/** A hazard needs no `any` and no cast: where it does, the contract is wrong. */
function casts(folder: string, names: readonly string[]): string[] {
  return names
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .flatMap((name) =>
      readFileSync(join(folder, name), 'utf8')
        .split('\n')
        .flatMap((line, place) =>
          /\bas (?!const\b)[A-Za-z{[(]|\bany\b\s*[,;)>\]|=]|@ts-/.test(line.replace(/(\/\/|\*).*|'[^']*'|`[^`]*`/g, ''))
            ? [`${basename(folder)}/${name}:${place + 1} has a cast or an any`]
            : [],
        ),
    )
}

/** What a hazard's files promise and its wiring does not keep, or the other way round. */
export function missingWires(folder: string, hazard: Hazard): string[] {
  const id = basename(folder)
  const missing = hazard.id === id ? [] : [`${id}/hazard.ts has the id ${hazard.id}; it must be the folder's name`]
  for (const vantage of vantages) {
    const file = existsSync(join(folder, `${vantage}.ts`))
    const wired = hazard[vantage]
    const isWired = Array.isArray(wired) ? wired.length > 0 : wired !== undefined
    if (file && !isWired) missing.push(`${id}/${vantage}.ts is there, but hazard.ts does not wire it`)
    if (!file && isWired) missing.push(`${id}/${vantage}.ts is missing, but hazard.ts wires ${vantage}`)
  }
  if (hazard.metrics && !existsSync(join(folder, 'alerts.yaml')))
    missing.push(`${id}/alerts.yaml is missing, but hazard.ts has metrics that nobody is told of`)
  for (const [reason, { title, why, fix, leadsTo }] of Object.entries(hazard.reasons)) {
    if (leadsTo !== undefined && !(leadsTo in hazard.reasons))
      missing.push(`${id}: reason ${reason} leads to ${leadsTo}, which is none of its reasons`)
    if (!title || !why.endsWith('.') || !fix.endsWith('.'))
      missing.push(`${id}: reason ${reason} needs a title, and sentences for why and fix`)
  }
  return missing
}

// What of charts/roadcrew is made from the code: the agent's rights, the alerts, the table and the schema of its values.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMap, isScalar, parse, parseDocument, stringify, type YAMLMap } from 'yaml'
import { z } from 'zod'
import { policyDocument } from '../src/engine/policy-document.ts'
import { hazards } from '../src/hazards/index.ts'
import { rights } from './chart-rights.ts'

const root = join(import.meta.dirname, '..')
const chart = join(root, 'charts/roadcrew')
const text = (...path: string[]): string => readFileSync(join(...path), 'utf8')

/** Each file of the chart that is generated, by its path in the project. */
export function chartFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['charts/roadcrew/files/rbac.yaml', rights()],
    ['charts/roadcrew/files/alerts.yaml', alerts()],
    ['charts/roadcrew/values.schema.json', valuesSchema()],
    ['charts/roadcrew/README.md', readme()],
  ])
}

interface Group {
  readonly name: string
  readonly rules: readonly { readonly alert: string; readonly annotations: Readonly<Record<string, string>> }[]
}

/** Where alert rules are written, and what a person reads when one fires; paths in the project. */
export const alertSources: readonly { readonly rules: string; readonly runbook: string }[] = [
  ...['agent', 'controller', 'webhook'].map((part) => ({
    rules: `charts/roadcrew/alerts/${part}.yaml`,
    runbook: 'charts/roadcrew/README.md#when-an-alert-fires',
  })),
  ...hazards.map(({ id }) => ({ rules: `src/hazards/${id}/alerts.yaml`, runbook: `src/hazards/${id}/README.md` })),
].filter(({ rules }) => existsSync(join(root, rules)))

/** All alerts in one file, each with its runbook, which the chart's template puts its base in front of. */
function alerts(): string {
  const groups = alertSources.flatMap(({ rules, runbook }) =>
    (parse(text(root, rules)) as { groups: readonly Group[] }).groups.map((group) => ({
      ...group,
      rules: group.rules.map((rule) => ({ ...rule, annotations: { ...rule.annotations, runbook_url: runbook } })),
    })),
  )
  return `# Generated from the code by \`npm run generate\`, from the alerts.yaml of hazards and of the chart.\n${stringify({ groups }, { lineWidth: 0 })}`
}

/** Written by hand, but for the policy: its schema is the agent's own, and Helm refuses a hazard that does not exist. */
function valuesSchema(): string {
  const schema: { readonly properties: object } = JSON.parse(text(chart, 'values.schema.json'))
  const { $schema: _, properties, ...rest } = z.toJSONSchema(policyDocument, { io: 'input' })
  const known = Object.assign({}, properties?.hazards, { propertyNames: { enum: hazards.map(({ id }) => id) } })
  const policy = { ...rest, properties: { ...properties, hazards: known } }
  return `${JSON.stringify({ ...schema, properties: { ...schema.properties, policy } }, undefined, 2)}\n`
}

/** Each value with its default and the comment above it. */
function readme(): string {
  const values = parseDocument(text(chart, 'values.yaml')).contents
  if (!isMap(values)) throw new Error('charts/roadcrew/values.yaml: expected a map')
  const rows = valuesOf(values, []).map(
    ({ path, value, comment }) => `| \`${path}\` | \`${JSON.stringify(value)}\` | ${comment.replaceAll('|', '\\|')} |`,
  )
  const table = ['| value | default | what it is |', '| --- | --- | --- |', ...rows].join('\n')
  return text(chart, 'README.md').replace(
    /(<!-- values -->\n)[\s\S]*?(<!-- \/values -->)/,
    (_, start: string, end: string) => `${start}${table}\n${end}`,
  )
}

interface Value {
  readonly path: string
  readonly value: unknown
  readonly comment: string
}

/** A map whose comment says what it is, is one value; of others each entry is. */
function valuesOf(map: YAMLMap, path: readonly string[]): Value[] {
  return map.items.flatMap(({ key, value }, place) => {
    if (!isScalar(key)) return []
    const here = [...path, String(key.value)]
    // The comment above the first entry of a map belongs to the map for the parser.
    const above = key.commentBefore ?? (place === 0 ? map.commentBefore : undefined)
    const comment = (above ?? '')
      .split('\n')
      .map((line) => line.trim())
      .join(' ')
      .trim()
    if (comment === '' && isMap(value)) return valuesOf(value, here)
    const plain: unknown =
      value !== null && typeof value === 'object' && 'toJSON' in value ? (value as YAMLMap).toJSON() : value
    return [{ path: here.join('.'), value: plain, comment }]
  })
}

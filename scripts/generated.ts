// Everything in docs/ and README.md that is made from the code, so that it can't differ from it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { stringify } from 'yaml'
import { z } from 'zod'
import { policyName } from '../src/acting/policy-source.ts'
import { baselineSchema } from '../src/adopt/baseline.ts'
import { publishedSettings } from '../src/adopt/settings-document.ts'
import { explainSchema } from '../src/commands/cron-explain.ts'
import { listSchema } from '../src/commands/cron-list.ts'
import { nextSchema } from '../src/commands/cron-next.ts'
import { demoCommand } from '../src/commands/demo.ts'
import { capabilities } from '../src/commands/explain.ts'
import type { Io } from '../src/commands/io.ts'
import { program } from '../src/commands/program.ts'
import { railsReportSchema } from '../src/commands/rails-report.ts'
import { statusSchema } from '../src/commands/rails-status.ts'
import type { Hazard, Kind, Read } from '../src/contract/hazard.ts'
import { policyDocument } from '../src/engine/policy-document.ts'
import { hazards } from '../src/hazards/index.ts'
import { namespaces } from '../src/objects/kinds.ts'
import { fixSchema } from '../src/report/fix-schema.ts'
import { rolloutSchema } from '../src/report/rollout-schema.ts'
import { reportSchema } from '../src/report/schema.ts'
import { chartFiles } from './chart.ts'
import { plural } from './plural.ts'
import { terminalSvg } from './terminal-svg.ts'

const root = join(import.meta.dirname, '..')

/** Each generated file with its content, by its path in the project. */
export async function generated(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ['docs/hazards.md', hazardsPage()],
    ['docs/commands.md', commandsPage()],
    ['docs/report.schema.json', jsonText(z.toJSONSchema(reportSchema))],
    ['docs/baseline.schema.json', jsonText(z.toJSONSchema(baselineSchema))],
    ['docs/roadcrew-yaml.schema.json', jsonText(z.toJSONSchema(publishedSettings(hazards), { io: 'input' }))],
    ['docs/rails-status.schema.json', jsonText(z.toJSONSchema(statusSchema))],
    ['docs/rails-report.schema.json', jsonText(z.toJSONSchema(railsReportSchema))],
    ['docs/cron-next.schema.json', jsonText(z.toJSONSchema(nextSchema))],
    ['docs/cron-explain.schema.json', jsonText(z.toJSONSchema(explainSchema))],
    ['docs/cron-list.schema.json', jsonText(z.toJSONSchema(listSchema))],
    ['docs/fix.schema.json', jsonText(z.toJSONSchema(fixSchema))],
    ['docs/rollout.schema.json', jsonText(z.toJSONSchema(rolloutSchema))],
    ['docs/settings.schema.json', jsonText(settingsSchema())],
    ['docs/policy.schema.json', jsonText(policySchema())],
    ['docs/rbac.yaml', rbac()],
    ['docs/rbac-pod-metrics.yaml', rbacForPodMetrics()],
    ...chartFiles(),
    ['docs/scan.svg', await scanPicture()],
    ['README.md', await readme()],
  ])
}

const silent: Io = {
  out: () => {},
  err: () => {},
  outIsTerminal: false,
  errIsTerminal: false,
  columns: 120,
  now: () => 0,
  ticks: () => 0,
  stdin: () => Promise.resolve(''),
  env: {},
  home: '',
  signal: new AbortController().signal,
}

const jsonText = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`

function catalogueTable(link: (id: string) => string): string {
  const rows = hazards.map(
    (hazard) => `| [${hazard.id}](${link(hazard.id)}) | ${hazard.title} | ${capabilities(hazard)} |`,
  )
  return ['| hazard | what | looked at by |', '| --- | --- | --- |', ...rows].join('\n')
}

function hazardsPage(): string {
  const parts = hazards.map((hazard) => {
    const reasons = Object.entries(hazard.reasons).map(
      ([id, { title, why, fix, fixedIn }]) =>
        `| \`${id}\` | **${title}.** ${why} | ${fix} | ${fixedIn ?? 'not fixed by Kubernetes itself'} |`,
    )
    return [
      `## ${hazard.id}`,
      '',
      `${hazard.title}. Severity ${hazard.severity} unless a finding says otherwise. [More](../src/hazards/${hazard.id}/README.md)`,
      '',
      '| reason | what happens | fix | fixed in Kubernetes |',
      '| --- | --- | --- | --- |',
      ...reasons,
    ].join('\n')
  })
  return `# Hazards\n\nGenerated from the code by \`npm run generate\`.\n\n${catalogueTable((id) => `#${id}`)}\n\n${parts.join('\n\n')}\n`
}

const withAllBelow = (command: Command): readonly Command[] => [command, ...command.commands.flatMap(withAllBelow)]

const wordsOf = (command: Command): string =>
  command.parent ? `${wordsOf(command.parent)} ${command.name()}` : command.name()

function commandsPage(): string {
  const all = program(silent, () => {})
  const helps = withAllBelow(all).map((command) => {
    const name = wordsOf(command)
    let text = ''
    command.configureOutput({
      writeOut: (part) => {
        text += part
      },
      getOutHelpWidth: () => 100,
    })
    command.outputHelp()
    return `## ${name}\n\n\`\`\`text\n${text.trimEnd()}\n\`\`\``
  })
  return `# Commands\n\nGenerated from the code by \`npm run generate\`.\n\n${helps.join('\n\n')}\n`
}

function settingsSchema(): unknown {
  const properties = Object.fromEntries(
    hazards.map(({ id, settings }) => [id, z.toJSONSchema(settings, { io: 'input' })]),
  )
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Settings of the hazards',
    type: 'object',
    properties,
    additionalProperties: false,
  }
}

function policySchema(): unknown {
  return { ...z.toJSONSchema(policyDocument, { io: 'input' }), title: 'What Roadcrew may do by itself' }
}

/**
 * Least privilege for a scan: to list what detectors declare to read, and namespaces for their owners; no Secrets. Of a kind of
 * which only some objects are read, to get these.
 */
function rbac(): string {
  const reads = (hazard: Hazard): readonly Read<unknown>[] =>
    [...(hazard.manifest ?? []), ...(hazard.cluster ?? [])].flatMap((one) => [one.of, ...Object.values(one.with)])
  const kinds = new Set<Kind<unknown>>([namespaces, ...hazards.flatMap(reads).flatMap((read) => [...read.kinds])])
  const served = [...kinds].flatMap(({ kind, api }) => (api ? [{ kind, ...api }] : []))
  const rules = [...new Set(served.map(({ group }) => group))].toSorted().flatMap((group) => {
    const own = served.filter((one) => one.group === group)
    const listed = own.filter(({ only }) => !only).map(({ kind }) => plural(kind))
    return [
      ...(listed.length > 0 ? [{ apiGroups: [group], resources: listed.toSorted(), verbs: ['get', 'list'] }] : []),
      ...own.flatMap(({ kind, only }) =>
        only ? [{ apiGroups: [group], resources: [plural(kind)], resourceNames: [...only.names], verbs: ['get'] }] : [],
      ),
    ]
  })
  const ownPolicy = { apiGroups: [''], resources: ['configmaps'], resourceNames: [policyName], verbs: ['get'] }
  const role = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'roadcrew-scan' },
    rules: [...rules, ownPolicy],
  }
  return `# Generated from the code by \`npm run generate\`: all that \`roadcrew scan\` needs on a cluster.\n${stringify(role)}`
}

/** What `--pod-metrics` needs beside it. Apart from all else, since it is no small right. */
function rbacForPodMetrics(): string {
  const role = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'roadcrew-scan-pod-metrics' },
    rules: [{ apiGroups: [''], resources: ['pods/proxy'], verbs: ['get'] }],
  }
  return `# Generated from the code by \`npm run generate\`: what \`roadcrew scan --pod-metrics\` needs beside docs/rbac.yaml. It lets its holder
# send GET requests to every port and path of every Pod that it is bound for: bind it in the namespaces of ingress controllers alone.
${stringify(role)}`
}

async function readme(): Promise<string> {
  const text = readFileSync(join(root, 'README.md'), 'utf8')
  return between(between(text, 'hazards', symptomTable()), 'picture', `\`\`\`text\n${await picture()}\n\`\`\``)
}

const between = (text: string, mark: string, content: string): string =>
  text.replace(
    new RegExp(`(<!-- ${mark} -->\\n)[\\s\\S]*?(\\n?<!-- /${mark} -->)`),
    (_, start: string, end: string) => `${start}${content}\n${end.trimStart()}`,
  )

/** What is seen, where it is looked for, and what makes it happen. */
function symptomTable(): string {
  const rows = hazards.map((hazard) => {
    const { id, title } = hazard
    const looks = [
      ...(hazard.manifest || hazard.cluster ? [`\`scan --only ${id}\``] : []),
      ...(hazard.node ? ['`agent --once --network`'] : []),
    ]
    return `| ${title} | [${id}](src/hazards/${id}/README.md) | ${looks.join(', ')} | ${hazard.drill ? `\`drill ${id}\`` : ''} |`
  })
  return [
    '| symptom | hazard | look: `roadcrew …` | see it: `roadcrew …` |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}

/** All that the demo shows. @param colors as on a terminal. */
async function picture(colors = false): Promise<string> {
  let shown = ''
  const out = (part: string): void => {
    shown += part
  }
  await demoCommand({ ...silent, out, outIsTerminal: colors }).parseAsync([], { from: 'user' })
  return shown.trimEnd()
}

/** The same as far as the advice, on a terminal. */
async function scanPicture(): Promise<string> {
  const shown = await picture(true)
  const lines = shown.split('\n')
  const advice = lines.findIndex((line) => line.includes('ADVICE'))
  if (advice < 0) throw new Error('the demo shows no advice any more: mend scanPicture')
  return terminalSvg(lines.slice(0, advice).join('\n'), 'What roadcrew scan finds in an export of three clusters')
}

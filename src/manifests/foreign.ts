// Tells what YAML and JSON is that belongs to other tools: by its name, its neighbours, and what it holds.
import { dirname } from 'node:path'
import type { Json } from '../contract/hazard.ts'
import { shellWord } from '../objects/shell-word.ts'
import { stdinName } from './expand.ts'
import { isObject, isTyped, type JsonObject, type Typed } from './objects.ts'

/** What a file is, and what renders it to something that can be scanned. */
export interface Recognised {
  readonly what: string
  /** The folder that the file is a part of, where that counts as one thing. */
  readonly whole?: string
  readonly command?: string
}

/** What lies around a file; folders as a user of the same working directory would name them. */
export interface Neighbours {
  /** The outermost Helm chart that the file belongs to. */
  readonly chart?: string
  /** The file is in the folder of a chart where all that has `{{` is a template. */
  readonly template?: boolean
  /** The folder of a kustomization that lists the file as a patch. */
  readonly patchOf?: string
}

/** What is known of a file before it is read: that it is a template, or a patch; undefined if it has to be read. */
export const recogniseFile = (text: string, { chart, template, patchOf }: Neighbours): Recognised | undefined => {
  if (patchOf !== undefined) return patch(patchOf)
  return chart !== undefined && template && text.includes('{{') ? chartAt(chart) : undefined
}

/** What is of no tool that is known. */
export const nothingKnown = 'no Kubernetes objects'

/** What a document is that is no Kubernetes object. */
export const recogniseValue = (file: string, value: Json, { chart }: Neighbours): Recognised => {
  if (chart !== undefined) return chartAt(chart)
  const known = tools.find(({ name, holds }) => name?.test(slashed(file)) || holds?.(value))
  return known ? told(known, file) : { what: nothingKnown }
}

/** What an object of apiVersion and kind is that no API server takes; undefined of all others. */
export const recogniseObject = (file: string, object: Typed): Recognised | undefined => {
  const known = clientSide.find(({ of }) => of(object))
  return known && told(known, file)
}

/** What a document is that can't be parsed, if its name or its neighbours tell; undefined if it is simply broken. */
export const recogniseBroken = (file: string, text: string, { chart }: Neighbours): Recognised | undefined => {
  if (chart !== undefined && text.includes('{{')) return chartAt(chart)
  const known = tools.find(({ name, mayBeBroken }) => mayBeBroken && name?.test(slashed(file)))
  return known && told(known, file)
}

/** Something of another tool. */
interface Tool {
  readonly what: string
  /** Renders the file of that path. */
  readonly command?: (file: string) => string
}

interface NamedTool extends Tool {
  /** Of the whole path, with slashes. */
  readonly name?: RegExp
  readonly holds?: (value: Json) => boolean
  /** Files of that name hold templates or JSON with comments, so that they needn't be YAML. */
  readonly mayBeBroken?: true
}

const told = ({ what, command }: Tool, file: string): Recognised => ({
  what,
  ...(command && file !== stdinName && { command: `${command(file)} | roadcrew scan -` }),
})

const chartAt = (chart: string): Recognised => ({
  what: 'Helm chart',
  whole: chart,
  command: `helm template ${shellWord(chart)} | roadcrew scan -`,
})

const kustomize = (folder: string): string => `kubectl kustomize ${shellWord(folder)}`

const patch = (folder: string): Recognised => ({
  what: 'Kustomize patch',
  command: `${kustomize(folder)} | roadcrew scan -`,
})

const slashed = (file: string): string => `/${file.replaceAll('\\', '/')}`

/** An object with these keys. */
const has = (value: Json | undefined, ...keys: readonly string[]): value is JsonObject =>
  isObject(value) && keys.every((key) => Object.hasOwn(value, key))

/** A list, not empty, of which each item passes. */
const listOf = (value: Json | undefined, passes: (item: Json) => boolean): boolean =>
  Array.isArray(value) && value.length > 0 && value.every(passes)

/** An object, not empty, of which each value passes. */
const mapOf = (value: Json | undefined, passes: (inner: Json) => boolean): boolean =>
  isObject(value) && Object.keys(value).length > 0 && Object.values(value).every(passes)

/** YAML 1.1 takes the key `on` for a boolean. */
const hasOn = (value: Json): boolean => has(value, 'on') || has(value, 'true')

const isPlay = (item: Json): boolean =>
  (has(item, 'hosts') && ['tasks', 'roles', 'vars', 'pre_tasks'].some((key) => has(item, key))) ||
  has(item, 'import_playbook')

const isJob = (value: Json): boolean => has(value, 'script') && !has(value, 'steps')

/** The first that fits counts: what names a tool for sure before what only looks like it. */
const tools: readonly NamedTool[] = [
  {
    what: 'kustomization',
    name: /\/(?:kustomization\.ya?ml|Kustomization)$/,
    command: (file) => kustomize(dirname(file)),
  },
  {
    what: 'Helmfile',
    name: /\/helmfile[^/]*\.ya?ml$/,
    mayBeBroken: true,
    holds: (value) => has(value, 'releases') && listOf(value.releases, (one) => has(one, 'name', 'chart')),
    command: (file) => `helmfile -f ${shellWord(file)} template`,
  },
  {
    what: 'GitHub workflow',
    name: /\/\.github\/workflows\/[^/]+$/,
    holds: (value) => hasOn(value) && has(value, 'jobs') && mapOf(value.jobs, (job) => has(job, 'runs-on')),
  },
  { what: 'GitHub settings', name: /\/\.github\/.+$/ },
  {
    what: 'GitLab CI pipeline',
    name: /\/\.gitlab-ci\.ya?ml$/,
    mayBeBroken: true,
    holds: (value) => has(value, 'stages') && Object.values(value).some(isJob),
  },
  {
    what: 'pipeline of another CI',
    name: /\/(?:\.circleci\/config|azure-pipelines|\.travis|\.drone|bitbucket-pipelines|cloudbuild)\.ya?ml$/,
  },
  {
    what: 'docker compose file',
    name: /\/(?:docker-)?compose[^/]*\.ya?ml$/,
    holds: (value) => has(value, 'services') && mapOf(value.services, (one) => has(one, 'image') || has(one, 'build')),
  },
  {
    what: 'Prometheus rules',
    holds: (value) => has(value, 'groups') && listOf(value.groups, (one) => has(one, 'name', 'rules')),
  },
  { what: 'Prometheus settings', holds: (value) => has(value, 'scrape_configs') },
  { what: 'Alertmanager settings', holds: (value) => has(value, 'route', 'receivers') },
  { what: 'Ansible playbook', holds: (value) => listOf(value, isPlay) },
  { what: 'OpenAPI document', holds: (value) => has(value, 'openapi') || has(value, 'swagger') },
  {
    what: 'JSON Schema',
    holds: (value) => has(value, '$schema') && String(value.$schema).includes('json-schema.org'),
  },
  { what: 'CloudFormation template', holds: (value) => has(value, 'AWSTemplateFormatVersion') },
  { what: 'npm package', name: /\/(?:package|package-lock|npm-shrinkwrap)\.json$/ },
  { what: 'lock file', name: /\/(?:pnpm-lock\.yaml|[^/]*[.-]lock\.(?:json|ya?ml))$/ },
  { what: 'TypeScript settings', name: /\/[tj]sconfig[^/]*\.json$/, mayBeBroken: true },
  {
    what: 'settings of an editor',
    name: /\/(?:\.vscode|\.devcontainer)\/[^/]+\.json$|\/devcontainer\.json$/,
    mayBeBroken: true,
  },
  {
    what: 'Grafana dashboard',
    holds: (value) => has(value, 'panels') && has(value, 'schemaVersion'),
  },
  {
    what: 'JSON patch',
    holds: (value) => listOf(value, (one) => has(one, 'op', 'path')),
  },
  {
    what: 'map of objects, as Jsonnet writes it',
    holds: (value) => mapOf(value, isTyped),
    command: (file) =>
      /\.ya?ml$/.test(file) ? `yq -o json ${shellWord(file)} | jq '.[]'` : `jq '.[]' ${shellWord(file)}`,
  },
]

const group = ({ apiVersion }: Typed): string => apiVersion.split('/')[0] ?? ''

const clientSide: readonly (Tool & { readonly of: (object: Typed) => boolean })[] = [
  {
    what: 'kustomization',
    of: (object) => group(object) === 'kustomize.config.k8s.io',
    command: (file) => kustomize(dirname(file)),
  },
  {
    what: 'Skaffold settings',
    of: (object) => group(object) === 'skaffold' && object.kind === 'Config',
    command: (file) => `skaffold render --digest-source none -f ${shellWord(file)}`,
  },
  {
    what: 'kubeconfig',
    of: (object) => object.apiVersion === 'v1' && object.kind === 'Config' && has(object, 'clusters'),
  },
  { what: 'settings of kind', of: (object) => group(object) === 'kind.x-k8s.io' },
]

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Json } from '../contract/hazard.ts'
import type { Batch } from '../contract/world.ts'
import { cronJobs } from '../objects/kinds.ts'
import { recogniseBroken, recogniseObject, recogniseValue } from './foreign.ts'
import { isTyped } from './objects.ts'
import { readDocument } from './read-document.ts'
import { fileWorlds } from './world.ts'

const valueIn = (text: string): Json => {
  const value = readDocument(text)
  if (value === undefined || value instanceof Error) throw new Error(`no document: ${text}`)
  return value
}

describe('a document of another tool', () => {
  it.each([
    ['a/kustomization.yaml', 'resources: [a.yaml]', 'kustomization', 'kubectl kustomize a | roadcrew scan -'],
    ['kustomization.yml', 'resources: [a.yaml]', 'kustomization', 'kubectl kustomize . | roadcrew scan -'],
    ['my dir/kustomization.yaml', 'a: b', 'kustomization', "kubectl kustomize 'my dir' | roadcrew scan -"],
    ['helmfile.yaml', 'a: b', 'Helmfile', 'helmfile -f helmfile.yaml template | roadcrew scan -'],
    ['x.yaml', 'releases: [{name: a, chart: b}]', 'Helmfile', 'helmfile -f x.yaml template | roadcrew scan -'],
    ['.github/workflows/ci.yml', 'a: b', 'GitHub workflow', undefined],
    ['x.yaml', 'on: push\njobs: {a: {runs-on: x}}', 'GitHub workflow', undefined],
    ['.github/dependabot.yml', 'version: 2', 'GitHub settings', undefined],
    ['.gitlab-ci.yml', 'a: {script: [x]}', 'GitLab CI pipeline', undefined],
    ['x.yaml', 'stages: [a]\nb: {script: [x]}', 'GitLab CI pipeline', undefined],
    ['docker-compose.dev.yml', 'services: {}', 'docker compose file', undefined],
    ['x.yaml', 'services: {a: {image: x}, b: {build: .}}', 'docker compose file', undefined],
    ['x.yaml', 'groups: [{name: a, rules: []}]', 'Prometheus rules', undefined],
    ['x.yaml', 'scrape_configs: []', 'Prometheus settings', undefined],
    ['site.yaml', '- hosts: all\n  tasks: []', 'Ansible playbook', undefined],
    ['x.yaml', 'openapi: 3.0.0', 'OpenAPI document', undefined],
    ['x.json', '{"$schema": "https://json-schema.org/draft/2020-12/schema"}', 'JSON Schema', undefined],
    ['package.json', '{"name": "a"}', 'npm package', undefined],
    ['pnpm-lock.yaml', 'lockfileVersion: 9', 'lock file', undefined],
    ['x.json', '{"panels": [], "schemaVersion": 39}', 'Grafana dashboard', undefined],
    ['x.json', '[{"op": "add", "path": "/a"}]', 'JSON patch', undefined],
    [
      'all.json',
      '{"a.json": {"apiVersion": "v1", "kind": "Pod"}}',
      'map of objects, as Jsonnet writes it',
      "jq '.[]' all.json | roadcrew scan -",
    ],
    ['values.yaml', 'replicas: 2', 'no Kubernetes objects', undefined],
    ['<stdin>', 'resources: [a.yaml]', 'no Kubernetes objects', undefined],
    ['x.yaml', 'services: {a: text}', 'no Kubernetes objects', undefined],
    ['x.yaml', 'groups: []', 'no Kubernetes objects', undefined],
  ])('%s with "%s" is %s', (file, text, what, command) =>
    expect(recogniseValue(file, valueIn(text), {})).toEqual({ what, ...(command && { command }) }),
  )

  it.each([
    ['apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization', 'kustomization'],
    ['apiVersion: skaffold/v4beta11\nkind: Config', 'Skaffold settings'],
    ['apiVersion: v1\nkind: Config\nclusters: []', 'kubeconfig'],
    ['apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster', 'settings of kind'],
    ['apiVersion: v1\nkind: Config', undefined],
    ['apiVersion: v1\nkind: ConfigMap', undefined],
  ])('though it has a kind: %s is %s', (text, what) => {
    const object = valueIn(text)
    if (!isTyped(object)) throw new Error('no kind')
    expect(recogniseObject('x.yaml', object)?.what).toBe(what)
  })

  it('may be broken where its name says what it is; any other broken one is broken', () => {
    expect(recogniseBroken('tsconfig.json', '{ // why\n', {})).toEqual({ what: 'TypeScript settings' })
    expect(recogniseBroken('helmfile.yaml', '{{ x }}', {})?.what).toBe('Helmfile')
    expect(recogniseBroken('values.yaml', '{{ x }}', {})).toBeUndefined()
    expect(recogniseBroken('docker-compose.yml', 'a: [', {})).toBeUndefined()
  })
})

describe('files around', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'roadcrew-foreign-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const write = (files: Readonly<Record<string, string>>): void => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
  }
  const read = async (...inputs: readonly string[]) => {
    const { worlds, foreign, passedOver } = await fileWorlds(
      inputs.map((input) => join(folder, input)),
      { stdin: () => Promise.resolve('') },
    )
    const batches: Batch[] = []
    for (const world of worlds) for await (const batch of world.read([cronJobs])) batches.push(batch)
    const short = (text: string): string => text.replaceAll(`${folder}/`, '').replaceAll(folder, '.')
    return {
      names: batches.flatMap((batch) => ('items' in batch ? batch.items.map(({ subject }) => subject.name) : [])),
      broken: batches.flatMap((batch) => ('broken' in batch ? [short(batch.broken.place)] : [])),
      foreign: foreign().map(({ command, ...row }) => ({
        ...row,
        example: short(row.example),
        ...(command && { command: short(command) }),
      })),
      passedOver: passedOver(),
    }
  }
  const cronJob = (name: string): string => `apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: ${name}\n`

  it('a chart is one thing, with the charts within it, also where its templates are no YAML; its crds/ and plain files are read', async () => {
    write({
      'web/Chart.yaml': 'apiVersion: v2\nname: web\n',
      'web/values.yaml': 'replicas: 1\n',
      'web/templates/a.yaml': '{{- if .Values.x }}\nkind: [\n{{ end }}\n',
      'web/templates/deep/valid.yaml': cronJob('"{{ .Release.Name }}"'),
      'web/templates/plain.yaml': cronJob('plain'),
      'web/crds/crd.yaml': cronJob('crd-with-{{braces}}'),
      'web/charts/db/Chart.yaml': 'apiVersion: v2\nname: db\n',
      'web/charts/db/templates/b.yaml': 'a: {{ x }}\n',
      'web/ci/test.yaml': 'a: {{ x }}: [\n',
      'stray.yaml': 'a: {{ x }}: [\n',
    })
    expect(await read('.')).toEqual({
      names: ['crd-with-{{braces}}', 'plain'],
      broken: ['stray.yaml:2:1'],
      foreign: [{ what: 'Helm chart', count: 7, example: 'web', command: 'helm template web | roadcrew scan -' }],
      passedOver: 7,
    })
    const alone = await read('web/templates/a.yaml', 'web/charts/db/templates')
    expect(alone).toMatchObject({ broken: [], foreign: [{ count: 2, example: 'web' }] })
  })

  it('two charts are two things', async () => {
    for (const name of ['a', 'b']) write({ [`${name}/Chart.yaml`]: 'name: x\n', [`${name}/values.yaml`]: 'x: y\n' })
    expect((await read('.')).foreign.map(({ example, count }) => [example, count])).toEqual([
      ['a', 2],
      ['b', 2],
    ])
  })

  it('what a kustomization lists as patches is none of the objects', async () => {
    write({
      'k/kustomization.yaml':
        'resources: [all.yaml]\npatches: [{path: patches/one.yaml}, {patch: inline}]\npatchesStrategicMerge: [two.yaml]\n',
      'k/patches/one.yaml': cronJob('patched'),
      'k/two.yaml': cronJob('patched'),
      'k/all.yaml': cronJob('all'),
    })
    const command = 'kubectl kustomize k | roadcrew scan -'
    expect(await read('.')).toMatchObject({
      names: ['all'],
      broken: [],
      foreign: [
        { what: 'Kustomize patch', count: 2, example: 'k/patches/one.yaml', command },
        { what: 'kustomization', count: 1, example: 'k/kustomization.yaml', command },
      ],
    })
  })

  it('of one sort are counted by files, not by documents', async () => {
    write({ 'a.yaml': 'a: b\n---\nc: d\n', 'b.yaml': 'a: b\n' })
    expect(await read('.')).toMatchObject({
      passedOver: 3,
      foreign: [{ what: 'no Kubernetes objects', count: 2, example: 'a.yaml' }],
    })
  })
})

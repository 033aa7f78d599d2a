// `roadcrew cron convert`: documents of YAML in, documents of YAML out. Pure. What is not converted stays as it is, to the byte.
import { type Document, isMap, isScalar, isSeq, parseDocument, type YAMLMap } from 'yaml'
import type { Zones } from '../contract/hazard.ts'
import { splitDocuments, withoutMarks } from '../manifests/documents.ts'
import { looksLikeJson, readJson } from '../manifests/json.ts'
import { convertSpec, type Target } from './cron-convert-spec.ts'

/** What could not be done as it was meant. `error`: nothing may be written; the text names object and field. */
export interface Remark {
  readonly level: 'error' | 'warning'
  readonly text: string
}

export interface Converted {
  readonly text: string
  readonly remarks: readonly Remark[]
  /** How many objects were converted. */
  readonly count: number
}

export interface ConvertOptions {
  readonly to: Target
  readonly zones: Zones
  /** What a schedule without a zone is read in: a ZonedCronJob always has one. */
  readonly controllerZone: string
  /** ms UTC: clock changes of a year from then on are looked at. */
  readonly now: number
}

/** What is converted: kubernetes from 1.8 on, ourselves, and https://github.com/hiddeco/cronjobber. */
const sources: Readonly<Record<string, RegExp>> = {
  CronJob: /^batch\/v(1|1beta1|2alpha1)$/,
  ZonedCronJob: /^roadcrew\.dev\/v1$/,
  TZCronJob: /^cronjobber\.hidde\.co\/v1alpha1$/,
}

const made: Readonly<Record<Target, string>> = { CronJob: 'batch/v1', ZonedCronJob: 'roadcrew.dev/v1' }

/** Converts a file's text. @param file for what is said of it. */
export function convertText(text: string, file: string, options: ConvertOptions): Converted {
  const remarks: Remark[] = []
  const clean = withoutMarks(text)
  let out = ''
  let end = 0
  let count = 0
  for (const { text: part, start } of splitDocuments(clean)) {
    const changed = convertDocument(part, file, options, remarks)
    out += clean.slice(end, start) + (changed?.text ?? part)
    count += changed?.count ?? 0
    end = start + part.length
  }
  return { text: out + clean.slice(end), remarks, count }
}

/** Undefined: it holds nothing to convert, and is no affair of ours. */
function convertDocument(
  text: string,
  file: string,
  options: ConvertOptions,
  remarks: Remark[],
): Pick<Converted, 'text' | 'count'> | undefined {
  if (!/CronJob/.test(text)) return undefined
  const document = parse(text)
  const [error] = document.errors
  if (error) {
    remarks.push({ level: 'error', text: `${file}: not valid YAML: ${error.message.split('\n')[0]}` })
    return undefined
  }
  const objects = objectsIn(document)
  let count = 0
  for (const object of objects) {
    const kind = String(object.get('kind'))
    if (!sources[kind]?.test(String(object.get('apiVersion')))) continue
    if (kind === 'ZonedCronJob' && kind === options.to) continue
    convertObject(document, object, kind, { file, options, remarks })
    count++
  }
  return count > 0 ? { text: written(document, text), count } : undefined
}

/** YAML 1.1, as Kubernetes reads it; dates stay text. */
const parse = (text: string): Document.Parsed =>
  parseDocument(text, {
    version: '1.1',
    uniqueKeys: false,
    logLevel: 'error',
    customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || tag.tag !== 'tag:yaml.org,2002:timestamp'),
  })

/** In the style of the text that it came from, as far as the library can. */
function written(document: Document.Parsed, text: string): string {
  if (looksLikeJson(text) && readJson(text) !== undefined) {
    const [, indent] = /\n( +)/.exec(text) ?? []
    return `${JSON.stringify(document.toJS(), undefined, indent)}${text.endsWith('\n') ? '\n' : ''}`
  }
  const shown = document.toString({
    lineWidth: 0,
    indentSeq: !/^([ \t]*)[^\s#-][^\n]*:[ \t]*\n\1- /m.test(text),
    flowCollectionPadding: /\{ \S/.test(text),
  })
  const opened = /^---/.test(text) && !/^---/.test(shown) ? `---\n${shown}` : shown
  return text.endsWith('\n') ? opened : opened.replace(/\n$/, '')
}

/** The object of a document, or the items of the list that it is. */
function objectsIn({ contents }: Document.Parsed): readonly YAMLMap[] {
  if (!isMap(contents)) return []
  const items = contents.get('items')
  if (!isSeq(items)) return [contents]
  return items.items.flatMap((item) => (isMap(item) ? [item] : []))
}

interface Around {
  readonly file: string
  readonly options: ConvertOptions
  readonly remarks: Remark[]
}

function convertObject(document: Document.Parsed, object: YAMLMap, kind: string, around: Around): void {
  const { file, options, remarks } = around
  const metadata = object.get('metadata')
  const name = isMap(metadata) ? [metadata.get('namespace'), metadata.get('name')].filter(Boolean).join('/') : ''
  const say = (level: Remark['level'], text: string): void => {
    remarks.push({ level, text: `${file}: ${kind} ${name}: ${text}` })
  }
  const spec = object.get('spec')
  if (!isMap(spec)) {
    say('error', spec === undefined || spec === null ? 'spec: Required value' : 'spec: it is an alias: write it out')
    return
  }
  if (isMap(metadata)) asNew(metadata)
  object.delete('status')
  setScalar(document, object, 'apiVersion', made[options.to])
  setScalar(document, object, 'kind', options.to)
  convertSpec(spec, { ...options, from: kind, say, document })
}

/** What the API server and kubectl wrote about the object that it was. */
function asNew(metadata: YAMLMap): void {
  for (const field of ['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'managedFields', 'selfLink'])
    metadata.delete(field)
  const annotations = metadata.get('annotations')
  if (!isMap(annotations)) return
  annotations.delete('kubectl.kubernetes.io/last-applied-configuration')
  if (annotations.items.length === 0) metadata.delete('annotations')
}

/** Sets a value in place, so that its comment stays. */
export function setScalar(document: Document, map: YAMLMap, key: string, value: string): void {
  const node = map.get(key, true)
  if (isScalar(node)) node.value = value
  else map.set(document.createNode(key), document.createNode(value))
}

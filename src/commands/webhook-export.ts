// What `roadcrew webhook export` writes. Loaded only for it.
import { stringify } from 'yaml'
import { type Document, type Engine, exported } from '../admission/export.ts'
import { defaultPolicy } from '../engine/policy.ts'
import { settingsBy } from '../engine/policy-settings.ts'
import { hazards } from '../hazards/index.ts'
import { parseVersion } from '../objects/version.ts'
import { type Io, UsageError } from './io.ts'
import { policyOfFile } from './policy-facts.ts'
import { toolVersion } from './tool-version.ts'

/** The options of `webhook export` as commander gives them. */
export interface WebhookExportOptions {
  readonly as: Engine
  readonly kubeVersion: string
  readonly policy?: string
}

/** @throws UsageError if an option is no use, or the release does not keep what would be written. */
export function webhookExport({ as, kubeVersion, policy: path }: WebhookExportOptions, io: Io): void {
  const version = parseVersion(kubeVersion)
  if (!version) throw new UsageError(`--kube-version: "${kubeVersion}" is no release; expected e.g. 1.36`)
  const policy = path === undefined ? defaultPolicy : policyOfFile(path)
  const documents = exported(hazards, { as, version, policy, settings: settingsBy(policy, hazards) })
  if ('wrong' in documents) throw new UsageError(documents.wrong)
  io.out(documents.map(documentText).join('---\n'))
}

function documentText({ says, object }: Document, place: number): string {
  const made = place === 0 ? [`Made by roadcrew ${toolVersion}: roadcrew webhook export --help`] : []
  const comments = [...made, ...says].map((line) => `# ${line}\n`).join('')
  return `${comments}${stringify(object, { lineWidth: 0, blockQuote: 'literal' })}`
}

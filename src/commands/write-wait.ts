// Writes a measured wait into a policy's file; its comments and order stay.
import { readFileSync, writeFileSync } from 'node:fs'
import { parseDocument } from 'yaml'
import type { RolloutReport } from '../report/rollout-schema.ts'
import { policyOfFile } from './policy-facts.ts'
import { settingsFor } from './rollout-remedies.ts'

/** @throws UsageError if the file is no policy: said before anything is measured. */
export const expectPolicy = (path: string): void => void policyOfFile(path, '--write-wait')

/** @returns what became of it, for people. */
export function writeWait(path: string, { waitSeconds, because }: RolloutReport['drain']): string {
  if (waitSeconds === undefined) return `${path} stays as it is: ${because}`
  const document = parseDocument(readFileSync(path, 'utf8'))
  const settings = Object.entries(settingsFor('drain-seconds', waitSeconds))
  for (const [id, values] of settings)
    for (const [name, value] of Object.entries(values)) document.setIn(['hazards', id, 'settings', name], value)
  writeFileSync(path, document.toString())
  const written = settings.flatMap(([id, values]) =>
    Object.entries(values).map(([name, value]) => `hazards.${id}.settings.${name}: ${value}`),
  )
  return `${path} says ${written.join(', ')} by now`
}

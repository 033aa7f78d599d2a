// What `roadcrew fix -o json` writes.
import { z } from 'zod'

const subject = z.object({
  world: z.string().describe('The cluster, or the folder of files'),
  kind: z.string(),
  namespace: z.string().optional(),
  name: z.string(),
})

const field = z.array(z.union([z.string(), z.number()])).describe('The path in the object')

const step = z.object({
  finding: z.string().describe('The id of what it cures'),
  hazard: z.string(),
  reason: z.string(),
  fact: z.string(),
  target: subject,
  file: z.string().optional(),
  keptBy: z.string().optional().describe('What makes the object, and would bring back what it was'),
  text: z.string().describe('The step in one line'),
  why: z.string(),
  changes: z
    .array(z.object({ path: field, before: z.json().optional(), after: z.json().optional() }))
    .describe('No before: the field is not there; no after: it is taken out'),
  outcome: z.enum(['would-do', 'done', 'held', 'failed', 'passed']).describe('passed: it was no longer so'),
  rail: z.string().optional().describe('What held it back'),
  because: z.string().optional(),
})

const left = z.object({
  finding: z.string(),
  hazard: z.string(),
  reason: z.string(),
  fact: z.string(),
  subject,
  advice: z.array(z.string()).describe('What a person can do'),
})

const difference = z.object({
  what: z.string().describe('The file or the object'),
  diff: z.string(),
  written: z.boolean().describe('Of a file: whether it says so by now'),
  because: z.string().optional().describe('Why it could not be written'),
})

export const fixSchema = z
  .object({
    schemaVersion: z.literal(1),
    tool: z.object({ name: z.literal('roadcrew'), version: z.string() }),
    at: z.iso.datetime(),
    mode: z.enum(['show', 'write', 'apply']),
    steps: z.array(step),
    differences: z.array(difference),
    left: z.array(left).describe('What is found all the same once the steps are made'),
    unread: z.number().int().nonnegative().describe('Where could not be looked: roadcrew scan tells'),
    exitCode: z.number().int(),
  })
  .meta({ title: 'Roadcrew fix', description: 'What `roadcrew fix -o json` writes' })

export type FixReport = z.infer<typeof fixSchema>
export type FixStep = z.infer<typeof step>
export type FixLeft = z.infer<typeof left>
export type FixDifference = z.infer<typeof difference>

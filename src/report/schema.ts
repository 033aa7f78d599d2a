// The report as JSON: this is what `-o json` writes and what docs/report.schema.json describes.
import { z } from 'zod'
import { tiers } from './tiers.ts'

const severity = z.enum(['low', 'medium', 'high', 'critical'])

const place = z
  .object({ file: z.string(), line: z.number().int().positive(), column: z.number().int().positive() })
  .describe('In a file: the field, or where it is missing; line and column count from 1')

const subject = z.object({
  world: z.string().describe('The cluster, or the folder of its export, or "manifests"'),
  kind: z.string(),
  namespace: z.string().optional(),
  pod: z.string().optional().describe('Of a container on a node'),
  name: z.string(),
  uid: z.string().optional(),
})

const field = z.array(z.union([z.string(), z.number()])).describe('The path in the object')

const evidence = z.object({
  name: z.string(),
  value: z.json(),
  subject: subject.optional().describe('Whose field it is; absent for what was read elsewhere'),
  field: field.optional(),
  place: place.optional(),
  read: z.string().optional().describe('What was read, if it is no field of an object'),
})

const step = z.object({
  do: z.string().describe('edit, create, delete, advise, …'),
  name: z.string().optional().describe('What a policy calls it'),
  why: z.string(),
  text: z.string().describe('The step in one line'),
  target: subject.optional(),
  changes: z
    .array(z.object({ path: field, before: z.json().optional(), after: z.json().optional() }))
    .optional()
    .describe('No before: the field is not there; no after: it is taken out'),
  command: z.string().optional(),
})

const finding = z.object({
  id: z.string().describe('The same for the same reason and object in every scan'),
  cause: z.string().describe('The same for the same reason and fixing place: one line of the terminal report'),
  hazard: z.string(),
  reason: z.string(),
  title: z.string(),
  tier: z
    .enum(tiers)
    .describe('broken: occurring; will-break: certain once triggered, or it happened lately; advice: the rest'),
  state: z.enum(['exposed', 'occurring']),
  certain: z.boolean().describe('Exposed, and sure to hurt once triggered'),
  lately: z.boolean().describe('Exposed, and it did hurt here within the last seven days'),
  guess: z.boolean().describe('The fact rests on a guess, which it names'),
  severity,
  subject,
  place: place.optional(),
  owner: z.string().optional(),
  fixAt: z.string().optional().describe('Where it has to be changed so that the change lasts'),
  chart: z.string().optional().describe('The Helm chart and version that it was made from'),
  fixingPlace: z.string().describe('Where one change mends all of the same cause'),
  partOf: z.string().optional().describe('The id of a finding that is this one happening, about the same object'),
  fact: z.string(),
  why: z.string(),
  fix: z.string(),
  fixedIn: z.string().optional().describe('The Kubernetes version with a fix of its own, and what remains there'),
  evidence: z.array(evidence).min(1),
  remedy: z.array(step).describe('Alternatives, smallest first'),
})

const setAside = finding.extend({
  setAside: z
    .object({
      by: z.enum(['annotation', 'settings', 'baseline']),
      where: z.string().describe('The annotation and its object, or the file (and its line) that says so'),
      reason: z.string().optional(),
      until: z.string().optional().describe('The last day on which it holds, YYYY-MM-DD'),
    })
    .describe('Why it does not count'),
})

const notice = z.object({
  where: z.string().describe('The annotation and its object, or the file and its line'),
  text: z.string().describe('What is wrong there, or ends soon, and what to do'),
})

const foreign = z.object({
  what: z.string().describe('What kind of file it is, as "Helm template" or "values of a chart"'),
  count: z.number().int().positive(),
  example: z.string().describe('The first of them'),
  command: z.string().optional().describe('What renders them to what can be scanned'),
})

const unread = z.object({
  world: z.string(),
  hazard: z.string().optional(),
  what: z.string(),
  because: z.string(),
  count: z.number().int().positive().describe('How many objects it stands for'),
})

export const reportSchema = z
  .object({
    schemaVersion: z.literal(1),
    tool: z.object({ name: z.literal('roadcrew'), version: z.string() }),
    at: z.iso.datetime().describe('The time for which status was judged, UTC'),
    timeZoneData: z.string(),
    worlds: z.array(
      z.object({
        name: z.string(),
        version: z.string().optional().describe('Of the API server, major.minor'),
        looked: z.boolean().describe('False: it could not be reached'),
      }),
    ),
    hazards: z.array(z.string()).describe('Which were asked about'),
    seconds: z.number().describe('How long reading and judging took'),
    findings: z.array(finding).describe('By tier, then by severity'),
    setAside: z
      .array(setAside)
      .describe('Findings that somebody knows of and that do not count: they are in no figure but setAside'),
    notices: z
      .array(notice)
      .describe('Of what sets findings aside: what does not hold, ends soon, or is of no use any more'),
    unread: z.array(unread).describe('Where could not be looked, and why'),
    absent: z.array(z.object({ world: z.string(), kind: z.string(), because: z.string() })),
    passedOver: z.number().int().nonnegative().describe('YAML and JSON documents that are no Kubernetes objects'),
    foreign: z.array(foreign).describe('What those are that were passed over, as far as it could be told'),
    summary: z.object({
      broken: z.number().int(),
      willBreak: z.number().int(),
      advice: z.number().int(),
      bySeverity: z.record(severity, z.number().int()),
      objects: z.number().int().describe('Objects that were read'),
      judged: z.number().int().describe('Objects that were asked about'),
      unread: z.number().int(),
      setAside: z.number().int(),
      exitCode: z.number().int(),
    }),
  })
  .meta({ title: 'Roadcrew report', description: 'What `roadcrew scan -o json` writes' })

export type Report = z.infer<typeof reportSchema>
export type ReportFinding = z.infer<typeof finding>
export type SetAside = z.infer<typeof setAside>
export type Notice = z.infer<typeof notice>
export type Foreign = z.infer<typeof foreign>
export type ReportPlace = z.infer<typeof place>
export type ReportSubject = z.infer<typeof subject>
export type ReportUnread = z.infer<typeof unread>

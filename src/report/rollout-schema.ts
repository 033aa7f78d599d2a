// What `roadcrew rollout -o json` writes; docs/rollout.schema.json describes it. All times are ms from the start of the load.
import { z } from 'zod'

const ms = z.number().describe('ms from the start of the load')
const maybeMs = ms.optional()

const latency = z
  .object({ p50: z.number(), p90: z.number(), p99: z.number(), p999: z.number(), worst: z.number() })
  .describe('ms, from when a request was due to the end of its answer')

const lane = z.object({
  protocol: z.enum(['http1', 'http2']),
  connections: z.enum(['fresh', 'kept']).describe('fresh: a connection for each request'),
  perSecond: z.number(),
  sent: z.number().int(),
  lost: z.number().int(),
  latency: latency.optional().describe('Not there if none was served, or if the generator itself was late'),
})

const cause = z.object({
  how: z.string().describe('What a client met: refused, cut-off, 502, 503, 504, status, timed-out, dns, tls, slow, …'),
  culprit: z
    .string()
    .describe('What happened then: stopping, killed, crashed, none-ready, unready, starting, reload, …'),
  count: z.number().int(),
  firstMs: ms,
  lastMs: ms,
  pods: z.array(z.string()),
  text: z.string(),
})

const moment = z.object({ atMs: ms, what: z.string(), pod: z.string().optional(), text: z.string() })

const hurt = z.object({
  sentMs: ms,
  endedMs: ms,
  how: z.string(),
  said: z.string().describe("The system's or the proxy's own words"),
  lane: z.string(),
  again: z.boolean().describe('A kept connection was closed under it: most clients would send it again'),
  culprit: z.string(),
  pod: z.string().optional(),
  others: z.array(z.string()).describe('Pods that it may have been as well'),
})

const pod = z.object({
  name: z.string(),
  wasThere: z.boolean(),
  servingMs: maybeMs,
  deletedMs: maybeMs,
  graceSeconds: z.number().optional(),
  waitSeconds: z.number().optional().describe('What its preStop hook takes; not there where that can not be told'),
  sigtermMs: maybeMs.describe('When SIGTERM was due'),
  endpointRemovedMs: maybeMs,
  endedMs: maybeMs,
  exitCode: z.number().int().optional(),
  goneMs: maybeMs,
})

const drain = z.object({
  n: z.number().int().describe('Deletions of which something is known'),
  p999Ms: z.number().optional().describe('From the deletion to the last request that still came to the Pod'),
  isBound: z.boolean().describe('The longest is only an upper bound: nothing was lost'),
  resolutionMs: z.number().describe('What lies between two requests to one Pod'),
  waitSeconds: z.number().int().optional().describe('The preStop wait that this cluster needs'),
  because: z.string(),
  pods: z.array(z.object({ pod: z.string(), is: z.enum(['measured', 'at-most']), ms: z.number() })),
})

const remedy = z.object({ hazard: z.string(), reason: z.string(), fact: z.string(), steps: z.array(z.string()) })

export const rolloutSchema = z.object({
  schemaVersion: z.literal(1),
  toolVersion: z.string(),
  cluster: z.string(),
  kind: z.string(),
  namespace: z.string(),
  name: z.string(),
  url: z.string().optional(),
  startedAt: z.iso.datetime(),
  tookMs: z.number(),
  restarts: z.number().int(),
  outcome: z.string().describe('How it ended: completed, or why not'),
  sent: z.number().int(),
  lost: z.number().int().describe('Without those of `again`'),
  maxLost: z.number().int(),
  again: z
    .number()
    .int()
    .describe(
      'More that were on kept connections as these were closed: most clients send them again (RFC 9110, 9.2.2)',
    ),
  slow: z.number().int(),
  slowMs: z.number(),
  lateness: z.object({
    p99Ms: z.number(),
    exhausted: z.number().int(),
    spoilt: z.boolean(),
    text: z.string().optional(),
  }),
  lanes: z.array(lane),
  causes: z.array(cause),
  drain,
  remedies: z.array(remedy).describe('What a scan advises with the measured wait'),
  pods: z.array(pod),
  moments: z.array(moment),
  hurt: z.array(hurt).describe('Requests that were lost or slow; of very many the first ones'),
  buckets: z.array(
    z.object({
      fromMs: ms,
      sent: z.number().int(),
      lost: z.number().int(),
      p50Ms: z.number().optional(),
      worstMs: z.number().optional(),
    }),
  ),
  gaps: z
    .array(z.object({ fromMs: ms, toMs: maybeMs, because: z.string() }))
    .describe('When the API server was not watched'),
  notes: z.array(z.string()),
  exitCode: z.number().int(),
})

export type RolloutReport = z.infer<typeof rolloutSchema>

import { z } from 'zod'
import type { ShimStep } from './guard.ts'

const subject = z.object({
  source: z.object({ node: z.string() }),
  kind: z.string(),
  name: z.string(),
  namespace: z.string().optional(),
  pod: z.string().optional(),
  uid: z.string(),
})

const shim = z.object({ pid: z.number().int().min(2), startTicks: z.number().int().min(0), command: z.string() })
const common = { why: z.string(), name: z.string().optional(), target: subject, shim }

const document = z.discriminatedUnion('do', [
  z.object({ do: z.literal('continue-shim'), ...common }),
  z.object({ do: z.literal('end-shim'), ...common, alsoEnds: z.array(subject).max(500) }),
])

/** Reads a step that came over the socket. @returns it, or what is wrong with it. */
export function stepOf(value: unknown): { readonly step: ShimStep } | { readonly wrong: string } {
  const { success, data, error } = document.safeParse(value)
  if (success) return { step: data as ShimStep }
  return { wrong: error.issues.map(({ path, message }) => `${path.join('.') || 'the step'}: ${message}`).join('; ') }
}

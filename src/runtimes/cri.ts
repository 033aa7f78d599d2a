// The Container Runtime Interface, in whichever version a runtime speaks it.
import type { Caller, Reply } from './grpc.ts'

/** Those of proto/ that its methods are in. */
export const criFiles: readonly string[] = ['cri.proto', 'cri-v1alpha2.proto']

/** The newer first. CRI-O speaks the older one alone before 1.23. */
const criVersions: readonly string[] = ['runtime.v1', 'runtime.v1alpha2']

/** One call of RuntimeService, as {@link Caller.call}. */
export type CriCall = <T>(method: string, request: object, until: number) => Promise<Reply<T>>

/** @param versions in the order in which they are tried; which one answered is remembered until it no longer does. */
export function criCalls(caller: Caller, versions = criVersions): CriCall {
  let order = versions
  return async (method, request, until) => {
    let unknown: Reply<never> | undefined
    for (const version of order) {
      const reply = await caller.call<never>(`${version}.RuntimeService.${method}`, request, until)
      if ('value' in reply || reply.failure.status !== 'UNIMPLEMENTED') {
        order = [version, ...versions.filter((other) => other !== version)]
        return reply
      }
      unknown ??= reply
    }
    return unknown ?? { failure: { status: 'UNIMPLEMENTED', because: 'no version of CRI was given' } }
  }
}

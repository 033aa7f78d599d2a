import type { Item, Kind, Step, Version } from './hazard.ts'

/**
 * What the rims give to the engine, piece by piece; hazards never see it.
 * `unread`: could not be read, and why. `absent`: the cluster has no such kind, so there is none of it.
 * `elsewhere`: the files given hold none, which says nothing about the cluster they are for; or it is only read where that is wanted.
 * `restart`: forget what came of this kind so far, it comes again. `broken`: one document or object is lost.
 */
export type Batch =
  | { readonly of: Kind<unknown>; readonly items: readonly Item<unknown>[] }
  | { readonly of: Kind<unknown>; readonly unread: string }
  | { readonly of: Kind<unknown>; readonly absent: string }
  | { readonly of: Kind<unknown>; readonly elsewhere: string }
  | { readonly of: Kind<unknown>; readonly restart: true }
  | { readonly broken: Broken }

/** `place`: what could not be read, as a person would look it up (file:line:column, or an API object). */
export interface Broken {
  readonly place: string
  readonly because: string
}

/** One place to look: a cluster, a cluster's exported files, loose files, a node. */
export interface World {
  /** For reports: the context's name, the folder, the node. */
  readonly name: string
  readonly version?: Version
  /** Reads each kind to its end: at least one batch per kind that is not `restart`. Throws only on a programming error. */
  read(kinds: readonly Kind<unknown>[]): AsyncIterable<Batch>
}

/** Applies one sort of step. It checks the step's `before` (or the target's identity) once more, atomically. */
export interface Arm {
  readonly does: Step['do']
  apply(step: Step): Promise<'done' | { readonly held: string }>
}

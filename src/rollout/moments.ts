// What happened while a load was sent, as moments on the load's own clock: when the news came here, since the times that the API
// tells are whole seconds of other machines' clocks.

/**
 * `pod-deleted`: its deletion was asked for. `sigterm`: its preStop wait is over, as far as it can be told. `container-ended`: of a
 * Pod that serves. `unwatched`: the API server went away, and nothing is known from here until `watched`.
 */
export type What =
  | 'pod-deleted'
  | 'sigterm'
  | 'container-ended'
  | 'pod-gone'
  | 'pod-ready'
  | 'pod-unready'
  | 'endpoint-added'
  | 'endpoint-removed'
  | 'reload'
  | 'route-changed'
  | 'warning'
  | 'restart'
  | 'unwatched'
  | 'watched'

export interface Moment {
  /** ms from the start of the load; negative: before it. */
  readonly atMs: number
  readonly what: What
  /** The Pod that it is about, if it is about one. */
  readonly pod?: string
  /** In a few words, for people. */
  readonly text: string
}

/** What became of one Pod; all times are ms from the start of the load. */
export interface PodCourse {
  readonly name: string
  readonly ip: string | undefined
  /** It was there, and took requests, when the watch began. */
  readonly wasThere: boolean
  /** When it was first in the endpoints. */
  readonly servingMs: number | undefined
  readonly deletedMs: number | undefined
  /** Seconds that its deletion gave. */
  readonly graceSeconds: number | undefined
  /** Seconds that its preStop hook takes; undefined where that can't be told. */
  readonly waitSeconds: number | undefined
  /** When SIGTERM was due; undefined before its deletion, and where its hook's length is not known. */
  readonly sigtermMs: number | undefined
  readonly endpointRemovedMs: number | undefined
  /** Since when it has been ready, or not; undefined: it never was. */
  readonly ready: { readonly is: boolean; readonly sinceMs: number } | undefined
  /** How often containers of it have ended, also before the watch began. */
  readonly ends: number
  /** The first end of one of its containers while it was watched; a later one of the same Pod says nothing new. */
  readonly ended: { readonly atMs: number; readonly exitCode: number; readonly reason: string } | undefined
  readonly goneMs: number | undefined
}

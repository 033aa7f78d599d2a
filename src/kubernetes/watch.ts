// One watch connection. Kubernetes API concepts, "Efficient detection of changes": events as JSON lines, each with an object
// whose resourceVersion is where a later watch goes on; BOOKMARK events carry nothing else; ERROR carries a Status.
import { refusal } from './api-error.ts'
import type { Client } from './client.ts'
import type { Listed } from './world.ts'

/** A change of one object; of a deleted one its last state. A bookmark only says how far the watch has come. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: Listed
}

export interface WatchOptions {
  /** Where to go on from: what a list or an earlier event said. */
  readonly resourceVersion: string
  readonly signal: AbortSignal
  /** From 0 to 1: watches that were opened at once must not end at once. */
  readonly random: () => number
  /** ms without a byte until the connection is taken for dead. */
  readonly idleMs?: number
  /** Only objects with these labels, and these fields: `name=value`. */
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** Told once the server has accepted. */
  readonly accepted?: () => void
}

/** As client-go's reflector: the server ends a watch after five to ten minutes (s), so that load spreads over its replicas. */
const leastSeconds = 300

/** The API server sends a bookmark about every minute (cacher.go: `bookmarkFrequency`), so two of them were missed (ms). */
const mostIdle = 150_000

/**
 * Watches a path until the server ends it.
 * @throws ApiError if it is refused, breaks off or is mute, or of the status in an ERROR event: 410 if the version is too old.
 */
export async function* watch(client: Client, path: string, options: WatchOptions): AsyncGenerator<WatchEvent> {
  const { resourceVersion, signal, random, idleMs = mostIdle, labelSelector, fieldSelector, accepted } = options
  const timeoutSeconds = String(Math.round(leastSeconds * (1 + random())))
  const selected = {
    ...(labelSelector !== undefined && { labelSelector }),
    ...(fieldSelector !== undefined && { fieldSelector }),
  }
  const query = { watch: 'true', allowWatchBookmarks: 'true', resourceVersion, timeoutSeconds, ...selected }
  for await (const line of client.lines(
    { method: 'GET', path, query },
    { signal, idleMs, ...(accepted && { accepted }) },
  )) {
    const { type, object = {} } = line as { type?: string; object?: Listed & { code?: number } }
    if (type === 'ERROR') throw refusal(object.code ?? 500, object)
    // What a later release may add is not known to be harmless, but to end for it would help nobody.
    if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED' || type === 'BOOKMARK') yield { type, object }
  }
}

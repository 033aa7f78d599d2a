/** What commands know of the world around the process; main.ts makes the real one. */
export interface Io {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  readonly outIsTerminal: boolean
  readonly errIsTerminal: boolean
  /** How many characters fit on a line of the output. */
  readonly columns: number
  /** ms UTC. */
  readonly now: () => number
  /** ms, monotonic. */
  readonly ticks: () => number
  readonly stdin: () => Promise<string>
  /** The same piece by piece, for what may be larger than a text can be; absent where it is none. */
  readonly stdinBytes?: () => AsyncIterable<Uint8Array>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  /** Aborted on Ctrl-C. */
  readonly signal: AbortSignal
}

/** The call's words are off: exit code 64, and the text says what was expected. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Colours only on a terminal, and not where NO_COLOR (https://no-color.org) is set to anything. */
export const wantsColor = ({ outIsTerminal, env }: Io): boolean => outIsTerminal && !env.NO_COLOR

/** Where Roadcrew's own objects are: its policy, budget and leases. */
export const ownNamespace = ({ namespace }: { readonly namespace?: string }, { env }: Io): string =>
  namespace ?? env.POD_NAMESPACE ?? 'roadcrew'

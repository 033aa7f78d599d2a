// What an agent's probe saw of its connects to one server within the last hour.
import { kind } from '../contract/reads.ts'

export interface ConnectsSeen {
  /** As it was set, such as `db.example.com:5432`. */
  readonly target: string
  /** Over how long was counted (ms). */
  readonly forMs: number
  /** How many came about. */
  readonly connects: number
  /** Of these: how many met a step of SYN retransmission. None of them never says that there are none. */
  readonly lost: number
  /** How many did not come about. */
  readonly failed: number
  /** Whose network they left from: that of the node's first process, or another, as a Pod's; undefined if it can't be told. */
  readonly from?: 'node' | 'pod'
}

/** One for each target of the agent's probe. */
export const connectsSeen = kind<ConnectsSeen>('Connects')

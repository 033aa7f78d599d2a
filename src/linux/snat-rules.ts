// Rules that give packets another source address, whichever tool shows them.

/** How a rule picks the source port: by a hash with a random part, by chance, or the same as before while that is free. */
export type PortChoice = 'kept' | 'random' | 'fully-random'

export interface SnatRule {
  /** `iptables-legacy`, `iptables-nft`, `nft`: who shows it, and who alone may change it. */
  readonly backEnd: string
  readonly family: 'ip' | 'ip6' | 'inet'
  readonly table: string
  readonly chain: string
  /** Counted from 1 within its chain, as `iptables -R` wants it. */
  readonly position: number
  /** Of nft. */
  readonly handle?: number
  readonly target: 'MASQUERADE' | 'SNAT'
  readonly ports: PortChoice
  /** As it stands. */
  readonly text: string
  /** How many packets met it, where that is shown. */
  readonly packets?: number
  /** Who made it, as far as chain and comment tell. */
  readonly owner?: string
}

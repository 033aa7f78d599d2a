export interface Settings {
  readonly perTenThousand: number
  readonly leastLosses: number
  readonly overSeconds: number
}

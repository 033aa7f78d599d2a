export interface Settings {
  readonly leastLosses: number
  readonly overSeconds: number
}

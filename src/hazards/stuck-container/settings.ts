export interface Settings {
  readonly slowSeconds: number
  readonly failures: number
  readonly condemnAfterSeconds: number
  readonly overdueSeconds: number
}

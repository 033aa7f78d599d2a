export interface Settings {
  readonly waitSeconds: number
  readonly loadBalancerWaitSeconds: number
  readonly drainSeconds: number
}

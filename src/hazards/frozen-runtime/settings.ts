export interface Settings {
  readonly slowSeconds: number
  readonly failures: number
  readonly mostMute: number
}

export interface Settings {
  readonly nearlyFull: number
  readonly overSeconds: number
}

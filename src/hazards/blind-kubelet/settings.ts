export interface Settings {
  readonly lastingSeconds: number
}

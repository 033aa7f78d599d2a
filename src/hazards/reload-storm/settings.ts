export interface Settings {
  readonly reloadsPerHour: number
  readonly oldWorkersPerWorker: number
}

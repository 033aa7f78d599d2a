export interface Settings {
  readonly controllerTimeZone: string
  readonly lateSeconds: number
}

export interface Settings {
  readonly controllerTimeZone: string
}

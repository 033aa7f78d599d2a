export interface Settings {
  readonly stuckAfterSeconds: number
  readonly piledUp: number
}

export interface Settings {
  readonly leastConnections: number
}

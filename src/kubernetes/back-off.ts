/** Times in ms. `random`: from 0 to 1. */
export interface BackOff {
  readonly firstMs: number
  readonly mostMs: number
  readonly random: () => number
}

/** How long to wait after so many failures in a row: twice as long each time, and half of it by chance against stampedes. */
export const backOff = (failures: number, { firstMs, mostMs, random }: BackOff): number =>
  Math.min(mostMs, firstMs * 2 ** Math.min(failures, 30)) * (0.5 + random() / 2)

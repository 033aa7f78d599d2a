import type { Json } from './hazard.ts'

/** Things side by side: `rows` name what each column has of it. */
export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly [name: string, ...cells: readonly Json[]])[]
}

/** What is better seen than told. Its groups are drawn side by side on the same scale. */
export type Plot = {
  readonly title: string
  /** Of the values. */
  readonly unit: string
  /** Values from here on are what hurts. */
  readonly hurtsFrom?: number
} & (
  | {
      /** How many values lie below each limit (and not below the one before); the last count is of those that no limit holds. */
      readonly plot: 'distribution'
      readonly limits: readonly number[]
      readonly groups: readonly { readonly name: string; readonly counts: readonly number[] }[]
    }
  | {
      /** Values over time: each by itself, by its logarithm; or one that goes on until the next. */
      readonly plot: 'points' | 'course'
      readonly groups: readonly { readonly name: string; readonly points: readonly TimedValue[] }[]
    }
)

export type TimedValue = readonly [seconds: number, value: number]

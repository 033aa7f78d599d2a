import type { Json } from '../contract/hazard.ts'

/** An API object (or a part of one) as plain JSON: unset fields are gone, so that it can stand in a patch. */
export const asJson = (value: object): Json => JSON.parse(JSON.stringify(value))

/** Whether a JSON value is a map, whose fields can be looked at. */
export const isJsonMap = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

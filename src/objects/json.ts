import type { Json } from '../contract/hazard.ts'

/** An API object (or a part of one) as plain JSON: unset fields are gone, so that it can stand in a patch. */
export const asJson = (value: object): Json => JSON.parse(JSON.stringify(value))

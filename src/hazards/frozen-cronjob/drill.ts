import type { Drill } from '../../contract/hazard.ts'
export const drill: Drill = async function* () {}

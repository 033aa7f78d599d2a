import type { Context, Hands, Hazard, Kind, Source } from '../contract/hazard.ts'
import type { Batch, World } from '../contract/world.ts'

/**
 * Runs the hazards' probes and gives the world with their results as kinds more, which detectors read like any other. A
 * probe that fails is an unread kind: the others still count.
 * @param here where the probes stood.
 */
export async function withProbes(
  world: World,
  hazards: readonly Hazard[],
  hands: Hands,
  context: Omit<Context, 'settings'>,
  here: Source,
): Promise<World> {
  const probed = new Map<Kind<unknown>, Batch>()
  for (const { probe, settings } of hazards) {
    if (!probe) continue
    const of = probe.gives
    try {
      const results = await probe.run(hands, { ...context, settings: settings.parse({}) })
      const items = results.map(({ name, object }) => ({ subject: { source: here, kind: of.kind, name }, object }))
      probed.set(of, { of, items })
    } catch (error) {
      probed.set(of, { of, unread: error instanceof Error ? error.message : String(error) })
    }
  }
  return {
    name: world.name,
    ...(world.version && { version: world.version }),
    async *read(kinds) {
      for (const kind of kinds) {
        const batch = probed.get(kind)
        if (batch) yield batch
      }
      yield* world.read(kinds.filter((kind) => !probed.has(kind)))
    },
  }
}

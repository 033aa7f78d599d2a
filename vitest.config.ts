import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          setupFiles: ['house/property-tests.ts'],
          // They take a second at most; a busy machine is no fault.
          testTimeout: 30_000,
          include: ['src/**/*.test.ts', 'house/**/*.test.ts', 'scripts/**/*.test.ts', 'examples/**/*.test.ts'],
        },
      },
      {
        test: {
          name: 'integration',
          include: ['integration/*.test.ts'],
          // Real control planes: starting one takes seconds, a drill minutes; two at once starve a small machine.
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'slow',
          setupFiles: ['integration/slow/take-down.ts'],
          include: ['integration/slow/*.test.ts'],
          // They wait for a kubelet's timeouts, side by side; scripts/test.mjs has them wait beside all other tests too.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
          testTimeout: 2_400_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})

import { homedir } from 'node:os'

/** The user's home; `/` where neither $HOME nor the system knows one, as in a container that runs as any uid. */
export function homeFolder(): string {
  try {
    return homedir()
  } catch {
    return '/'
  }
}

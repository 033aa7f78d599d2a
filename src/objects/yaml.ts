// YAML within objects: ConfigMaps hold whole documents as text. (Files are read by src/manifests, which knows lines and templates.)
import { parseDocument } from 'yaml'
import type { Json } from '../contract/hazard.ts'

/** Says in one line what is wrong, with line and column counted from 1. */
export class YamlError extends Error {
  override readonly name = 'YamlError'
}

/**
 * The one document of a text, as Kubernetes's components read it: YAML 1.1 made JSON (sigs.k8s.io/yaml), of a key given twice
 * the last counts. null if it is empty. @throws YamlError for what is no YAML, or several documents.
 */
export function parseYaml(text: string): Json {
  try {
    const document = parseDocument(text, { version: '1.1', uniqueKeys: false, logLevel: 'error' })
    const [error] = document.errors
    if (error) throw error
    return JSON.parse(JSON.stringify(document.toJS() ?? null))
  } catch (cause) {
    // Also aliases that name nothing or multiply, and what is nested deeper than the stack.
    throw new YamlError(`not valid YAML: ${cause instanceof Error ? firstLine(cause.message) : cause}`)
  }
}

const firstLine = (message: string): string => (message.split('\n')[0] ?? message).replace(/:$/, '')

/** The resource of a kind, as the API names it: `NetworkPolicy` is `networkpolicies`. */
export const plural = (kind: string): string => {
  const name = kind.toLowerCase()
  if (/(s|x|ch|sh)$/.test(name)) return `${name}es`
  return name.endsWith('y') ? `${name.slice(0, -1)}ies` : `${name}s`
}

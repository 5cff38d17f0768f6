/** The value without its members that are undefined: what is absent is a missing key. */
export function withoutAbsent<Value extends object>(value: Value): Value {
  const present: Partial<Value> = {}
  for (const key in value) if (value[key] !== undefined) present[key] = value[key]
  return present as Value
}

// The fields of a recipe, as its JSON Schema and its values describe them.

const LOCAL = /^(evaluation\.features|training\.start_from)$/; // of the service's machine: a request cannot name files there

/** Of every value: its path as `set` has it, its schema and the recipe's value. */
export function fieldsOf(schema, values) {
  return walk(schema, values, [], schema.$defs).filter(({ path }) => path.includes(".") && !LOCAL.test(path));
}

function walk(schema, value, path, defs) {
  const found = resolved(schema, value, defs);
  if (found.properties && value && typeof value === "object") {
    return Object.entries(found.properties)
      .filter(([name]) => name in value)
      .flatMap(([name, inner]) => walk(inner, value[name], [...path, name], defs));
  }
  const choices = (schema.anyOf ?? [schema]).map((choice) => resolved(choice, value, defs));
  const shape = choices.find((choice) => fits(choice, value)) ?? choices.find(({ type }) => type !== "null") ?? schema;
  return [{
    path: path.join("."), value, description: schema.description ?? "",
    shape: { ...shape, enum: schema.enum ?? shape.enum },
  }];
}

function resolved(schema, value, defs) {
  const deref = (each) => (each.$ref ? defs[each.$ref.split("/").pop()] : each);
  if (schema.$ref) return deref(schema);
  if (schema.discriminator && value) return deref({ $ref: schema.discriminator.mapping[value[schema.discriminator.propertyName]] });
  const inner = schema.anyOf?.map((choice) => resolved(choice, value, defs)).find(({ properties }) => properties);
  return inner && value ? inner : schema;
}

function fits({ type, enum: choices, const: only }, value) {
  if (choices) return choices.includes(value);
  if (only !== undefined) return value === only;
  const types = { number: "number", integer: "number", string: "string", boolean: "boolean" };
  return Array.isArray(value) ? type === "array" : value !== null && types[type] === typeof value;
}

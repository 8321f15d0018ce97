/** Whether `schema.name` fits a pattern of roles.yaml, in which * stands for any letters of one part. Names are as the catalog has them, unquoted. */
export function fits(pattern: string, schema: string, name: string): boolean {
  const dot = pattern.indexOf('.');
  return part(pattern.slice(0, dot)).test(schema) && part(pattern.slice(dot + 1)).test(name);
}

/** A name without *, and so meant as it stands. */
export function isName(pattern: string): boolean {
  return !pattern.includes('*');
}

const compiled = new Map<string, RegExp>();

function part(text: string): RegExp {
  const known = compiled.get(text);
  if (known !== undefined) return known;
  const made = new RegExp(`^${text.replaceAll(/[$.()[\]]/g, String.raw`\$&`).replaceAll('*', '.*')}$`, 's');
  compiled.set(text, made);
  return made;
}

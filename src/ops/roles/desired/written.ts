/** A part of a pattern that needs no quotes. */
const PLAIN = /^[A-Za-z_][A-Za-z0-9_$]*$/;

/** A name with its schema as roles.yaml writes it, in YAML: `app.orders`, `'app."We ird"'`; `args` are those of a routine. */
export function writtenName(schema: string | null, name: string, args = ''): string {
  const parts = [...(schema === null ? [] : [schema]), name];
  const text = parts.map((part) => (PLAIN.test(part) ? part : `"${part.replaceAll('"', '""')}"`)).join('.') + args;
  return /["'( ]/.test(text) ? yamlText(text) : text;
}

/** A name that stands alone, such as that of a column or a schema, as the catalog has it; null: the file has no form for it. */
export function writtenWord(name: string): string | null {
  if (!/^[\p{L}\p{N}_][^\p{C}.]{0,62}$/u.test(name)) return null;
  return PLAIN.test(name) && !/^(?:null|true|false)$/i.test(name) ? name : yamlText(name);
}

const yamlText = (text: string): string =>
  text.includes('"') ? `'${text.replaceAll("'", "''")}'` : `"${text.replaceAll('\\', '\\\\')}"`;

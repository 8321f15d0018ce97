/** The types of a routine's arguments, which tell it from others of its name: as pg_proc has them, each one a {@link TypeWords}. */
export type Signature = readonly TypeWords[];

/** A type as `schema.name[]`, by its internal name; without the schema where none is written or it is pg_catalog; `?` where a file does not tell it. */
export type TypeWords = string;

type Fields = Readonly<Record<string, unknown>>;

/** Of FunctionParameter or TypeName nodes. Arguments that only come out are no part of a signature. */
export function signatureOf(nodes: readonly Fields[]): Signature {
  return nodes.flatMap((node) => {
    const { mode, argType } = (node['FunctionParameter'] ?? {}) as Fields;
    if (mode === 'FUNC_PARAM_OUT' || mode === 'FUNC_PARAM_TABLE') return [];
    return [typeWords((argType ?? node['TypeName'] ?? {}) as Fields)];
  });
}

function typeWords({ names, arrayBounds, pct_type }: Fields): TypeWords {
  if (pct_type === true || !Array.isArray(names)) return '?';
  const parts = (names as Fields[]).map((name) => (name['String'] as { readonly sval?: string } | undefined)?.sval ?? '');
  const own = parts[0] === 'pg_catalog' ? parts.slice(1) : parts;
  return `${own.join('.')}${Array.isArray(arrayBounds) ? '[]' : ''}`;
}

/** Words of SQL for a type, as the server writes it, to its internal name. */
const INTERNAL: Readonly<Record<string, string>> = {
  smallint: 'int2',
  integer: 'int4',
  bigint: 'int8',
  real: 'float4',
  'double precision': 'float8',
  boolean: 'bool',
  character: 'bpchar',
  'character varying': 'varchar',
  'bit varying': 'varbit',
  'time without time zone': 'time',
  'time with time zone': 'timetz',
  'timestamp without time zone': 'timestamp',
  'timestamp with time zone': 'timestamptz',
  '"char"': 'char',
};

/**
 * True when the arguments of a finding, such as `integer, note text` or `integer,text`, are those of the signature. What a file does not
 * tell, and a schema that only one of the two names, are no difference.
 */
export function isSignature(signature: Signature, text: string): boolean {
  const given = splitArguments(text).filter((words) => !words.startsWith('OUT '));
  return given.length === signature.length && given.every((words, index) => isType(signature[index] ?? '', words));
}

/** Outside of quotes. */
function splitArguments(text: string): string[] {
  return (text.match(/(?:"(?:[^"]|"")*"|[^,"])+/g) ?? []).map((words) => words.trim()).filter((words) => words !== '');
}

/** The name of the argument may stand before its type, and `VARIADIC` before both. */
function isType(type: TypeWords, words: string): boolean {
  const bare = words.replace(/^(?:IN|INOUT|VARIADIC) /, '');
  const unnamed = bare.replace(/^(?:"(?:[^"]|"")*"|\S+) /, '');
  return type === '?' || [bare, unnamed].some((candidate) => isSame(type, internal(candidate)));
}

function internal(words: string): TypeWords {
  const [, name = '', array = ''] = /^(.*?)((?:\[\])?)$/s.exec(words) ?? [];
  const parts = (name.match(/"(?:[^"]|"")*"|[^."]+/g) ?? []).map((part) => part.replace(/^"(.*)"$/s, '$1').replaceAll('""', '"'));
  const own = parts[0] === 'pg_catalog' ? parts.slice(1) : parts;
  return `${INTERNAL[name] ?? own.join('.')}${array}`;
}

function isSame(one: TypeWords, other: TypeWords): boolean {
  return one === other || one.endsWith(`.${other}`) || other.endsWith(`.${one}`);
}

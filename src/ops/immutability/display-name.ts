import { ident } from '../../db/ident.ts';

/** As format('%I.%I') writes it, keywords apart: quoted only where it must be. */
export function displayName({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${quotedWhereNeeded(schema)}.${quotedWhereNeeded(name)}`;
}

const quotedWhereNeeded = (word: string): string => (/^[a-z_][a-z0-9_]*$/.test(word) ? word : ident(word));

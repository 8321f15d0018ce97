import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import { PARTS } from '../backup/parts.ts';

/**
 * Fails with refused, before anything is touched, where columns of a dump are to be compressed with lz4 and the server was built without it, as
 * those from npm are. A setting `default_toast_compression` alone is left out and named, like others a server refuses.
 */
export async function requireCompression(
  session: Session,
  folder: string,
  { id, onto }: { readonly id: string; /** What the person calls the server. */ readonly onto: string },
): Promise<void> {
  const columns = lz4Columns(await readFile(join(folder, PARTS.schema), 'utf8'));
  if (columns.length === 0) return;
  const [row] = await session.rows<{ there: boolean }>(
    `select 'lz4' = any (s.enumvals) as there from pg_catalog.pg_settings s where s.name = 'default_toast_compression'`,
  );
  if (row?.there === true) return;
  const more = columns.length > 3 ? ` and ${columns.length - 3} more` : '';
  fail('refused', `${onto} was built without lz4, which compresses ${columns.slice(0, 3).join(', ')}${more} of ${id}`, {
    hint: 'Restore it into an empty database of a server with lz4: dbctl restore; those of Debian, Red Hat and the official images have it.',
  });
}

/** Columns for which a dump asks for lz4, as it writes them. Pure. */
export const lz4Columns = (schema: string): string[] =>
  [...schema.matchAll(/^ALTER TABLE ONLY (.+) ALTER COLUMN (.+) SET COMPRESSION lz4;$/gm)].map(
    ([, table = '', column = '']) => `${table}.${column}`,
  );

import { DbctlError, fail } from '../../core/errors.ts';
import { ident } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { Repository } from '../backup/repository.ts';
import { readText } from '../backup/repository.ts';
import { KEY_FILE, wrappedKeyProblem } from '../codec/data-key.ts';
import { LOADED, loadRows, makeLoadTable, requireSameRows, rowFigures } from './compare.ts';
import type { ArchiveManifest } from './manifest.ts';
import { readRows, requireStored, rowsFile, unlockArchive, type ReadOptions } from './read.ts';
import { EXACT_TEXT, readRelation, relationName } from './relation.ts';
import { MANIFEST, SEAL, UNSEALED_NAMES, type KnownArchive } from './store.ts';
import { parseWindows, requireRoots, WINDOWS, type SealedRows } from './windows.ts';

/** How far an archive was looked at: `rows`: every row was unpacked and hashed · `stored`: the stored bytes, since no identity opens them here. */
export type Depth = 'rows' | 'stored';

export interface ArchiveVerdict {
  readonly problems: readonly string[];
  readonly depth: Depth;
}

/** Looks at one archive with nothing but its manifest: stored files, their hashes, and every row. Needs no database. */
export async function verifyArchive(destination: Repository, known: KnownArchive, options: ReadOptions): Promise<ArchiveVerdict> {
  if (known.state === 'broken') return { problems: [known.problem], depth: 'stored' };
  const { manifest } = known;
  const rows = rowsFile(manifest);
  const problems = [...(await strays(destination, manifest)), ...(await keyProblems(destination, manifest))];
  for (const file of manifest.files.filter((one) => one !== rows))
    problems.push(...(await problemOf(() => requireStored(destination, manifest, [file], options))));
  const dataKey = await keyIfAny(destination, manifest);
  const look =
    dataKey === 'none'
      ? () => requireStored(destination, manifest, [rows], options)
      : () => readRows(destination, manifest, dataKey, options, drained);
  problems.push(...(await problemOf(look)));
  return { problems, depth: dataKey === 'none' ? 'stored' : 'rows' };
}

async function drained(pieces: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of pieces);
}

/** None: no identity is at hand, or it is one of somebody else. */
async function keyIfAny(destination: Repository, manifest: ArchiveManifest): Promise<Buffer | null | 'none'> {
  return unlockArchive(destination, manifest).catch((thrown: unknown) => {
    if (thrown instanceof DbctlError && thrown.code !== 'storage.failed') return 'none' as const;
    throw thrown;
  });
}

async function keyProblems(destination: Repository, { id, encryption }: ArchiveManifest): Promise<string[]> {
  if (encryption === null) return [];
  const text = await readText(destination, `${id}/${KEY_FILE}`);
  const problem = text === null ? `${KEY_FILE} is missing` : wrappedKeyProblem(text);
  return problem === null ? [] : [`${id}: ${problem}`];
}

async function strays({ storage }: Repository, { id, files }: ArchiveManifest): Promise<string[]> {
  const known = new Set([...files.map(({ path }) => path), KEY_FILE, MANIFEST, SEAL, ...UNSEALED_NAMES]);
  const names = await storage.list(`${id}/`);
  return names
    .map(({ key }) => key.slice(id.length + 1))
    .filter((name) => !known.has(name))
    .map((name) => `${id}: ${name} is no part of the archive`);
}

async function problemOf(act: () => Promise<unknown>): Promise<string[]> {
  try {
    await act();
    return [];
  } catch (thrown) {
    if (thrown instanceof DbctlError && ['archive.failed', 'backup.failed', 'refused'].includes(thrown.code))
      return [thrown.message];
    throw thrown;
  }
}

/** What the ledger had sealed, as the archive has it; null: nothing. */
export async function sealedRowsOf(destination: Repository, { id, ledger }: ArchiveManifest): Promise<SealedRows | null> {
  if (ledger === null) return null;
  const text = (await readText(destination, `${id}/${WINDOWS}`)) ?? fail('archive.failed', `${id}: ${WINDOWS} is missing`);
  return { ledger, windows: parseWindows(text) };
}

/**
 * Loads an archive beside the table it was made of and compares every row; the roots of the ledger are computed anew from the archive. Fails with
 * archive.failed where they differ, with refused where the table is gone or another one than that of `oid` (default: the one of the manifest).
 */
export async function compareWithTable(
  session: Session,
  destination: Repository,
  manifest: ArchiveManifest,
  { oid = manifest.relation.oid, ...options }: ReadOptions & { readonly oid?: number },
): Promise<void> {
  const { schema, name } = manifest.relation;
  await session.script(EXACT_TEXT);
  const relation = await readRelation(session, `${schema}.${name}`, manifest.ledger?.xidColumn ?? '');
  if (relation.oid !== oid)
    fail(
      'refused',
      `${relationName(relation)} is not the table ${manifest.id} was made of: its oid is ${relation.oid}, and was ${oid}`,
      {
        hint: 'Verify the archive alone, or restore it into a side table.',
      },
    );
  const dataKey = await unlockArchive(destination, manifest);
  const sealed = await sealedRowsOf(destination, manifest);
  await session.script(`drop table if exists ${ident(LOADED.schema)}.${ident(LOADED.name)}`);
  await makeLoadTable(session, { ...relation, columns: manifest.columns });
  await inTransaction(session, 'isolation level repeatable read, read only', async () => {
    const figures = await rowFigures(session, relation, manifest.columns);
    await readRows(destination, manifest, dataKey, options, (text) =>
      loadRows(session, LOADED, { columns: manifest.columns, format: manifest.data.format }, text),
    );
    await requireSameRows(
      session,
      { ...relation, columns: manifest.columns },
      figures,
      await rowFigures(session, LOADED, manifest.columns),
    );
    if (sealed !== null) await requireRoots(session, sealed, LOADED, manifest.id);
  });
}

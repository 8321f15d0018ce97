import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MANIFEST, SEAL, manifestText, sealOf, sha256Of, type BackupLink, type Manifest } from '../../src/ops/backup/manifest.ts';
import { backupId } from '../../src/ops/backup/repository.ts';
import { createSignerKey, openSigner, type Signer } from '../../src/ops/signing/signer.ts';

/** A key in a new file of the folder, and what signs with it. */
export async function newSigner(folder: string, name = 'test-backup'): Promise<Signer> {
  await createSignerKey(join(folder, 'key.pem'), name);
  return openSigner({ name, key: { kind: 'file', file: 'key.pem' }, publicKeys: [] }, { variables: {}, folder });
}

/** One of the backups that are made. */
export interface Wanted {
  readonly at: Date;
  readonly database?: string;
  readonly environment?: string;
  /** Makes it one of the files of a server: what changed since the backup of this number, or everything. */
  readonly since?: number | 'nothing';
}

/** Backups as `backup create` leaves them, sealed and chained, of which the only file is a line of text: for what looks at manifests alone. */
export async function sealBackups(folder: string, signer: Signer, wanted: readonly Wanted[]): Promise<Manifest[]> {
  const made: Manifest[] = [];
  for (const [index, one] of wanted.entries()) {
    const id = backupId(one.database ?? 'lab', one.at, index.toString(16).padStart(4, '0'));
    const content = `${id}\n`;
    const common = commonOf(id, one, content, linkTo(made.at(-1)));
    const parent = typeof one.since === 'number' ? linkTo(made[one.since]) : null;
    const manifest: Manifest =
      one.since === undefined
        ? { ...common, type: 'logical', source: { ...SOURCE, database: one.database ?? 'lab' }, fingerprint: NOTHING }
        : { ...common, ...PHYSICAL, parent };
    const there = join(folder, id);
    mkdirSync(there, { recursive: true, mode: 0o700 });
    const files = { 'rows.txt': content, [MANIFEST]: manifestText(manifest), [SEAL]: await sealOf(manifest, signer) };
    for (const [name, written] of Object.entries(files)) writeFileSync(join(there, name), written, { mode: 0o600 });
    made.push(manifest);
  }
  return made;
}

const linkTo = (manifest: Manifest | undefined): BackupLink | null =>
  manifest === undefined ? null : { id: manifest.id, manifest: sha256Of(manifestText(manifest)) };

/** So many days, one after the other, at three in the morning. */
export const nights = (first: string, count: number): Wanted[] =>
  Array.from({ length: count }, (_, n) => ({ at: new Date(Date.parse(`${first}T03:00:00Z`) + n * 86_400_000) }));

const commonOf = (id: string, { at, environment = 'dev' }: Wanted, content: string, previous: BackupLink | null) =>
  ({
    format: 'dbctl-backup/1',
    id,
    project: 'test',
    environment,
    snapshotAt: at.toISOString(),
    finishedAt: at.toISOString(),
    operator: 'test@here',
    dbctl: '0',
    programs: {},
    encryption: null,
    files: [{ path: 'rows.txt', bytes: content.length, sha256: sha256Of(content) }],
    previous,
  }) as const;

const NOTHING = { tables: [], sequences: [], largeObjects: null, ledger: null } as const;

const SERVER = { systemIdentifier: '7000000000000000001', serverVersion: 180_002, sizeBytes: 1 } as const;

const SOURCE = {
  ...SERVER,
  encoding: 'UTF8',
  localeProvider: 'builtin',
  locale: 'C.UTF-8',
  collate: 'C.UTF-8',
  ctype: 'C.UTF-8',
  extensions: [],
  roles: [],
} as const;

const PHYSICAL = {
  type: 'physical',
  engine: 'native',
  source: { ...SERVER, database: 'cluster', bootstrapUser: 'postgres', checksums: true, databases: ['lab'] },
  startLsn: '0/2000028',
  endLsn: '0/2000120',
  timeline: 1,
  tablespaces: [],
} as const;

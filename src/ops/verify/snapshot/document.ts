import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail } from '../../../core/errors.ts';
import { fileReason } from '../../../core/file-reason.ts';
import { writeDurably } from '../../storage/durable.ts';
import type { Finding } from '../outcome.ts';
import { VENDORS, type RecognisedVendor } from '../vendor.ts';
import { sha256, type Asked } from './asked.ts';

const SCHEMA = 'dbctl.verify-snapshot/1';

/** What came of a check, without the check: today's file of it judges. */
export type SavedOutcome =
  | { readonly kind: 'pass' }
  | { readonly kind: 'found'; readonly findings: readonly Finding[] }
  | { readonly kind: 'unknown'; readonly reason: string; readonly fix: string | null; readonly sqlstate?: string }
  | { readonly kind: 'skipped'; readonly reason: string };

export interface SavedAnswer extends Asked {
  readonly id: string;
  readonly outcome: SavedOutcome;
}

/** Which server answered, and as whom. */
export interface SavedServer {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly role: string;
  readonly serverVersion: number;
  readonly serverVersionText: string;
  readonly systemIdentifier: string | null;
  /** Whose server it looked like. */
  readonly vendor: RecognisedVendor;
}

/** What the server said, before anybody judged it. */
export interface Snapshot {
  readonly schema: typeof SCHEMA;
  readonly dbctl: string;
  readonly takenAt: string;
  readonly project: string;
  readonly environment: string;
  readonly server: SavedServer;
  readonly checks: readonly SavedAnswer[];
}

/** The snapshot as it is kept, with its own sha256, which finds an accident and not a forger: whoever can write the file can hash it. */
export function snapshotText(content: Omit<Snapshot, 'schema'>): string {
  const snapshot: Snapshot = { schema: SCHEMA, ...content };
  return `${JSON.stringify({ ...snapshot, sha256: sha256(snapshot) }, null, 2)}\n`;
}

/** Writes it whole or not at all, for its owner's eyes. Fails with config.invalid, saying why. */
export async function writeSnapshot(path: string, shownAs: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeDurably(draft, text);
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => {});
    fail('config.invalid', `cannot write ${shownAs}: ${fileReason(cause)}`, {
      cause,
      hint: 'Name a file: --save prod.snapshot.',
    });
  }
}

/** Fails with config.invalid for a file that is no snapshot, that is cut short, or that was changed after it was written. */
export async function readSnapshot(path: string, shownAs: string): Promise<Snapshot> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) =>
    fail('config.invalid', `cannot read ${shownAs}: ${fileReason(cause)}`, {
      cause,
      hint: HINT,
    }),
  );
  return parseSnapshot(shownAs, text);
}

const HINT = 'Take one with dbctl verify --save FILE.';

/** The same for a text already read. */
export function parseSnapshot(file: string, text: string): Snapshot {
  const wrong = (what: string): never => fail('config.invalid', `${file} ${what}`, { hint: HINT });
  const { sha256: written, ...content } = parseObject(text, wrong) as Partial<Snapshot> & { sha256?: unknown };
  if (content.schema !== SCHEMA) wrong(`is no snapshot of dbctl verify: its schema is not ${SCHEMA}`);
  if (written !== sha256(content)) wrong('is not as it was written: its sha256 is that of another content');
  const snapshot = content as Snapshot;
  if (!isServer(snapshot.server)) wrong('does not say which server answered');
  const broken = Array.isArray(snapshot.checks) ? snapshot.checks.findIndex((answer) => !isAnswer(answer)) : 0;
  if (broken !== -1) wrong(`has no whole answer ${broken + 1}`);
  return snapshot;
}

function parseObject(text: string, wrong: (what: string) => never): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return wrong('is no whole JSON document');
  }
}

function isServer(server: unknown): boolean {
  const { host, port, database, serverVersion, vendor } = (server ?? {}) as Partial<SavedServer>;
  return (
    typeof host === 'string' &&
    typeof port === 'number' &&
    typeof database === 'string' &&
    typeof serverVersion === 'number' &&
    VENDORS.some((known) => known === vendor?.vendor)
  );
}

function isAnswer(value: unknown): boolean {
  const { id, query, bound, outcome } = (value ?? {}) as Partial<SavedAnswer>;
  return typeof id === 'string' && typeof query === 'string' && typeof bound === 'object' && isOutcome(outcome);
}

function isOutcome(outcome: SavedOutcome | undefined): boolean {
  switch (outcome?.kind) {
    case 'pass':
      return true;
    case 'found':
      return Array.isArray(outcome.findings) && outcome.findings.length > 0 && outcome.findings.every(isFinding);
    case 'unknown':
    case 'skipped':
      return typeof outcome.reason === 'string';
    case undefined:
      return false;
  }
}

function isFinding(value: unknown): boolean {
  const { object, detail, data } = (value ?? {}) as Partial<Finding>;
  return typeof object === 'string' && typeof detail === 'string' && typeof data === 'object' && data !== null;
}

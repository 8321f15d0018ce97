import { readFile } from 'node:fs/promises';
import { writeSecretly } from './secret-file.ts';

export type EngineName = 'embedded' | 'container';

/** What server.json remembers of the last start. It is where to look first, never proof that a server runs. */
export interface ServerRecord {
  readonly engine: EngineName;
  /** Started, and not stopped by dbctl since. */
  readonly running: boolean;
  /** `18.2`. */
  readonly version: string;
  readonly port: number;
  readonly pid: number;
  readonly systemIdentifier: string;
  /** Folder of the project, so that a person can tell whose server this is. */
  readonly project: string;
}

/** Writes server.json, mode 0600. */
export async function writeRecord(path: string, record: ServerRecord): Promise<void> {
  await writeSecretly(path, `${JSON.stringify(record, null, 2)}\n`);
}

/** undefined when there is none, or none that can be understood: the server is then looked for where it lives. */
export async function readRecord(path: string): Promise<ServerRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(path, 'utf8')) as Partial<ServerRecord> | null;
    return isRecord(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(record: Partial<ServerRecord> | null): record is ServerRecord {
  if (record === null || (record.engine !== 'embedded' && record.engine !== 'container')) return false;
  const { port, pid, version, systemIdentifier, project, running } = record;
  if (typeof running !== 'boolean') return false;
  return [port, pid].every(Number.isInteger) && [version, systemIdentifier, project].every((text) => typeof text === 'string');
}

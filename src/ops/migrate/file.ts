import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isUtf8 } from 'node:buffer';

/** A migration file that can be planned: read once, so that what was hashed is what runs. */
export interface MigrationFile {
  readonly version: number;
  /** The version as written, with its zeros: `007`. */
  readonly id: string;
  readonly slug: string;
  /** File name inside the migrations folder. */
  readonly file: string;
  readonly path: string;
  /** The text that runs and is hashed: no byte order mark, line ends LF. */
  readonly sql: string;
  /** Hex sha256 of `sql`: the same on every checkout, whatever git did to line ends. */
  readonly sha256: string;
  /** Hex sha256 of the bytes on disk: differs from the recorded one when only line ends changed. */
  readonly bytesSha256: string;
  /** Runs in one transaction with its history row; `--! transaction: none` in the first lines says otherwise. */
  readonly transactional: boolean;
}

/** Why the folder cannot be planned. All of them are found in one reading. */
export interface FileProblem {
  readonly file: string;
  readonly line?: number;
  readonly message: string;
  readonly hint: string;
}

export interface MigrationFolder {
  readonly folder: string;
  readonly files: readonly MigrationFile[];
  readonly problems: readonly FileProblem[];
}

const NAME = /^(\d+)\.do\.([a-z0-9]+(?:[-_][a-z0-9]+)*)\.sql$/;

/**
 * Reads every migration of a folder (not its subfolders), sorted by version. Never fails: what is wrong is in `problems`.
 * Postgrator's own reading skips files it does not understand without a word, which is how a migration named `.up.` never ran.
 */
export async function readMigrations(folder: string): Promise<MigrationFolder> {
  let entries;
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (thrown) {
    return { folder, files: [], problems: [folderProblem(folder, thrown as NodeJS.ErrnoException)] };
  }
  const names = entries.filter((entry) => !entry.isDirectory() && !isOther(entry.name)).map((entry) => entry.name);
  const read = await Promise.all(names.sort().map((name) => readMigration(folder, name)));
  const files = read.filter((entry): entry is MigrationFile => 'sql' in entry).sort((a, b) => a.version - b.version);
  const problems = [...read.filter((entry): entry is FileProblem => !('sql' in entry)), ...sequenceProblems(files)];
  if (names.length === 0) problems.push(emptyFolder(folder));
  return { folder, files, problems };
}

/** Notes and editor leftovers live beside migrations; anything that could be meant as one does not. */
function isOther(name: string): boolean {
  return name.startsWith('.') || /\.(?:md|txt|lock|prisma|toml|json)$/.test(name) || name.endsWith('~');
}

function folderProblem(folder: string, error: NodeJS.ErrnoException): FileProblem {
  if (error.code === 'ENOENT') {
    return {
      file: folder,
      message: 'the migrations folder does not exist',
      hint: 'Create it with `dbctl migrate new <slug>`, or set migrations.folder in dbctl.yaml.',
    };
  }
  if (error.code === 'ENOTDIR') {
    return {
      file: folder,
      message: 'the migrations folder is a file',
      hint: 'Set migrations.folder in dbctl.yaml to the folder that holds the migrations.',
    };
  }
  return {
    file: folder,
    message: `the migrations folder cannot be read: ${error.message}`,
    hint: 'Give the user that runs dbctl the right to read it.',
  };
}

const emptyFolder = (folder: string): FileProblem => ({
  file: folder,
  message: 'the migrations folder holds no migration',
  hint: 'An empty folder is most often a wrong path. Check migrations.folder in dbctl.yaml, or write the first one with `dbctl migrate new <slug>`.',
});

async function readMigration(folder: string, file: string): Promise<MigrationFile | FileProblem> {
  const named = NAME.exec(file);
  if (named === null) return nameProblem(file);
  const [, id = '', slug = ''] = named;
  const version = Number(id);
  if (!Number.isSafeInteger(version) || version === 0) {
    return {
      file,
      message: `version ${id} is outside 1 … 2^53-1`,
      hint: 'Number migrations 001, 002, … or by UTC time, such as 20261121093000.',
    };
  }
  let bytes: Buffer;
  try {
    bytes = await readFile(join(folder, file));
  } catch (thrown) {
    const reason = (thrown as NodeJS.ErrnoException).code === 'EACCES' ? 'permission denied' : (thrown as Error).message;
    return { file, message: `the file cannot be read: ${reason}`, hint: 'Give the user that runs dbctl the right to read it.' };
  }
  return contentProblem(file, bytes) ?? parseMigration({ version, id, slug, file, path: join(folder, file) }, bytes);
}

function nameProblem(file: string): FileProblem {
  const undo = /^\d+\.undo\./i.test(file);
  const message = undo ? 'undo files are not run: migrations go forward only' : 'the file name is not <version>.do.<slug>.sql';
  const hint = undo
    ? 'Write a new migration that takes the change back, and delete this file.'
    : `Rename it, for example to ${suggestName(file)}; a slug is lower case letters and digits with - or _ between.`;
  return { file, message, hint };
}

function suggestName(file: string): string {
  const [, version = '001', rest = 'change'] = /^[Vv]?(\d+)[._-]*(.*?)(?:\.[a-z]+)?$/i.exec(file) ?? [];
  const slug = rest
    .replace(/^(?:do|up|migrate)[._-]/i, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return `${version}.do.${slug === '' ? 'change' : slug}.sql`;
}

function contentProblem(file: string, bytes: Buffer): FileProblem | undefined {
  if (bytes.includes(0)) {
    return { file, message: 'the file holds a NUL byte (UTF-16, or not text)', hint: 'Save it as UTF-8.' };
  }
  if (!isUtf8(bytes))
    return { file, message: 'the file is not UTF-8', hint: 'Save it as UTF-8; PostgreSQL would refuse or change its text.' };
  if (bytes.toString().trim() === '')
    return { file, message: 'the file is empty', hint: 'Write its SQL, or delete it before anybody applied it.' };
  return undefined;
}

type Named = Pick<MigrationFile, 'version' | 'id' | 'slug' | 'file' | 'path'>;

function parseMigration(named: Named, bytes: Buffer): MigrationFile | FileProblem {
  const sql = canonical(bytes.toString());
  const directive = readTransactionDirective(named.file, sql);
  if (typeof directive !== 'boolean') return directive;
  return { ...named, sql, sha256: hash(sql), bytesSha256: hash(bytes), transactional: directive };
}

/** Without byte order mark, line ends LF: what git checkouts on different systems have in common. */
export function canonical(text: string): string {
  return text.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n');
}

const hash = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

/** `--! transaction: none` among the comment lines the file begins with; everything else there is a mistake worth stopping for. */
function readTransactionDirective(file: string, sql: string): boolean | FileProblem {
  const lines = sql.split('\n');
  const end = lines.findIndex((line) => !/^\s*(?:--.*)?$/.test(line));
  let transactional = true;
  for (const [index, line] of lines.slice(0, end === -1 ? lines.length : end).entries()) {
    const directive = /^\s*--!\s*(.*?)\s*$/.exec(line)?.[1];
    if (directive === undefined) continue;
    if (/^transaction:\s*none$/.test(directive)) transactional = false;
    else {
      return {
        file,
        line: index + 1,
        message: `unknown directive: ${directive}`,
        hint: 'The one directive there is: `--! transaction: none`.',
      };
    }
  }
  return transactional;
}

/** Two files of one version, and holes in a counted sequence. */
function sequenceProblems(files: readonly MigrationFile[]): FileProblem[] {
  const problems: FileProblem[] = [];
  for (const [index, file] of files.entries()) {
    const before = files[index - 1];
    if (before === undefined) continue;
    if (before.version === file.version) {
      problems.push({
        file: file.file,
        message: `version ${file.id} is taken by ${before.file}`,
        hint: 'Renumber the one that was not applied anywhere yet; `dbctl migrate status` shows which that is.',
      });
    } else if (isCounted(file) && file.version !== before.version + 1) {
      const missing = String(before.version + 1).padStart(file.id.length, '0');
      problems.push({
        file: file.file,
        message: `version ${missing} is missing between ${before.file} and ${file.file}`,
        hint: 'Was a file lost in a merge? Bring it back, or renumber the files after the gap that were not applied anywhere yet.',
      });
    }
  }
  return problems;
}

/** Counters (001, 002 …) have no gaps; versions made from a date (eight digits and more) have nothing but gaps. */
const isCounted = (file: MigrationFile): boolean => file.id.length < 8;

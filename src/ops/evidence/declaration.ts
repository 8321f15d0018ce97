import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { git, type GitPlace } from '../ledger/git.ts';

/** roles.yaml as it was, and how it came to be so. */
export interface Declaration {
  /** As messages name it. */
  readonly file: string;
  readonly sha256: string;
  /** null: git does not answer, and `whyNot` says why. */
  readonly git: DeclaredInGit | null;
  readonly whyNot: string | null;
}

export interface DeclaredInGit {
  readonly commit: string;
  /** The file is not as that commit has it. */
  readonly changed: boolean;
  /** Something that git follows is not as that commit has it. */
  readonly dirty: boolean;
  /** The commits of the period that changed the file, the newest first. */
  readonly commits: readonly {
    readonly commit: string;
    readonly at: string;
    readonly author: string;
    readonly subject: string;
  }[];
}

/** More commits to one file within a period are not read by anybody; git has them. */
const MOST_COMMITS = 200;

/** Reads the file and asks git about it. Fails where the file cannot be read; never for git. */
export async function readDeclaration(
  path: string,
  file: string,
  since: string,
  variables: GitPlace['variables'],
): Promise<Declaration> {
  const sha256 = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  const place = { repository: dirname(path), branch: '', remote: null, variables: { ...variables, LC_ALL: 'C' } };
  try {
    return { file, sha256, git: await askGit(place, basename(path), since), whyNot: null };
  } catch (thrown) {
    return { file, sha256, git: null, whyNot: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

async function askGit(place: GitPlace, name: string, since: string): Promise<DeclaredInGit> {
  const commit = await git(place, ['rev-parse', '--verify', 'HEAD']);
  const changed = await git(place, ['status', '--porcelain', '--', name]);
  const dirty = await git(place, ['status', '--porcelain', '--untracked-files=no']);
  const log = await git(place, [
    'log',
    `--since=${since}`,
    `--max-count=${MOST_COMMITS}`,
    '--format=%H%x00%cI%x00%an%x00%s',
    '--',
    name,
  ]);
  const lines = log.split('\n').filter((line) => line !== '');
  return {
    commit,
    changed: changed !== '',
    dirty: dirty !== '',
    commits: lines.map((line) => {
      const [commit_ = '', at = '', author = '', subject = ''] = line.split('\0');
      return { commit: commit_, at, author, subject };
    }),
  };
}

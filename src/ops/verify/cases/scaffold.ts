import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail } from '../../../core/errors.ts';
import { didYouMean } from '../../../core/header.ts';

/** Prefixes of dbctl's own checks, those that are to come too: a check of a project never meets one. */
export const RESERVED_PREFIXES: readonly string[] =
  'attestation auth bak cis conn dur ext idx imm loc log ops priv rep sch set time tls version waiver'.split(' ');

export interface ScaffoldRequest {
  /** The project's folder of checks. */
  readonly folder: string;
  /** Every id there is. */
  readonly taken: readonly string[];
  readonly dryRun: boolean;
}

/** Where the cases of a check lie. */
export const casesFile = (folder: string, id: string): string => join(folder, 'cases', `${id}.sql`);

/**
 * Writes a check and its cases, all of which fail until they are written; the two paths. Fails with usage for an id that is none or
 * dbctl's own, with config.invalid where a file of that name is there.
 */
export async function scaffoldCheck(id: string, { folder, taken, dryRun }: ScaffoldRequest): Promise<readonly [string, string]> {
  demandFree(id, taken);
  const files = [
    [join(folder, `${id}.sql`), checkText(id)],
    [casesFile(folder, id), casesText(id)],
  ] as const;
  if (!dryRun) for (const [path, text] of files) await writeNew(path, text);
  return [files[0][0], files[1][0]];
}

function demandFree(id: string, taken: readonly string[]): void {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(id)) {
    const better = id
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^[-0-9]+|-+$/g, '');
    fail('usage', `"${id}" is no check id: lower-case words joined by hyphens${better === '' ? '' : didYouMean(id, [better])}`, {
      hint: 'Name the project and the rule: shop-orders-have-owner.',
    });
  }
  const prefix = RESERVED_PREFIXES.find((word) => id === word || id.startsWith(`${word}-`));
  if (prefix !== undefined)
    fail('usage', `ids that begin with "${prefix}-" are dbctl's own: "${id}" could meet one of a later version`, {
      hint: `Begin with the name of the project: shop-${id}.`,
    });
  if (taken.includes(id))
    fail('usage', `there is a check "${id}" already`, { hint: 'Run dbctl verify --list to see every check.' });
}

async function writeNew(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { flag: 'wx' }).catch((cause: unknown) =>
    fail(
      'config.invalid',
      `cannot write ${path}: ${(cause as { code?: string }).code === 'EEXIST' ? 'it is there already' : String(cause)}`,
      {
        cause,
        hint: 'Choose another id, or remove the file.',
      },
    ),
  );
}

/** It reads, and finds something wherever it is run: a check nobody wrote must not look like one that passes. */
function checkText(id: string): string {
  return `--! title: TITLE, a sentence that is true when the check passes
--! severity: medium
--! group: own
--! scope: database
--! needs: select pg_catalog.pg_class
--! why: WHY, what happens to the reader when it fails.
--! fix: -- FIX, the next act, ready to paste; {name} is filled from data
--! refs: REFS, where the rule comes from
-- One query; each row is a finding. Name in needs everything it reads. docs/checks.md has all keys.
select 'not written yet' as object,
       'check ${id} is a scaffold, and nobody has written it yet' as detail,
       pg_catalog.jsonb_build_object('name', 'value') as data
 order by 1;
`;
}

function casesText(id: string): string {
  return `-- Cases of ${id}: what is done to a server, and what the check must then say. dbctl checks test ${id} runs them on a server
-- made for it; each is rolled back.

--! case: WORDS, what is wrong here
-- create what the check must find
--! expect: OBJECT
--! says: PART OF THE MESSAGE
--! then: fixed

--! case: WORDS, what is right here
-- create what the check must let pass
--! expect: none

--! case: the role may not see it
--! as: plain
revoke select on pg_catalog.pg_class from public;
--! expect: unknown
--! fix: THE STATEMENT THAT SHOWS IT
`;
}

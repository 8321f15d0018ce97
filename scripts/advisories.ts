// Checks src/ops/verify/advisories.json and signs it: `npm run advisories`. With a folder of CVE records (JSON 5, as pgweb and the CVE
// list keep them) it compares every one of them first: `npm run advisories -- ../pgweb/data/security/cve`.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Advisories } from '../src/ops/verify/advisories.ts';
import { advisoryDigest } from '../src/ops/verify/advisory-digest.ts';
import { recordProblems, tableProblems, type CveRecord } from '../src/ops/verify/advisory-problems.ts';

const file = new URL('../src/ops/verify/advisories.json', import.meta.url);
const text = readFileSync(file, 'utf8');
const table = JSON.parse(text) as Advisories;
const problems = [...tableProblems(table), ...records(process.argv[2]).flatMap((record) => recordProblems(table, record))];
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
else sign();

function records(folder: string | undefined): CveRecord[] {
  if (folder === undefined) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  console.log(`${names.length} records compared`);
  return names.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as CveRecord);
}

function sign(): void {
  const digest = advisoryDigest(table);
  const { sha256: before, ...rest } = table;
  if (before === digest) return console.log(`signed already: ${digest}`);
  writeFileSync(file, `${JSON.stringify({ ...rest, sha256: digest }, null, 2)}\n`);
  console.log(`signed: ${digest}; npm run format lays the file out`);
}

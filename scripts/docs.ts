// Rewrites the generated parts of the documentation: `npm run docs`. With --check it changes nothing and exits 1 when something differs.
import { readFileSync, writeFileSync } from 'node:fs';
import { generatedDocs } from './generated-docs.ts';

const check = process.argv.includes('--check');
let stale = 0;
for (const { file, text } of await generatedDocs()) {
  const url = new URL(`../${file}`, import.meta.url);
  let before = '';
  try {
    before = readFileSync(url, 'utf8');
  } catch {
    // A new page.
  }
  if (before === text) continue;
  stale += 1;
  if (!check) writeFileSync(url, text);
  console.log(`${check ? 'out of date' : 'written'}: ${file}`);
}
if (check && stale > 0) process.exitCode = 1;

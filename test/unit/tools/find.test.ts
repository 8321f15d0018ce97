import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { installLine, isDebianFamily, parseOsRelease } from '../../../src/ops/tools/advice.ts';
import { cacheFolder, cachedPrograms } from '../../../src/ops/tools/cache-folder.ts';
import { findPrograms, findSameMajor, requireProgram } from '../../../src/ops/tools/find.ts';
import { openHoles } from '../../../src/ops/tools/holes.ts';
import { advisories } from '../../../src/ops/verify/advisories.ts';
import { expectGone } from '../../support/alive.ts';

const root = mkdtempSync(join(tmpdir(), 'dbctl-tools-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A folder with programs that say a version, as a script each. */
function folder(name: string, programs: Readonly<Record<string, string>>): string {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  for (const [program, body] of Object.entries(programs)) {
    writeFileSync(join(path, program), `#!/bin/sh\n${body}\n`);
    chmodSync(join(path, program), 0o755);
  }
  return path;
}
const says = (program: string, version: string) => `echo '${program} (PostgreSQL) ${version}'`;

describe('client programs', () => {
  const old = folder('old', { pg_dump: says('pg_dump', '17.2') });
  const fitting = folder('fitting', { pg_dump: says('pg_dump', '18.2') });
  const newest = folder('newest', { pg_dump: says('pg_dump', '18.10 (Debian 18.10-1)') });
  const beta = folder('beta', { pg_dump: says('pg_dump', '19beta1') });
  const broken = folder('broken', { pg_dump: 'exit 127' });
  const slow = folder('slow', { pg_dump: 'exec sleep 60' });
  const cache = join(root, 'cache');
  folder(join('cache', 'tools', 'postgresql-18', 'usr', 'lib', 'postgresql', '18', 'bin'), { pg_dump: says('pg_dump', '18.6') });
  const look = async (path: readonly string[], setting: string | null = null, where = cache) =>
    (await findPrograms({ setting, path: path.join(':'), cache: where }, 18, ['pg_dump']))[0];

  it('are the newest that are not older than the server, wherever they are', async () => {
    const found = await look([old, fitting, newest]);
    expect(found?.taken).toMatchObject({
      version: '18.10',
      versionNumber: 180_010,
      path: join(newest, 'pg_dump'),
      origin: 'PATH',
    });
    expect(found?.all.map(({ version }) => version).slice(0, 3)).toEqual(['18.10', '18.6', '18.2']);
  });

  it('of a beta count as that major', async () => {
    expect((await look([beta]))?.taken).toMatchObject({ version: '19.0', path: join(beta, 'pg_dump') });
  });

  it('are passed over when they do not run, or do not answer', async () => {
    expect((await look([broken, slow]))?.taken).toMatchObject({ version: '18.6', origin: 'cache' });
  }, 20_000);

  it('that do not answer do not run on, nor what they started', async () => {
    const mark = join(root, 'pid');
    const forked = folder('forked', { pg_dump: `sleep 61 & echo $! > ${mark}; wait` });
    expect((await look([forked]))?.taken).toMatchObject({ origin: 'cache' });
    await expectGone(Number(readFileSync(mark, 'utf8')));
  }, 20_000);

  it('that say much, or read, do not hold up the others', async () => {
    const loud = folder('loud', { pg_dump: `head -c 1000000 /dev/zero | tr '\\0' x; ${says('pg_dump', '18.9')}` });
    const reads = folder('reads', { pg_dump: `cat; ${says('pg_dump', '18.8')}` });
    expect((await look([loud, reads]))?.taken).toMatchObject({ version: '18.8' });
  });

  it('in a folder of two names are asked once', async () => {
    const link = join(root, 'link');
    symlinkSync(newest, link);
    const paths = (await look([link, newest]))?.all.map(({ path }) => path);
    expect(paths?.filter((path) => [link, newest].includes(dirname(path)))).toEqual([join(link, 'pg_dump')]);
  });

  it("are none where Debian's wrapper stands for them", async () => {
    const wrapper = join(folder('postgresql-common', { pg_wrapper: says('pg_dump', '18.12') }), 'pg_wrapper');
    const linked = folder('linked', {});
    symlinkSync(wrapper, join(linked, 'pg_dump'));
    expect((await look([linked]))?.taken).toMatchObject({ version: '18.6', origin: 'cache' });
  });

  it('with odd names of their folders are found', async () => {
    const odd = folder(`a 'b' "c" $(d)\n*é`, { pg_dump: says('pg_dump', '18.11') });
    expect((await look([odd]))?.taken).toMatchObject({ version: '18.11', path: join(odd, 'pg_dump') });
  });

  it('in a relative folder on PATH are not run', async () => {
    expect((await look(['.', 'bin', '']))?.taken?.origin).toBe('cache');
  });

  it('come from the setting alone where it is set', async () => {
    expect((await look([newest], fitting))?.all.map(({ origin }) => origin)).toEqual(['setting']);
    expect((await look([newest], old))?.taken).toBeNull();
  });

  it('of a newer major in the cache serve an older server, and those of its own major are there for what needs them', async () => {
    const several = join(root, 'several');
    const cached = (major: number, name = `postgresql-${major}`) =>
      join('several', 'tools', name, `usr/lib/postgresql/${major}/bin`);
    for (const [major, version] of [
      [16, '16.9'],
      [17, '17.6'],
      [18, '18.6'],
    ] as const) {
      folder(cached(major), { pg_dump: says('pg_dump', version) });
    }
    // What a killed installation left.
    folder(cached(19, 'postgresql-19.making-1f0c'), { pg_dump: says('pg_dump', '19.1') });
    const places = { setting: null, path: '', cache: several };
    expect(await requireProgram('pg_dump', places, 17)).toMatchObject({ version: '18.6', origin: 'cache' });
    expect(await findSameMajor('pg_dump', places, 17)).toMatchObject({ version: '17.6', origin: 'cache' });
  });

  it('that are missing or too old are an error that says so', async () => {
    const places = { setting: old, path: '', cache };
    await expect(requireProgram('pg_dump', places, 18)).rejects.toThrow(
      `pg_dump for PostgreSQL 18 is of version 17.2 (${join(old, 'pg_dump')})`,
    );
    await expect(requireProgram('pg_restore', places, 18)).rejects.toThrow('pg_restore for PostgreSQL 18 is not there');
    expect((await requireProgram('pg_dump', places, 17)).version).toBe('17.2');
  });
});

describe('the cache', () => {
  const place = (variables: Record<string, string>, uid: number | undefined) =>
    cacheFolder({ variables, home: '/home/ann', uid });

  it.each([
    [{}, 1000, '/home/ann/.cache/dbctl'],
    [{ XDG_CACHE_HOME: '/x' }, 1000, '/x/dbctl'],
    [{}, 0, '/var/cache/dbctl'],
    [{ DBCTL_CACHE_HOME: '/own' }, 0, '/own'],
    [{ DBCTL_CACHE_HOME: '' }, undefined, '/home/ann/.cache/dbctl'],
  ])('with %j and user %s is %s', (variables, uid, folderName) => {
    expect(place(variables as Record<string, string>, uid)).toBe(folderName);
  });

  it('is not a relative folder', () => {
    expect(() => place({ DBCTL_CACHE_HOME: 'here' }, 1)).toThrow('DBCTL_CACHE_HOME is not an absolute path: here');
    expect(cachedPrograms('/c', 18).bin).toBe('/c/tools/postgresql-18/usr/lib/postgresql/18/bin');
  });
});

describe('the line that brings them', () => {
  it.each<[string, NodeJS.Platform, string, RegExp]>([
    ['Debian', 'linux', 'ID=debian\nVERSION_CODENAME=bookworm\n', /^sudo apt-get .*postgresql-client-18$/],
    ['Ubuntu', 'linux', 'ID=ubuntu\nID_LIKE=debian\n', /apt\.postgresql\.org\.sh -y/],
    ['Rocky', 'linux', 'ID="rocky"\nID_LIKE="rhel centos fedora"\n', /^sudo dnf install -y postgresql18$/],
    ['Alpine', 'linux', 'ID=alpine\n', /^apk add postgresql18-client$/],
    ['SUSE', 'linux', 'ID="opensuse-leap"\nID_LIKE="suse opensuse"\n', /^sudo zypper/],
    ['Arch', 'linux', 'ID=arch\n', /^sudo pacman/],
    ['nothing known', 'linux', '', /backup\.programs/],
    ['macOS', 'darwin', '', /^brew install postgresql@18$/],
    ['Windows', 'win32', '', /^winget install/],
  ])('on %s', (_name, platform, text, line) => {
    expect(installLine(platform, parseOsRelease(text), 18)).toMatch(line);
  });

  it('is of Debian where packages are', () => {
    expect(isDebianFamily(parseOsRelease('ID=linuxmint\nID_LIKE="ubuntu debian"\n'))).toBe(true);
    expect(isDebianFamily(parseOsRelease('ID=fedora\n'))).toBe(false);
  });
});

describe('holes of client programs', () => {
  it('are those that a later release of the same major closed', () => {
    const open = openHoles(advisories, 180_002) ?? [];
    expect(open.length).toBeGreaterThan(0);
    expect(open.map(({ component }) => component)).not.toContain('core');
    expect(openHoles(advisories, 180_099)).toEqual([]);
    expect(openHoles(advisories, 130_001)).toBeNull();
  });
});

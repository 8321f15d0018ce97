import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folderSink } from '../../../src/ops/ledger/sink-folder.ts';
import { gitSink } from '../../../src/ops/ledger/sink-git.ts';
import { logSink } from '../../../src/ops/ledger/sink-log.ts';
import { s3Sink } from '../../../src/ops/ledger/sink-s3.ts';
import type { Sink } from '../../../src/ops/ledger/sink.ts';

const folder = mkdtempSync(join(tmpdir(), 'dbctl-sinks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const git = (repository: string, ...args: readonly string[]) =>
  execFileSync('git', ['-C', repository, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

/** What every sink that can be read back promises. */
function behavesAsSink(make: (name: string) => Sink): void {
  it('keeps notes, gives the latest back, and takes the same note twice', async () => {
    const sink = make('plain');
    expect(await sink.latest()).toBeNull();
    await sink.publish({ sequence: 1, text: 'one\n' });
    const receipt = await sink.publish({ sequence: 2, text: 'two\n' });
    expect(receipt.sink).toBe('plain');
    await sink.publish({ sequence: 1, text: 'one\n' });
    expect(await sink.latest()).toMatchObject({ sequence: 2, text: 'two\n' });
  });

  it('gives an old note back, also past the thousandth', async () => {
    const sink = make('thousand');
    for (const sequence of [999, 1000, 12_345]) await sink.publish({ sequence, text: `note ${sequence}\n` });
    expect(await sink.latest()).toMatchObject({ sequence: 12_345, text: 'note 12345\n' });
    expect(await sink.read([1000, 1001, 999, 2_000_000])).toMatchObject([
      { sequence: 1000, text: 'note 1000\n' },
      { sequence: 999, text: 'note 999\n' },
    ]);
    expect(await sink.read([])).toEqual([]);
  });

  it('refuses another note under a number that is taken', async () => {
    const sink = make('taken');
    await sink.publish({ sequence: 7, text: 'first\n' });
    await expect(sink.publish({ sequence: 7, text: 'second\n' })).rejects.toThrow(/^taken holds another note 7: /);
    expect(await sink.latest()).toMatchObject({ text: 'first\n' });
  });

  it('takes twelve writers at once: one note of each number, the same for all who wrote it', async () => {
    const sink = make('race');
    const outcomes = await Promise.allSettled(
      Array.from({ length: 12 }, (_, place) =>
        sink.publish({ sequence: 1 + (place % 4), text: `note ${place % 4} ${place < 8 ? 'a' : 'b'}\n` }),
      ),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(4);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(String(outcome.reason)).toContain('holds another note');
    }
    expect(await sink.latest()).toMatchObject({ sequence: 4 });
  });
}

describe('a folder', () => {
  behavesAsSink((name) => folderSink(name, join(folder, name)));

  it('has each note whole under its name, and nothing else', async () => {
    const path = join(folder, 'tidy');
    mkdirSync(path);
    mkdirSync(join(path, '0000000'));
    writeFileSync(join(path, '0000000', '.9.torn'), 'half');
    writeFileSync(join(path, 'README'), 'not a note');
    const sink = folderSink('tidy', path);
    await sink.publish({ sequence: 3, text: 'three\n' });
    expect(readdirSync(path).toSorted()).toEqual(['0000000', 'README']);
    expect(readdirSync(join(path, '0000000')).toSorted()).toEqual(['.9.torn', '0000000003.note']);
    expect(statSync(join(path, '0000000', '0000000003.note')).mode & 0o777).toBe(0o444);
    expect(await sink.latest()).toMatchObject({ sequence: 3 });
  });
});

describe('a git branch', () => {
  const repository = (name: string) => {
    const path = join(folder, `git-${name}`);
    mkdirSync(path, { recursive: true });
    git(path, 'init', '--quiet', '--initial-branch=main');
    return path;
  };
  behavesAsSink((name) =>
    gitSink(name, { repository: repository(name), branch: 'ledger', remote: null, variables: process.env }),
  );

  it('pushes to its remote, touches no work tree, and sees a rewritten remote', async () => {
    const [path, remote] = [repository('work'), join(folder, 'remote.git')];
    execFileSync('git', ['init', '--quiet', '--bare', remote]);
    git(path, 'remote', 'add', 'evidence', remote);
    writeFileSync(join(path, 'mine.txt'), 'uncommitted');
    const sink = gitSink('pushed', { repository: path, branch: 'ledger', remote: 'evidence', variables: process.env });
    await sink.publish({ sequence: 1, text: 'one\n' });
    await sink.publish({ sequence: 2, text: 'two\n' });
    expect(git(remote, 'show', 'ledger:0000000/0000000002.note')).toBe('two');
    expect(git(path, 'status', '--porcelain')).toBe('?? mine.txt');
    expect(git(remote, 'log', '--format=%s', 'ledger')).toBe('ledger checkpoint 2\nledger checkpoint 1');
    // Another clone, which has not seen the branch: it reads and goes on from the remote.
    const other = repository('other');
    git(other, 'remote', 'add', 'evidence', remote);
    const clone = gitSink('clone', { repository: other, branch: 'ledger', remote: 'evidence', variables: process.env });
    expect(await clone.latest()).toMatchObject({ sequence: 2 });
    await clone.publish({ sequence: 3, text: 'three\n' });
    expect(await sink.latest()).toMatchObject({ sequence: 3, text: 'three\n' });
    await sink.publish({ sequence: 4, text: 'four\n' });
    // Cut short by force: what the remote has is what counts.
    git(remote, 'update-ref', 'refs/heads/ledger', git(remote, 'rev-parse', 'ledger~1'));
    expect(await sink.latest()).toMatchObject({ sequence: 3 });
    const forged = execFileSync(
      'git',
      [
        '-C',
        remote,
        '-c',
        'user.name=x',
        '-c',
        'user.email=x@x',
        'commit-tree',
        '-m',
        'x',
        git(remote, 'rev-parse', 'ledger^{tree}'),
      ],
      { encoding: 'utf8' },
    ).trim();
    git(remote, 'update-ref', 'refs/heads/ledger', forged);
    await expect(sink.publish({ sequence: 5, text: 'five\n' })).rejects.toThrow(
      /^the branch ledger of evidence was rewritten: it does not go on from [0-9a-f]{12}$/,
    );
    await expect(sink.latest()).rejects.toThrow(/^the branch ledger of evidence was rewritten/);
  });

  it('refuses a branch that holds other things, and shows no password of an address that does not answer', async () => {
    const path = repository('mixed');
    writeFileSync(join(path, 'a.txt'), 'a');
    git(path, 'add', 'a.txt');
    git(path, '-c', 'user.name=x', '-c', 'user.email=x@x', 'commit', '--quiet', '-m', 'a');
    const mixed = gitSink('mixed', { repository: path, branch: 'main', remote: null, variables: process.env });
    await expect(mixed.publish({ sequence: 1, text: 'one\n' })).rejects.toThrow('the branch main holds other things than notes');
    git(path, 'remote', 'add', 'far', 'http://ann:hunter2@127.0.0.1:9/notes.git');
    const far = gitSink('far', { repository: path, branch: 'ledger', remote: 'far', variables: process.env });
    const outcome = await far.publish({ sequence: 1, text: 'one\n' }).catch(String);
    expect(outcome).toContain('127.0.0.1:9');
    expect(outcome).not.toContain('hunter2');
  });
});

describe('a log', () => {
  it('gets one JSON line a note', async () => {
    const path = join(folder, 'ledger.log');
    const sink = logSink('shipped', path);
    await Promise.all(Array.from({ length: 20 }, (_, place) => sink.publish({ sequence: place, text: `note ${place}\n` })));
    const lines = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { sequence: number; note: string });
    expect(lines.map(({ sequence }) => sequence).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, place) => place),
    );
    expect(await sink.latest()).toBe('unreadable');
  });
});

describe('an S3 bucket (a stand-in server that keeps to the documented answers; no S3 service runs here)', () => {
  const objects = new Map<string, { body: string; headers: NodeJS.Dict<string | string[]> }>();
  let server: Server;
  let endpoint = '';
  beforeAll(async () => {
    process.env['AWS_ACCESS_KEY_ID'] = 'test';
    process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
    server = createServer((request, response) => {
      const [path = '', query = ''] = (request.url ?? '').split('?');
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        const reply = (status: number, text = '', headers = {}) => void response.writeHead(status, headers).end(text);
        if (request.method === 'PUT') {
          if (request.headers['if-none-match'] === '*' && objects.has(path)) {
            return reply(412, '<Error><Code>PreconditionFailed</Code></Error>', { 'content-type': 'application/xml' });
          }
          objects.set(path, { body: unchunked(body, request.headers), headers: request.headers });
          return reply(200, '', { etag: '"e"', 'x-amz-version-id': `v${objects.size}` });
        }
        if (query.includes('list-type=2')) {
          const prefix = new URLSearchParams(query).get('prefix') ?? '';
          const keys = [...objects.keys()]
            .map((key) => key.slice('/evidence/'.length))
            .filter((key) => key.startsWith(prefix))
            .map((key) => prefix + key.slice(prefix.length).replace(/\/.*$/, '/'));
          const listed = [...new Set(keys)].map((key) =>
            key.endsWith('/')
              ? `<CommonPrefixes><Prefix>${key}</Prefix></CommonPrefixes>`
              : `<Contents><Key>${key}</Key></Contents>`,
          );
          return reply(200, `<ListBucketResult><IsTruncated>false</IsTruncated>${listed.join('')}</ListBucketResult>`, {
            'content-type': 'application/xml',
          });
        }
        const found = objects.get(path);
        if (request.method === 'HEAD' && found !== undefined) {
          const { 'x-amz-object-lock-mode': mode, 'x-amz-object-lock-retain-until-date': until } = found.headers;
          // A service that does not know object lock takes the object all the same.
          const lock = mode === undefined || path.startsWith('/evidence/lax/') ? {} : { 'x-amz-object-lock-mode': mode };
          return reply(200, '', {
            etag: '"e"',
            'x-amz-version-id': 'v1',
            ...lock,
            ...(until === undefined ? {} : { 'x-amz-object-lock-retain-until-date': until }),
          });
        }
        return found === undefined ? reply(404, '<Error><Code>NoSuchKey</Code></Error>') : reply(200, found.body);
      });
    }).listen(0, '127.0.0.1');
    await new Promise((ready) => server.once('listening', ready));
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((closed) => server.close(closed)));
  const place = (name: string) => ({
    bucket: 'evidence',
    prefix: `${name}/`,
    region: 'eu-central-1',
    endpoint,
    lock: { mode: 'compliance' as const, days: 30 },
    clock: () => new Date('2026-11-01T00:00:00Z'),
  });
  behavesAsSink((name) => s3Sink(name, place(name)));

  it('locks each object until its time, and asks the service to check what arrives', async () => {
    const receipt = await s3Sink('locked', place('locked')).publish({ sequence: 5, text: 'five\n' });
    expect(receipt.reference).toBe('s3://evidence/locked/0000000/0000000005.note');
    expect(receipt.detail).toMatchObject({ version: 'v1', lock: { mode: 'COMPLIANCE', until: '2026-12-01T00:00:00.000Z' } });
    expect(objects.get('/evidence/locked/0000000/0000000005.note')?.headers).toMatchObject({
      'if-none-match': '*',
      'x-amz-object-lock-mode': 'COMPLIANCE',
      'x-amz-object-lock-retain-until-date': '2026-12-01T00:00:00Z',
    });
    expect(Object.keys(objects.get('/evidence/locked/0000000/0000000005.note')?.headers ?? {}).join(' ')).toMatch(
      /x-amz-checksum-sha256|x-amz-trailer/,
    );
  });

  it('does not believe a lock because it was asked for', async () => {
    await expect(s3Sink('lax', place('lax')).publish({ sequence: 1, text: 'one\n' })).rejects.toThrow(
      's3://evidence/lax/0000000/0000000001.note is stored without the lock of mode compliance that was asked for',
    );
  });

  it('that does not answer is named, with what to look at', async () => {
    const gone = s3Sink('gone', { ...place('gone'), endpoint: 'http://127.0.0.1:9' });
    await expect(gone.latest()).rejects.toThrow(/^the bucket evidence does not answer as it should/);
  });
});

/** The SDK may send a body in signed chunks with a trailer. */
function unchunked(body: string, headers: NodeJS.Dict<string | string[]>): string {
  if (!String(headers['content-encoding'] ?? '').includes('aws-chunked')) return body;
  const [size = '0'] = body.split(/[;\r]/, 1);
  const start = body.indexOf('\r\n') + 2;
  return body.slice(start, start + Number.parseInt(size, 16));
}

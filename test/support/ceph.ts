import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentProgress } from '../../src/core/progress.ts';
import { freePort } from '../../src/ops/dev/port.ts';
import { runProgram } from '../../src/ops/process/program.ts';
import { parseOsRelease } from '../../src/ops/tools/advice.ts';
import { cacheFolder } from '../../src/ops/tools/cache-folder.ts';
import { bringPackages } from '../../src/ops/tools/debian.ts';

/** A service of object storage that people run in production. */
export interface ObjectService {
  readonly endpoint: string;
  readonly access: { readonly id: string; readonly key: string };
  stop(): Promise<void>;
}

/** Tentacle, 20.2: the first that Debian has with conditional puts and SHA-256 of objects. */
const SUITES = ['forky', 'sid'];

/**
 * Ceph's object gateway before a cluster of one monitor and one OSD that keeps everything in memory, on this machine's loopback, in a folder of
 * their own. Its Debian packages (156 MB, 200 of them) are brought into the cache once; it stands 15 seconds later.
 */
export async function startCeph(): Promise<ObjectService> {
  const root = await packages();
  const folder = mkdtempSync(join(tmpdir(), 'dbctl-ceph-'));
  const children: ChildProcess[] = [];
  const stop = async () => {
    for (const child of children.toReversed()) await ended(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [monitor, gateway] = [await freePort(), await freePort()];
    const run = programs(root, folder);
    await makeCluster(run, root, folder, monitor);
    children.push(run.start('ceph-mon', '-i', 'a'));
    await run('ceph-osd', '-i', '0', '--mkfs');
    children.push(run.start('ceph-osd', '-i', '0'));
    const access = { id: 'dbctl-test', key: 'dbctl-test-secret' };
    const keys = ['--access-key', access.id, '--secret-key', access.key];
    await run('radosgw-admin', 'user', 'create', '--uid', 'dbctl', '--display-name', 'dbctl', ...keys);
    children.push(run.start('radosgw', '--rgw-frontends', `beast endpoint=127.0.0.1:${gateway}`));
    const endpoint = `http://127.0.0.1:${gateway}`;
    await answering(endpoint);
    return { endpoint, access, stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

async function packages(): Promise<string> {
  const cache = cacheFolder({ variables: process.env, home: process.env['HOME'] ?? '/', uid: process.getuid?.() });
  const folder = join(cache, 'tests', 'ceph');
  if (!existsSync(folder))
    await bringPackages({
      packages: ['radosgw', 'ceph-mon', 'ceph-osd'],
      folder,
      bin: null,
      suites: SUITES,
      release: parseOsRelease(readFileSync('/etc/os-release', 'utf8')),
      progress: silentProgress,
      signal: AbortSignal.timeout(300_000),
    });
  return folder;
}

interface Programs {
  /** Fails with what it said where it does not end with 0. */
  (program: string, ...args: readonly string[]): Promise<void>;
  start(program: string, ...args: readonly string[]): ChildProcess;
}

const librariesOf = (root: string): string => {
  const found = readdirSync(join(root, 'usr', 'lib')).find((name) => name.includes('-linux-gnu'));
  return join(root, 'usr', 'lib', found ?? '');
};

/** Programs of a newer suite, by the loader and the libraries that came along. */
function programs(root: string, folder: string): Programs {
  const libraries = librariesOf(root);
  const loader = readdirSync(libraries).find((name) => /^ld-linux.*\.so\.\d$/.test(name)) ?? '';
  const args = (program: string, rest: readonly string[]) => [
    '--library-path',
    `${libraries}:${join(libraries, 'ceph')}`,
    '--argv0',
    program,
    join(root, 'usr', 'bin', program),
    ...(['monmaptool', 'osdmaptool', 'ceph-authtool'].includes(program) ? [] : ['-c', join(folder, 'ceph.conf')]),
    ...rest,
  ];
  const run = async (program: string, ...rest: readonly string[]): Promise<void> => {
    const how = { file: join(libraries, loader), args: args(program, rest), signal: AbortSignal.timeout(90_000) };
    const { status, stderr } = await runProgram(how);
    if (status !== 0) throw new Error(`${program} ${rest.join(' ')} ended with ${status}: ${stderr.slice(-2_000)}`);
  };
  const start = (program: string, ...rest: readonly string[]) => {
    const child = spawn(join(libraries, loader), args(program, [...rest, '-f']), { cwd: folder, stdio: 'ignore' });
    // It does not outlive the tests, however they end.
    process.once('exit', () => child.kill('SIGKILL'));
    return child;
  };
  return Object.assign(run, { start });
}

async function makeCluster(run: Programs, root: string, folder: string, port: number): Promise<void> {
  for (const name of ['mon', 'osd', 'rgw', 'run']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'ceph.conf'), configuration(librariesOf(root), folder, port));
  const [keys, monitors, storage] = ['keyring', 'monmap', 'osdmap'].map((name) => join(folder, name)) as [string, string, string];
  const all = ['--cap', 'mon', 'allow *', '--cap', 'osd', 'allow *'];
  await run('ceph-authtool', '--create-keyring', keys, '--gen-key', '-n', 'mon.', '--cap', 'mon', 'allow *');
  await run('ceph-authtool', keys, '--gen-key', '-n', 'client.admin', ...all);
  await run('ceph-authtool', keys, '--gen-key', '-n', 'osd.0', ...all);
  await run('monmaptool', '--create', '--addv', 'a', `[v2:127.0.0.1:${port}]`, '--fsid', FSID, monitors);
  // The monitor knows its OSD from the beginning: nobody has to tell it by Ceph's own client, which is written in Python.
  await run('osdmaptool', '--createsimple', '1', storage, '--pg-bits', '2');
  await run('ceph-mon', '--mkfs', '-i', 'a', '--monmap', monitors, '--osdmap', storage, '--keyring', keys);
}

const FSID = '11111111-2222-4333-8444-555555555555';

const configuration = (libraries: string, folder: string, port: number): string => `[global]
fsid = ${FSID}
mon_host = v2:127.0.0.1:${port}
name = client.admin
keyring = ${folder}/keyring
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
run_dir = ${folder}/run
admin_socket = ${folder}/run/$name.asok
log_file = ${folder}/$name.log
mon_cluster_log_file = ${folder}/cluster.log
pid_file =
plugin_dir = ${libraries}/ceph
erasure_code_dir = ${libraries}/ceph/erasure-code
osd_class_dir = ${libraries}/rados-classes
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
mon_data_avail_crit = 1
mon_data_avail_warn = 2
mon_data = ${folder}/mon
osd_data = ${folder}/osd
osd_objectstore = memstore
memstore_device_bytes = 2147483648
rgw_data = ${folder}/rgw
`;

async function answering(endpoint: string): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(200)) {
    const answer = await fetch(endpoint).catch(() => null);
    if (answer?.ok === true) return;
  }
  throw new Error(`nobody answers at ${endpoint}`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await gone;
}

import { isIP } from 'node:net';
import { platform } from 'node:os';
import { join } from 'node:path';
import { fail } from '../../core/errors.ts';
import { fileExists } from './file-exists.ts';
import type { Setting, Settings } from './parameters.ts';
import { SOCKET_FOLDERS } from './passfile.ts';
import type { HostAddress } from './target.ts';

const DEFAULT_PORT = 5432;

/**
 * The hosts to try, from the comma-separated lists `host`, `hostaddr` and `port`, matched as libpq does: as many host names as
 * addresses, one port for all or one for each, an empty entry is the default (port 5432, the local socket). With `hostaddr`
 * alone the address is the host, and verify-full checks it (libpq refuses to, for want of a name). Fails with config.invalid.
 */
export async function hostList(settings: Settings): Promise<HostAddress[]> {
  const names = listOf(settings.get('host'));
  const addresses = listOf(settings.get('hostaddr'));
  const count = addresses?.length ?? names?.length ?? 1;
  if (names !== undefined && names.length !== count) {
    mismatch(
      settings.get('hostaddr'),
      `${counted(names.length, 'host name')} for ${counted(count, 'hostaddr value')}`,
      'Give each host its hostaddr.',
    );
  }
  const ports = portList(settings.get('port'), count);
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const port = ports[index] ?? DEFAULT_PORT;
      const name = hostName(names?.[index], settings.get('host'));
      const address = hostAddress(addresses?.[index], settings.get('hostaddr'));
      if (address === undefined) return { host: name ?? (await defaultHost(port)), port };
      return name === undefined ? { host: address, port } : { host: name, address, port };
    }),
  );
}

function listOf(setting: Setting | undefined): string[] | undefined {
  return setting === undefined || setting.value === '' ? undefined : setting.value.split(',');
}

/** An `@` is what an unescaped password leaves behind; the name is then not repeated. */
function hostName(name: string | undefined, setting: Setting | undefined): string | undefined {
  if (name?.includes('@') === true) {
    fail('config.invalid', `${setting?.from}: the host contains "@"`, { hint: 'Write an @ inside a user or password as %40.' });
  }
  return name === '' ? undefined : name;
}

function hostAddress(address: string | undefined, setting: Setting | undefined): string | undefined {
  if (address === undefined || address === '' || isIP(address) !== 0) return address === '' ? undefined : address;
  return fail('config.invalid', `${setting?.from}: hostaddr takes IP addresses only`, { hint: 'Put host names into host.' });
}

function portList(setting: Setting | undefined, count: number): number[] {
  const list = listOf(setting);
  if (setting === undefined || list === undefined) return [];
  if (list.length !== 1 && list.length !== count) {
    mismatch(
      setting,
      `${counted(list.length, 'port')} for ${counted(count, 'host')}`,
      'Give one port for all hosts, or one for each.',
    );
  }
  const ports = list.map((text) => portNumber(text, setting));
  return list.length === 1 ? Array.from({ length: count }, () => ports[0] ?? DEFAULT_PORT) : ports;
}

function portNumber(text: string, { from }: Setting): number {
  if (text === '') return DEFAULT_PORT;
  const port = /^\s*\+?\d+\s*$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  return fail('config.invalid', `${from}: the port is not a number from 1 to 65535`, {
    hint: 'Inside a user or password write : as %3A, / as %2F, ? as %3F, # as %23 and @ as %40.',
  });
}

function mismatch(setting: Setting | undefined, what: string, hint: string): never {
  return fail('config.invalid', `${setting?.from}: ${what}`, { hint });
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** The first usual folder in which a server listens; without one, the first folder that exists; on Windows localhost. */
async function defaultHost(port: number): Promise<string> {
  if (platform() === 'win32') return 'localhost';
  const listening = await firstExisting((folder) => join(folder, `.s.PGSQL.${port}`));
  return listening ?? (await firstExisting((folder) => folder)) ?? '/tmp';
}

async function firstExisting(path: (folder: string) => string): Promise<string | undefined> {
  const existing = await Promise.all(SOCKET_FOLDERS.map((folder) => fileExists(path(folder))));
  return SOCKET_FOLDERS.find((_, index) => existing[index]);
}

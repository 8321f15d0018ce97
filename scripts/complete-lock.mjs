// Completes package-lock.json after `npm install` on a registry mirror that lacks the packages of other platforms.
//
// npm writes no entry for an optional package it could not fetch, and `npm ci` then refuses the whole lock file. The entries
// are known without fetching: the parent names the exact version, the package's name its platform. They carry no integrity
// hash, so that a machine of that platform takes the hash from its own registry.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
const packages = lock.packages;

/** The lowest version of a range such as ^1.2.3-beta.4; undefined for ranges npm must resolve itself. */
const exact = (range) => /^[\^~=]?(\d+\.\d+\.\d+(?:-[\w.]+)?)$/.exec(range)?.[1];
const line = (version) => version.split('.').slice(0, 2).join('.');

/** The places where node looks for `name` from inside `from`, nearest first. */
function candidates(from, name) {
  const places = [];
  for (let at = from; ; at = at.slice(0, Math.max(at.lastIndexOf('node_modules/'), 0)).replace(/\/$/, '')) {
    places.push(`${at === '' ? '' : `${at}/`}node_modules/${name}`);
    if (at === '') return places;
  }
}

let added = 0;
for (const [path, entry] of Object.entries(packages)) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    const version = exact(range);
    const places = candidates(path, name);
    const found = places.find((place) => packages[place] !== undefined);
    if (version === undefined || (found !== undefined && line(packages[found].version) === line(version))) continue;
    const place = found === undefined ? places.at(-1) : places[0];
    const os = /darwin|linux|win32|windows|freebsd|android|openharmony/.exec(name)?.[0];
    const cpu = /arm64|x64|ia32|riscv64|s390x|ppc64|arm/.exec(name)?.[0];
    packages[place] = {
      version,
      optional: true,
      ...(os === undefined ? {} : { os: [os === 'windows' ? 'win32' : os] }),
      ...(cpu === undefined ? {} : { cpu: [cpu] }),
      ...(/musl/.test(name) ? { libc: ['musl'] } : {}),
    };
    added += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
process.stdout.write(`${added} entries added\n`);

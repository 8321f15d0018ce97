// `npm run bench -- <area>`: side-by-side measurements. Ratios within one run count; absolute times on a busy machine do not.
const AREAS: Readonly<Record<string, () => Promise<{ run(args: readonly string[]): Promise<void> }>>> = {
  start: () => import('./start.ts'),
  migrate: () => import('./migrate.ts'),
  immutability: () => import('./immutability.ts'),
  selftest: () => import('./selftest.ts'),
  ledger: () => import('./ledger.ts'),
  backup: () => import('./backup.ts'),
  codec: () => import('./codec.ts'),
  wal: () => import('./wal.ts'),
  roles: () => import('./roles.ts'),
  verify: () => import('./verify.ts'),
  retention: () => import('./retention.ts'),
};

const [area, ...args] = process.argv.slice(2);
const load = AREAS[area ?? ''];
if (load === undefined) {
  console.error(`usage: npm run bench -- <area>; areas are ${Object.keys(AREAS).join(', ')}`);
  process.exitCode = 2;
} else {
  const module = await load();
  await module.run(args);
}

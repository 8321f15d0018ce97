// `npm run soak -- <area>`: the whole of a capability on a database of some size, compared to the last byte. Minutes, gigabytes, not in CI.
const AREAS: Readonly<Record<string, () => Promise<{ run(args: readonly string[]): Promise<void> }>>> = {
  archiving: () => import('./soak/archiving.ts'),
  backup: () => import('./soak/backup.ts'),
  fleet: () => import('./soak/fleet.ts'),
  retention: () => import('./soak/retention.ts'),
};

const [area, ...args] = process.argv.slice(2);
const load = AREAS[area ?? ''];
if (load === undefined) {
  console.error(`usage: npm run soak -- <area>; areas are ${Object.keys(AREAS).join(', ')}`);
  process.exitCode = 2;
} else {
  const module = await load();
  await module.run(args);
}

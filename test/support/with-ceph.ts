// `npm run test:s3`: the tests that take any S3-compatible service, with Ceph's, which is started for them and ends with them.
import { spawn } from 'node:child_process';
import { startCeph } from './ceph.ts';

const FILES = ['test/unit/storage/second-judge.test.ts', 'test/postgres/archive/second-judge.test.ts'];

const began = Date.now();
const ceph = await startCeph();
const { endpoint, access } = ceph;
console.log(`Ceph answers at ${endpoint}, ${((Date.now() - began) / 1000).toFixed(1)} s after the start`);
const env = {
  ...process.env,
  DBCTL_TEST_S3_SERVICE: 'ceph',
  DBCTL_TEST_S3_ENDPOINT: endpoint,
  DBCTL_TEST_S3_ID: access.id,
  DBCTL_TEST_S3_KEY: access.key,
};
const args = process.argv.slice(2);
const vitest = spawn('npx', ['vitest', 'run', ...(args.length > 0 ? args : FILES)], { env, stdio: 'inherit' });
process.exitCode = await new Promise<number>((resolve) => vitest.on('close', (status) => resolve(status ?? 1)));
await ceph.stop();

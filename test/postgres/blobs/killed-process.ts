// Run by killed.test.ts: one run of a rule in a process of its own, which kills itself at one place.
import { silentProgress } from '../../../src/core/progress.ts';
import type { Session } from '../../../src/db/session.ts';
import { withSession } from '../../../src/db/session.ts';
import { folderRepository } from '../../../src/ops/backup/repository.ts';
import { runBlobRule } from '../../../src/ops/blobs/run.ts';
import type { Storage } from '../../../src/ops/storage/storage.ts';
import { targetOf } from '../../support/connection.ts';
import { folderPlace, RULE, SESSION } from './rule.ts';

interface Request {
  readonly url: string;
  readonly hot: string;
  readonly cold: string;
  readonly killAt: string;
}

const { url, hot, cold, killAt } = JSON.parse(process.env['TEST_BLOBS'] ?? '{}') as Request;

function reach(place: string): void {
  if (place === killAt) process.kill(process.pid, 'SIGKILL');
}

/** The same, that may die before and behind each act. */
const deadly = (storage: Storage, name: string): Storage => ({
  ...storage,
  read: async (key) => {
    reach(`before ${name} read`);
    const found = await storage.read(key);
    reach(`behind ${name} read`);
    return found;
  },
  write: async (key, content, transfer) => {
    reach(`before ${name} write`);
    await storage.write(key, content, transfer);
    reach(`behind ${name} write`);
  },
  remove: async (keys) => {
    reach(`before ${name} remove`);
    await storage.remove(keys);
    reach(`behind ${name} remove`);
  },
});

const STEPS: readonly (readonly [RegExp, string])[] = [
  [/record_blob_copy/, 'copied'],
  [/verify_blob/, 'verified'],
  [/record_blob_removal/, 'removal'],
  [/^commit/, 'commit'],
];

const mortal = (session: Session): Session => {
  const around = async <T>(sql: string, act: () => Promise<T>): Promise<T> => {
    const step = STEPS.find(([pattern]) => pattern.test(sql))?.[1];
    reach(`before ${step}`);
    const answer = await act();
    reach(`behind ${step}`);
    return answer;
  };
  return {
    ...session,
    rows: (sql, values) => around(sql, () => session.rows(sql, values)),
    script: (sql) => around(sql, () => session.script(sql)),
  };
};

await withSession(targetOf(url, decodeURIComponent(new URL(url).pathname.slice(1))), SESSION, async (session) => {
  const place = folderPlace('artifacts', hot);
  const destination = folderRepository('cold', cold);
  await runBlobRule(
    mortal(session),
    RULE,
    {
      hot: [{ ...place, storage: deadly(place.storage, 'hot') }],
      destination: { ...destination, storage: deadly(destination.storage, 'cold') },
      destinationAddress: { kind: 'folder', root: cold },
    },
    { progress: silentProgress, signal: new AbortController().signal, deadline: null },
  );
});

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { encryptStream } from '../../../src/ops/codec/encrypt.ts';
import { FRAME } from '../../../src/ops/codec/frames.ts';
import { through } from './support.ts';

const script = fileURLToPath(new URL('../../../bin/decrypt-backup.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'dbctl-decrypt-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const key = randomBytes(32);
const NAME = 'dump/3412.dat.zst.enc';
/** The script alone, in a folder that knows nothing of dbctl. */
function decrypt(sealed: Buffer, name = NAME, given = key): { status: number | null; plain: Buffer; said: string } {
  const file = join(folder, 'file');
  writeFileSync(file, sealed);
  const input = `DBCTL-DATA-KEY-1 ${given.toString('hex')}\n`;
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, file, name], {
    cwd: folder,
    input,
    maxBuffer: 1 << 28,
  });
  return { status, plain: stdout, said: stderr.toString() };
}
const encrypt = (plain: Buffer) => through([plain], encryptStream(key, NAME));

describe('bin/decrypt-backup.mjs', () => {
  it.each([0, 1, FRAME - 1, FRAME, FRAME + 1, 5 * FRAME + 17])('decrypts %i bytes that dbctl encrypted', async (bytes) => {
    const plain = randomBytes(bytes);
    const { status, plain: opened, said } = decrypt(await encrypt(plain));
    expect({ status, said }).toEqual({ status: 0, said: '' });
    expect(opened.equals(plain)).toBe(true);
  });

  it('takes no file that was changed, cut, prolonged or renamed', async () => {
    const sealed = await encrypt(randomBytes(2 * FRAME));
    const flipped = Buffer.from(sealed);
    flipped[FRAME + 500] = (flipped[FRAME + 500] ?? 0) ^ 1;
    const cases = [
      [decrypt(flipped), 'frame 1 was changed, or is not in its place'],
      [decrypt(sealed.subarray(0, -1)), 'it is cut short in frame 1'],
      [decrypt(sealed.subarray(0, 80 + FRAME + 20)), 'it is cut short in frame 1'],
      [decrypt(Buffer.concat([sealed, sealed])), 'it goes on behind its last frame'],
      [decrypt(sealed, 'dump/3413.dat.zst.enc'), 'the file had another name when it was encrypted'],
      [decrypt(sealed, NAME, randomBytes(32)), 'the key is of another backup'],
      [decrypt(Buffer.from('PGDMP')), 'it is not of version 1 of the format'],
    ] as const;
    for (const [{ status, said }, sentence] of cases) {
      expect({ status, said }).toEqual({ status: 1, said: `NOT DECRYPTED: ${sentence}\n` });
    }
  });
});

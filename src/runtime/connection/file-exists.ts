import { stat } from 'node:fs/promises';

/** Whether something is there that this user may see. */
export async function fileExists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

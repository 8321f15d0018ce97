/** `['verify', 'skip', 2]` → `verify.skip[2]`; a key that is no plain word is quoted, so that it cannot pass for two. */
export function dotted(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      const key = String(part);
      return (index === 0 ? '' : '.') + (/^[\w-]+$/.test(key) ? key : JSON.stringify(key.slice(0, 60)));
    })
    .join('');
}

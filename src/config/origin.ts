/** Where a value of the configuration comes from. `file` and `overlay` name the key's place: lines and columns count from 1. */
export type Origin =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly file: string; readonly line: number; readonly column: number }
  | { readonly kind: 'overlay'; readonly file: string; readonly line: number; readonly column: number }
  | { readonly kind: 'variable'; readonly name: string }
  /** `name` is the dotted key the flag stands for. */
  | { readonly kind: 'flag'; readonly name: string };

/** `dbctl.yaml:12:3`, `DBCTL_VERIFY_FAIL_ON`, … as people read it. */
export function originText(origin: Origin): string {
  switch (origin.kind) {
    case 'default':
      return 'default';
    case 'file':
      return `${origin.file}:${origin.line}:${origin.column}`;
    case 'overlay':
      return `${origin.file}:${origin.line}:${origin.column} (overlay)`;
    case 'variable':
      return origin.name;
    case 'flag':
      return 'command line';
  }
}

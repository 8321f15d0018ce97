/** One broken dbctl.yaml and everything dbctl says about it. */
export interface BadFile {
  readonly name: string;
  readonly yaml: string;
  /** Every problem, in order. */
  readonly problems: readonly string[];
  /** One of them is a secret in the open. */
  readonly secret?: true;
  /** The JSON Schema lets it pass: the rule is about YAML, about several keys at once, or about secrets. */
  readonly beyondSchema?: true;
}

/** The two required keys: what follows begins on line 3. */
export const HEAD = 'version: 1\nproject: lab\n';

/** Environments of the project, from line 5 on. */
export const env = (body: string) => `${HEAD}environments:\n  dev:\n${body}`;

import { visibleBlock } from '../../core/visible.ts';

/**
 * A plain text message (SARIF 3.11): `{0}` would be a placeholder, so its braces are doubled, and `](` would make a link.
 * Other braces stay single, as every viewer shows them, though the standard would have them doubled too.
 */
export function message(text: string): { readonly text: string } {
  return {
    text: visibleBlock(text)
      .replaceAll(/\{(\d+)\}/g, '{{$1}}')
      .replaceAll('](', '] ('),
  };
}

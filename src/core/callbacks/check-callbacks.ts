import type { Callbacks } from '#core/callbacks/callbacks';
import { textField } from '#core/fields';
import type { OutboundHttp } from '#core/ports';

const LONGEST = 2_048;

/**
 * The addresses, once each is a public HTTPS URL or an exempt one. Throws `invalid` with the field (`callbacks.startUrl`
 * and so on). Names are resolved when they are asked, not here.
 */
export function checkCallbacks(urls: Pick<OutboundHttp, 'checkUrl'>, callbacks: Callbacks): Callbacks {
  const checked = (url: string | null, name: keyof Callbacks): string | null => {
    if (url === null) return null;
    const field = `callbacks.${name}`;
    const text = textField(url, field, { max: LONGEST });
    urls.checkUrl(text, field);
    return text;
  };
  return {
    startUrl: checked(callbacks.startUrl, 'startUrl'),
    endUrl: checked(callbacks.endUrl, 'endUrl'),
    errorUrl: checked(callbacks.errorUrl, 'errorUrl'),
  };
}

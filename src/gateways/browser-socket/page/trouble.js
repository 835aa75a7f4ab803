/**
 * Everything that can go wrong, in the visitor's words. `retry` is the label of the button that tries again, where
 * trying again can help; `typing` tells whether the call can still be had by text.
 */
const TROUBLES = {
  no_microphone: {
    title: 'No microphone found',
    text: 'Plug one in or switch it on, then try again. You can also talk to the assistant by typing.',
    retry: 'Try again',
    typing: true,
  },
  permission_refused: {
    title: 'The microphone is blocked',
    text: 'Allow the microphone for this page in your browser’s address bar, then try again. You can also type.',
    retry: 'Try again',
    typing: true,
  },
  microphone_busy: {
    title: 'The microphone is in use',
    text: 'Another program seems to be holding it. Close that program and try again, or type instead.',
    retry: 'Try again',
    typing: true,
  },
  insecure_context: {
    title: 'No microphone on this address',
    text: 'Browsers only open the microphone on secure (https) pages. You can still talk to the assistant by typing.',
    retry: null,
    typing: true,
  },
  server_busy: {
    title: 'All lines are busy',
    text: 'The assistant is talking to as many people as it can right now. Please try again in a minute.',
    retry: 'Try again',
    typing: false,
  },
  too_many_tries: {
    title: 'That was a lot of calls',
    text: 'Please wait a minute before you start another one.',
    retry: 'Try again',
    typing: false,
  },
  token_expired: {
    title: 'That invitation has run out',
    text: 'The permission to call is only good for a minute. Start again for a new one.',
    retry: 'Start again',
    typing: false,
  },
  unreachable: {
    title: 'The server can’t be reached',
    text: 'Check your internet connection and try again.',
    retry: 'Try again',
    typing: false,
  },
  refused: {
    title: 'The call was not accepted',
    text: 'The server turned this call down.',
    retry: 'Try again',
    typing: false,
  },
};

/** A failure to start or to keep a call. `code` is a key of the table above; `detail` is the server's own words. */
export class Trouble extends Error {
  /**
   * @param {string} code
   * @param {string} [detail]
   */
  constructor(code, detail) {
    super(detail ?? code);
    this.code = code in TROUBLES ? code : 'refused';
    this.detail = detail ?? null;
  }

  /** Title, text and the ways out, ready to be shown. */
  get shown() {
    const trouble = TROUBLES[this.code];
    return { ...trouble, text: this.detail ?? trouble.text };
  }
}

/** Why a call ended, in the visitor's words. */
const ENDINGS = {
  caller_hung_up: 'You hung up.',
  agent_ended: 'The assistant ended the call.',
  transferred: 'The call was transferred.',
  idle: 'The call ended because nobody spoke for a while.',
  max_duration: 'The call reached its time limit.',
  ended_by_operator: 'The call was ended by the operator.',
  drained: 'The server is restarting. Please call again in a moment.',
  failed: 'The call ended because something went wrong on our side.',
  connection_lost: 'The connection was lost for too long, so the call ended.',
};

/** @param {string} reason a HangupReason, or `connection_lost` */
export function endingInWords(reason) {
  return ENDINGS[reason] ?? 'The call has ended.';
}

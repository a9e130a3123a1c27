// The coordinator's HTTP API as the dashboard uses it: four things to read, nothing to change.

const KEY = 'anabranch-token';
const SILENCE = 45000; // an open log says something every 15 s
const WAITS = [1, 2, 4, 8, 15];

/** What went wrong with a request, for the page that asked. */
export class Trouble extends Error {
  constructor(kind, title, detail) {
    super(title);
    this.kind = kind; // unauthorised, forbidden, missing, refused, unreachable
    this.title = title;
    this.detail = detail;
  }
}

export const token = {
  get: () => sessionStorage.getItem(KEY),
  set: value => sessionStorage.setItem(KEY, value),
  drop: () => sessionStorage.removeItem(KEY),
};

/** Thrown by a listener of lines whose log is no longer the one that it knew: ask for it again. */
export class Rewound extends Error {}

const listeners = new Set();

/** Tells whether the coordinator answers: 'reached' or 'unreachable'. */
export function onReach(listener) {
  listeners.add(listener);
}

function reach(state) {
  listeners.forEach(listener => listener(state));
}

const part = encodeURIComponent;
export const runs = signal => json('runs?limit=500', signal).then(answer => answer.runs);
export const run = (id, signal) => json('runs/' + part(id), signal);
export const devices = signal => json('devices', signal).then(answer => answer.devices);
export const file = (id, name, signal) => ask('runs/' + part(id) + '/files/' + part(name), signal).then(answer => answer.blob());

async function json(path, signal) {
  const answer = await ask(path, signal);
  try {
    return await answer.json();
  } catch (e) {
    if (signal && signal.aborted) throw e;
    throw new Trouble('refused', 'The coordinator’s answer cannot be read.', path + ': ' + e.message);
  }
}

async function ask(path, signal, wanted = token.get()) {
  let answer;
  try {
    answer = await fetch('api/v1/' + path, {headers: {Authorization: 'Bearer ' + wanted}, signal, cache: 'no-store', credentials: 'omit'});
  } catch (e) {
    if (signal && signal.aborted) throw e;
    reach('unreachable');
    throw new Trouble('unreachable', 'The coordinator does not answer.', 'It may be restarting, or this computer has no connection to it. Runs go on without the dashboard.');
  }
  reach('reached');
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  const detail = problem.detail || 'HTTP status ' + answer.status;
  if (answer.status === 401) throw new Trouble('unauthorised', 'This token is not accepted.', detail);
  if (answer.status === 403) throw new Trouble('forbidden', 'This token does not suffice.', detail);
  if (answer.status === 404) throw new Trouble('missing', 'There is no such thing here.', detail);
  throw new Trouble('refused', 'The coordinator refused.', detail);
}

/** Checks a token by the smallest question; fails as {@link runs} would. */
export function probe(value) {
  return ask('runs?limit=1', undefined, value);
}

/** A run's whole log so far, as texts. */
export async function lines(id, signal) {
  const answer = await ask('runs/' + part(id) + '/log?from=0&follow=false', signal);
  const all = (await answer.text()).split('\n');
  all.pop(); // what follows the last line's end is nothing, or a line that is still being written
  return all.filter(line => line !== '');
}

/**
 * Follows a run's log until the run has ended. Whenever the line breaks it is taken up again at the
 * line where it broke.
 *
 * @param from  () => the number of the next line that is wanted
 * @param watch {line(text), state('connecting' | 'live' | 'broken' | 'ended', seconds until the next try)}
 * @param over  async () => whether the run has ended, asked when the coordinator closes the answer
 */
export async function follow(id, from, watch, over, signal) {
  let failures = 0;
  while (!signal.aborted) {
    let got = 0;
    const stall = new AbortController();
    try {
      watch.state('connecting');
      const both = AbortSignal.any([signal, stall.signal]);
      const answer = await ask('runs/' + part(id) + '/log?from=' + from() + '&follow=true', both);
      watch.state('live');
      await read(answer.body, stall, text => {
        got++;
        failures = 0;
        watch.line(text);
      });
      if (await over()) {
        watch.state('ended');
        return;
      }
      if (got === 0) failures++; // a closed answer without a line must not become a tight loop
    } catch (e) {
      if (signal.aborted) return;
      if (e instanceof Trouble && (e.kind === 'unauthorised' || e.kind === 'forbidden')) throw e;
      if (!(e instanceof Rewound)) reach('unreachable');
      failures++;
    } finally {
      stall.abort();
    }
    const seconds = WAITS[Math.min(Math.max(failures, 1), WAITS.length) - 1];
    watch.state('broken', seconds);
    await pause(seconds * 1000, signal);
  }
}

/** Gives whole lines to the listener; a line without its end is still being written. */
async function read(body, stall, listener) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const timer = setTimeout(() => stall.abort(), SILENCE);
    let piece;
    try {
      piece = await reader.read();
    } finally {
      clearTimeout(timer);
    }
    if (piece.done) return;
    const parts = (rest + decoder.decode(piece.value, {stream: true})).split('\n');
    rest = parts.pop();
    parts.filter(text => text.trim() !== '').forEach(listener);
  }
}

/** Waits; a browser that comes back online, or a reader who asks for it, ends the wait. */
function pause(milliseconds, signal) {
  return new Promise(resolve => {
    const done = () => {
      clearTimeout(timer);
      for (const [target, name] of ends) target.removeEventListener(name, done);
      resolve();
    };
    const ends = [[signal, 'abort'], [window, 'online'], [window, 'anabranch-retry']];
    const timer = setTimeout(done, milliseconds);
    for (const [target, name] of ends) target.addEventListener(name, done);
  });
}

/** Ends the wait of everything that waits for the next try. */
export function retryNow() {
  window.dispatchEvent(new Event('anabranch-retry'));
}

// What several pages show of a run, and how they keep up with it.

import {h, fill, table, empty, chip, named, clean} from '../dom.js';
import {Trouble, follow, lines, run as askRun} from '../api.js';
import {RunLog, Reader} from '../runlog.js';
import {Chart, legend, palette, curves, byRound, topicBars, macParts, peakParts, wayParts, PARTIES, WAYS} from '../charts.js';
import {accuracy, three, mb, mib, gmacs, duration, count, megabytes, mebibytes, gigamacs, known, cohort} from '../figures.js';

const FINAL = new Set(['completed', 'failed', 'stopped']);
const ROWS = 20;

export function over(run) {
  return FINAL.has(run.state);
}

/** Asks again and again until the page is left; a coordinator that is away for a while is no error. */
export function every(page, milliseconds, work) {
  const timer = setInterval(async () => {
    if (document.hidden) return;
    try {
      await work();
    } catch (problem) {
      if (page.signal.aborted) clearInterval(timer);
      else if (!(problem instanceof Trouble) || !['unreachable', 'refused'].includes(problem.kind)) page.fail(problem);
    }
  }, milliseconds);
  page.signal.addEventListener('abort', () => clearInterval(timer));
}

/** Calls once after a burst of changes, so that a long log is drawn a few times, not at each line. */
export function soon(page, work) {
  let timer = 0;
  page.signal.addEventListener('abort', () => clearTimeout(timer));
  return () => {
    if (timer !== 0 || page.signal.aborted) return;
    timer = setTimeout(() => {
      timer = 0;
      try {
        work();
      } catch (problem) {
        page.fail(problem);
      }
    }, 250);
  };
}

/** The log of a run, read once. */
export async function whole(id, signal) {
  const log = new RunLog();
  (await lines(id, signal)).forEach(line => log.add(line));
  return log;
}

/** The log of a run, followed until the run has ended: {log, state, wait}. */
export function followed(page, id, changed) {
  const live = {log: new RunLog(), state: 'connecting', wait: 0};
  const reader = new Reader(live.log);
  follow(id, () => reader.from(), {
    line: text => {
      reader.line(text);
      changed();
    },
    state: (state, wait) => {
      live.state = state;
      live.wait = wait || 0;
      changed();
    },
  }, async () => over(await askRun(id, page.signal)), page.signal).catch(problem => page.fail(problem));
  return live;
}

/** A figure that is read at a glance. */
function tile(name, value, note) {
  return h('div', {class: 'tile'}, h('dt', null, name), h('dd', null, value, note ? h('small', null, note) : null));
}

export function tiles(log) {
  const error = log.last('standardError');
  const scored = log.list().findLast(round => 'accuracy' in round.metrics);
  const invited = log.list().reduce((sum, round) => sum + round.cohort.length, 0);
  return h('dl', {class: 'tiles'},
    tile('accuracy', accuracy(log.last('accuracy')), scored ? (known(error) ? '± ' + accuracy(error) + ', ' : '') + 'after round ' + (scored.index + 1) : 'not measured yet'),
    tile('loss', three(log.last('loss')), known(log.last('loss')) ? 'nats, on the hold-out' : 'not measured yet'),
    tile('traffic', mb(log.total), three(megabytes(log.down)) + ' MB down, ' + three(megabytes(log.up)) + ' MB up' + (log.backbone > 0 ? '; backbone ' + mb(log.backbone) : '')),
    tile('busiest device', gmacs(log.busiest), gmacs(log.macs.device) + ' of all devices'),
    tile('peak of a device', known(log.peaks.device) ? mib(log.peaks.device) : '–', 'native memory of a visit'),
    tile(log.clock === 'virtual' ? 'virtual time' : 'wall time', duration(log.seconds), log.clock === 'virtual' ? 'from device profiles' : 'measured'),
    tile('visits lost', String(log.lost.length), 'of ' + count(invited, 'visit')));
}

/** The six charts of one run, drawn again by show(). */
export class RunCharts {
  constructor(page) {
    const make = (name, title, note, keys) => {
      const chart = new Chart(title, 240, page.signal);
      const bar = h('div', {class: 'keys'});
      const none = h('p', {class: 'note none'}, '');
      this[name] = {chart, bar, none, keys};
      return h('section', {class: 'card'}, h('h3', null, title), h('p', {class: 'note'}, note), bar, chart.element, none);
    };
    this.element = h('div', {class: 'pair'},
      make('accuracy', 'Accuracy by round', 'Share of held-out examples classified right; the band is ± one standard error.'),
      make('loss', 'Loss by round', 'Mean cross-entropy on the hold-out, in nats; lower is better.'),
      make('traffic', 'Traffic by round', 'Payload over the devices’ links; setup and framing apart.', ['ways', WAYS]),
      make('topics', 'Traffic by topic', 'Payload of the whole run by kind of message.', ['ways', WAYS]),
      make('macs', 'Computation by round', 'Multiply-accumulates: a forward is one F, full backward two, activation-only backward one.', ['parties', PARTIES]),
      make('peaks', 'Peak memory by round', 'The most native memory that one visit needed; not every round measures it.', ['parties', PARTIES]));
  }

  show(log) {
    const list = log.list();
    const rounds = log.start ? Number(log.start.rounds) || 0 : 0;
    this.curve('accuracy', log, rounds, accuracy, true);
    this.curve('loss', log, rounds, three, false);
    const any = list.some(round => round.down + round.up > 0);
    this.put('traffic', any, 'Nothing has crossed a link yet.', byRound(list, wayParts, 'ways', 'MB', true, rounds),
      'Traffic by round: ' + mb(log.down) + ' down and ' + mb(log.up) + ' up so far');
    const topics = log.byTopic();
    this.put('topics', topics.length > 0, 'Nothing has crossed a link yet.', topicBars(topics, window.innerWidth < 700),
      'Traffic by topic: ' + topics.map(topic => topic.name + ' ' + mb(topic.down + topic.up)).join(', '), Math.max(140, topics.length * 36 + 56));
    this.put('macs', list.some(round => round.macs.device + round.macs.body + round.macs.coordinator > 0), 'No computation is in the log yet.',
      byRound(list, macParts, 'parties', 'GMACs', true, rounds), 'Computation by round: devices ' + gmacs(log.macs.device) + ', body ' + gmacs(log.macs.body) + ' so far');
    this.put('peaks', known(log.peaks.device) || known(log.peaks.body), 'No peak is in the log yet.',
      byRound(list, peakParts, 'parties', 'MiB', false, rounds), 'Peak memory by round: a device at most ' + (known(log.peaks.device) ? mib(log.peaks.device) : 'unknown'));
  }

  curve(name, log, rounds, format, share) {
    const points = log.curve(name);
    this.put(name, points.length > 0, 'No ' + name + ' is in the log yet.',
      curves([{name, points}], {below: 'rounds done', beside: name, format, share, rounds}),
      points.length > 0 ? name + ' ' + format(points.at(-1).y) + ' after round ' + points.at(-1).x : name);
  }

  put(name, there, otherwise, option, label, height) {
    const {chart, bar, none, keys} = this[name];
    chart.element.hidden = !there;
    none.textContent = there ? '' : otherwise;
    fill(bar, there && keys ? legend(keys[1], palette(keys[0])) : null);
    if (there) chart.show(option, label, height);
  }
}

/** One row a round: the numbers of the charts, to read. */
export function roundTable(log, more = {}) {
  const lengths = log.lengths();
  const list = log.list();
  if (list.length === 0) return empty('No round has begun yet.');
  const rows = list.map((round, i) => ({round, seconds: lengths[i]})).reverse();
  const shown = more.all ? rows : rows.slice(0, ROWS);
  const all = log.start ? Number(log.start.devices) || 0 : 0;
  return [table('Round by round, the last first', [
    {name: 'round', led: true, cell: ({round}) => String(round.index + 1)},
    {name: 'cohort', cell: ({round}) => cohort(round.cohort.length, all)},
    {name: 'visits', unit: 'whole', number: true, cell: ({round}) => String(round.whole)},
    {name: 'visits', unit: 'lost', number: true, cell: ({round}) => String(round.lost.size)},
    {name: 'accuracy', number: true, cell: ({round}) => accuracy(round.metric('accuracy'))},
    {name: 'loss', number: true, cell: ({round}) => three(round.metric('loss'))},
    {name: 'down', unit: 'MB', number: true, cell: ({round}) => three(megabytes(round.down))},
    {name: 'up', unit: 'MB', number: true, cell: ({round}) => three(megabytes(round.up))},
    {name: 'devices', unit: 'GMACs', number: true, cell: ({round}) => three(gigamacs(round.macs.device))},
    {name: 'body', unit: 'GMACs', number: true, cell: ({round}) => three(gigamacs(round.macs.body))},
    {name: 'device’s peak', unit: 'MiB', number: true, cell: ({round}) => three(mebibytes(round.peaks.device))},
    {name: log.clock + ' time', number: true, cell: ({seconds}) => duration(seconds)},
  ], shown, {class: 'cards'}),
  shown.length < rows.length ? h('p', {class: 'note'}, 'Shown are the last ' + ROWS + ' of ' + count(rows.length, 'round') + '; the report has all.') : null];
}

/** Who was lost and why, and what broke and was tried again. */
export function lostTable(log, assigned, most = 20) {
  const rows = grouped(log.incidents().reverse());
  if (rows.length === 0) return h('p', {class: 'note'}, 'No visit has been lost, and none had to be tried again.');
  return [log.lost.length === 0 ? h('p', {class: 'note'}, 'No visit has been lost; what broke was tried again.') : null, table('Lost visits and broken attempts, the last first', [
    {name: 'round', led: true, cell: each => String(each.round + 1)},
    {name: 'device', cell: each => each.what === 'resumed' ? '–' : each.devices.length === 1 ? deviceName(each.devices[0], log, assigned) : devicesOf(each.devices)},
    {name: 'what', cell: each => [each.what === 'lost' ? chip('lost') : each.what === 'broken' ? h('span', {class: 'once'}, 'attempt ' + clean(each.attempt, 9) + ' broke, tried again') : 'the coordinator went on from its last checkpoint']},
    {name: 'why', cell: each => h('span', {class: 'reason'}, clean(each.reason ?? '–', 600))},
  ], rows.slice(0, most), {class: 'cards'}),
  rows.length > most ? h('p', {class: 'note'}, 'Shown are the last ' + most + ' of ' + rows.length.toLocaleString('en-US') + ' rows.') : null];
}

/** What befell several devices of a round for the same reason is said once. */
function grouped(incidents) {
  const rows = [];
  const at = new Map();
  for (const each of incidents) {
    const key = JSON.stringify([each.round, each.what, each.what === 'broken' ? each.attempt : 0, each.reason]);
    if (at.has(key)) at.get(key).devices.push(each.device);
    else {
      const row = {...each, devices: [each.device]};
      at.set(key, row);
      rows.push(row);
    }
  }
  return rows;
}

/** 11 devices: 2, 7, 9 and 8 more. */
export function devicesOf(indices, most = 30) {
  const sorted = indices.slice().sort((a, b) => a - b);
  return count(sorted.length, 'device') + ': ' + clean(sorted.slice(0, most).join(', '), 1200) + (sorted.length > most ? ' and ' + (sorted.length - most) + ' more' : '');
}

/** device 3, and who attends for it: as the log says, else as the coordinator does. */
export function deviceName(index, log, assigned) {
  const agent = log.agent(index) ?? (assigned ? assigned['device ' + index] : undefined);
  return ['device ' + clean(index, 12), agent ? [' · ', h('a', {href: '#/devices/' + encodeURIComponent(agent)}, named(agent, 60))] : null];
}

/** Above that table. */
export function lostTitle(log) {
  return log.lost.length === 0 ? 'Lost visits' : 'Lost visits: ' + log.lost.length;
}

/** What a run is made of, in a line: sfprompt · seed 42 · 6 of 50 devices in each round. */
export function makeUp(run, log) {
  const start = log.start || {};
  return [
    named(start.method || run.method || ''), start.label && start.label !== start.method ? [', ', named(start.label, 60)] : null,
    start.seed !== undefined ? ' · seed ' + clean(start.seed, 30) : null,
    start.cohort > 0 ? ' · ' + cohort(start.cohort, start.devices) + ' in each round' : run.devices ? ' · ' + count(run.devices, 'device') : null,
  ];
}

/** Why a run ended as it did, where that needs a word. */
export function ending(run) {
  if (run.state === 'failed') {
    const failure = run.failure || {};
    return h('div', {class: 'trouble'}, h('p', {class: 'lead'}, 'The run failed' + (failure.name ? ': ' + clean(failure.name, 40) : '') + '.'),
      h('p', {class: 'reason'}, clean(failure.text || 'The coordinator has not said why.', 2000)),
      failure.code ? h('p', {class: 'note'}, 'Exit code ' + clean(failure.code, 6) + '; docs/errors.md says more.') : null);
  }
  if (run.state === 'stopped') return h('p', {class: 'note'}, (run.stoppedBy ? clean(run.stoppedBy, 64) : 'An operator') + ' stopped this run' + (run.stoppedAt ? ' at ' + clean(run.stoppedAt, 40) : '') + '. What it had reached is below.');
  return null;
}

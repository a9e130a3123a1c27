// One run, live: what it has reached, what it costs, who is in which visit, who was lost and why.

import {h, fill, say, table, chip, named, clean, announce} from '../dom.js';
import * as api from '../api.js';
import {moment, ago, roundMark, cohort, count, duration} from '../figures.js';
import {every, soon, followed, over, tiles, RunCharts, roundTable, lostTable, lostTitle, deviceName, devicesOf, makeUp, ending} from './parts.js';

const CARDS = 24; // more devices than this are told by number, those with a reason apart
const SAVED = 64e6;
const SHOWN = {invited: 'working', working: 'working', waiting: 'working', broken: 'broken', whole: 'done', lost: 'lost'}; // of attempts, as log and coordinator name them
const ORDER = ['working', 'broken', 'invited', 'unfinished', 'lost', 'done'];

export default async function run(page) {
  const [id] = page.params;
  let about = await api.run(id, page.signal);
  const part = () => h('div');
  const line = h('p', {class: 'line', role: 'status'});
  const state = h('span');
  const what = h('p', {class: 'what'});
  const course = part();
  const end = part();
  const figures = part();
  const visitsTitle = h('h2', {id: 'visits-title'});
  const visits = h('div', {id: 'visits'});
  const lostHead = h('h2', null);
  const lost = h('div', {id: 'lost'});
  const byRound = h('div', {id: 'rounds'});
  const card = part();
  const plan = h('pre', {tabindex: 0});
  const files = part();
  const charts = new RunCharts(page);
  const rest = h('div', null, charts.element, h('section', null, lostHead, lost),
    h('section', null, h('h2', null, 'Round by round'), byRound));
  let told = 0;

  page.main.replaceChildren(
    h('p', {class: 'back'}, h('a', {href: '#/runs'}, 'All runs')),
    h('div', {class: 'heading'}, h('div', null, h('h1', null, named(about.name), ' ', state), what),
      h('div', {class: 'tools'}, h('a', {class: 'button', href: '#/runs/' + encodeURIComponent(id) + '/report'}, 'Report'))),
    course, line, end, figures,
    h('section', null, visitsTitle, visits),
    rest,
    h('section', null, h('h2', null, 'Method and plan'), card,
      h('details', {id: 'plan'}, h('summary', null, 'The plan, with every default filled in'), plan)),
    files);

  const live = followed(page, id, soon(page, show));
  const log = live.log;

  function show() {
    const current = log.current();
    const rounds = Number(log.start?.rounds ?? about.rounds) || 0;
    const going = !over(about);
    const mark = current && going ? roundMark(current.index + 1, rounds) : '';
    page.title((mark ? mark + ' ' : '') + clean(about.name, 60));
    fill(state, chip(about.state));
    fill(what, makeUp(about, log), about.submittedAt ? [' · submitted ', h('time', {datetime: about.submittedAt}, moment(about.submittedAt))] : null,
      about.submittedBy ? [' by ', named(about.submittedBy, 40)] : null);
    fill(course, h('p', {class: 'course'}, mark ? h('strong', null, mark) : null,
      h('progress', {max: Math.max(rounds, log.done, 1), value: log.done, 'aria-label': 'rounds done'}),
      h('span', null, rounds > 0 ? Math.min(log.done, rounds) + ' of ' + count(rounds, 'round') + ' done' : count(log.done, 'round') + ' done')));
    connection();
    fill(end, ending(about));
    fill(figures, current ? tiles(log) : null);
    showVisits(current, going);
    rest.hidden = current === null;
    charts.show(log);
    say(lostHead, lostTitle(log));
    fill(lost, lostTable(log, about.assigned));
    fill(byRound, roundTable(log));
    showPlan();
    if (current && current.index + 1 !== told && going) {
      told = current.index + 1;
      announce('Round ' + told + (rounds > 0 ? ' of ' + rounds : '') + ' has begun.');
    }
  }

  function connection() {
    line.className = 'line ' + live.state;
    const read = count(log.lines, 'line') + ' of its log';
    const bad = log.unread > 0 ? ' ' + count(log.unread, 'line') + ' could not be read and ' + (log.unread === 1 ? 'is' : 'are') + ' left out.' : '';
    if (live.state === 'broken') {
      fill(line, 'The line to the coordinator is broken; what is below may be old. It is tried again within ' + count(live.wait, 'second') + '. ',
        h('button', {type: 'button', id: 'retry', class: 'plain', onclick: api.retryNow}, 'Try now'));
    } else if (live.state === 'connecting') fill(line, log.lines === 0 ? 'Asking for the log…' : 'Asking for the rest of the log after ' + read + '…');
    else if (live.state === 'ended') fill(line, 'The run has ended; ' + read + ' were read.' + bad);
    else if (about.state === 'pending') fill(line, 'The run waits for its devices. Its log is followed and will show here.');
    else fill(line, 'Live: ' + read + ' so far.' + bad);
  }

  /** Who is in which visit: as the log says it, and as the coordinator does where that is newer. */
  function visitsOf(round, going) {
    const said = new Map((about.visits || []).filter(visit => visit.round === round.index).map(visit => [visit.device, visit]));
    return round.cohort.map(device => {
      const logged = round.attempts.get(device) || {};
      const visit = said.get(device) || {};
      const attempt = Math.max(visit.attempt || 0, logged.attempt || 0);
      const newer = attempt > (logged.attempt || 0); // the log has not said it yet
      const running = SHOWN[newer ? visit.state : logged.state] || 'invited';
      const state = round.lost.has(device) ? 'lost' : round.visits.has(device) || logged.state === 'whole' ? 'done' : going ? running : 'unfinished';
      return {device, state, attempt, since: visit.attempt === attempt ? visit.since : undefined, at: newer ? NaN : logged.at,
        reason: round.lost.get(device)?.reason ?? (newer ? visit.reason : logged.reason)};
    }).sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.device - b.device);
  }

  function showVisits(current, going) {
    if (!current) {
      say(visitsTitle, 'Visits');
      fill(visits, h('p', {class: 'note'}, going ? 'No round has begun yet: no device is in a visit.' : 'The run ended before its first round.'));
      return;
    }
    const all = visitsOf(current, going);
    const tally = ORDER.map(state => [state, all.filter(visit => visit.state === state).length]).filter(([, n]) => n > 0);
    const words = {working: 'in visit', broken: 'tried again', invited: 'invited', unfinished: 'not finished', lost: 'lost', done: 'done'};
    say(visitsTitle, (going ? 'Round ' : 'Last round, ') + (current.index + 1) + ': ' + cohort(all.length, Number(log.start?.devices) || 0));
    const cards = (all.length <= CARDS ? all : all.filter(visit => visit.reason && visit.state !== 'done')).slice(0, CARDS);
    const rest = all.filter(visit => !cards.includes(visit));
    fill(visits, h('p', {class: 'note'}, tally.map(([state, n]) => n + ' ' + words[state]).join(', ') + '.'),
      h('ul', {class: 'visits'}, cards.map(visit => h('li', {class: visit.state},
        h('span', {class: 'who'}, deviceName(visit.device, log, about.assigned)), chip(visit.state),
        visit.attempt > 1 ? h('small', null, 'attempt ' + visit.attempt) : null,
        visit.state === 'working' ? h('small', null, visit.since ? 'begun ' + ago(visit.since) : visit.at >= 0 ? 'begun at ' + duration(visit.at) : '') : null,
        visit.reason && visit.state !== 'done' ? h('small', {class: 'reason'}, clean(visit.reason, 160)) : null))),
      ORDER.map(state => [state, rest.filter(visit => visit.state === state)]).filter(([, some]) => some.length > 0)
        .map(([state, some]) => h('p', {class: 'many'}, chip(state), ' ', devicesOf(some.map(visit => visit.device), 100))));
  }

  function showPlan() {
    const start = log.start || {};
    const facts = [
      ['method', named(start.method || about.method || '–')], ['needs of the fabric', Array.isArray(start.needs) ? start.needs.map(need => clean(need, 40).toLowerCase().replaceAll('_', ' ')).join(', ') || 'nothing' : null],
      ['rounds', start.rounds], ['devices', start.devices ?? about.devices], ['cohort', start.cohort], ['seed', start.seed],
      ['classes', log.classes.length > 0 ? log.classes.slice(0, 12).map(name => clean(name, 40)).join(', ') + (log.classes.length > 12 ? ' and ' + (log.classes.length - 12) + ' more' : '') : null],
    ].filter(([, value]) => value !== undefined && value !== null);
    fill(card, h('dl', {class: 'facts'}, facts.map(([name, value]) => h('div', null, h('dt', null, name), h('dd', null, value instanceof Node ? value : clean(value))))));
    say(plan, about.plan ? clean(about.plan, 100000) : 'The coordinator does not say.');
    if (about.files && about.files.length > 0) fill(files, h('section', null, h('h2', null, 'Files'), fileTable()));
  }

  function fileTable() {
    return [table('Files of the run', [
      {name: 'file', cell: file => named(file.name)},
      {name: 'size', unit: 'MB', number: true, cell: file => (file.bytes / 1e6).toLocaleString('en-US', {maximumFractionDigits: 3})},
      {name: '', cell: file => file.bytes > SAVED ? 'anabranch pull' : h('button', {type: 'button', class: 'plain', id: 'save-' + file.name, onclick: () => save(file.name)}, 'Save', h('span', {class: 'unseen'}, ' ' + file.name))},
    ], about.files, {class: 'plain'}), h('p', {class: 'note'}, 'All of them at once: ', h('code', null, 'anabranch pull ' + clean(id, 80)))];
  }

  async function save(name) {
    try {
      const url = URL.createObjectURL(await api.file(id, name, page.signal));
      h('a', {href: url, download: id + '-' + name}).click();
      setTimeout(() => URL.revokeObjectURL(url), 60000);
    } catch (problem) {
      announce(problem.message);
      fill(line, problem.title || problem.message, ' ', problem.detail || '');
    }
  }

  show();
  every(page, 2000, async () => {
    if (over(about) && live.state === 'ended') return;
    about = await api.run(id, page.signal);
    show();
  });
}

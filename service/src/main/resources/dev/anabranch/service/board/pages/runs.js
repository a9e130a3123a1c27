// All runs, the newest first.

import {h, fill, table, empty, chip, named} from '../dom.js';
import * as api from '../api.js';
import {accuracy, mb, duration, moment, roundMark, count} from '../figures.js';
import {every, soon, followed, over} from './parts.js';

const FOLLOWED = 3;

export default async function runs(page) {
  page.title('Runs');
  let all = await api.runs(page.signal);
  const chosen = new Set();
  const logs = new Map(); // of the newest runs that go on
  const changed = soon(page, render);
  const rows = h('div', {id: 'runs'});
  const filter = h('input', {type: 'search', id: 'filter', placeholder: 'name, method or state', oninput: render});
  const button = h('button', {type: 'button', id: 'compare', onclick: () => page.go('#/compare?runs=' + [...chosen].map(encodeURIComponent).join(','))}, '');
  const summary = h('p', {class: 'what', id: 'runs-count'});

  function choose(id, on) {
    if (on) chosen.add(id);
    else chosen.delete(id);
    label();
  }

  function label() {
    button.disabled = chosen.size < 2;
    button.textContent = chosen.size < 2 ? 'Compare (choose two or more)' : 'Compare ' + chosen.size + ' runs';
  }

  const columns = [
    {name: 'run', cell: run => [
      h('label', {class: 'pick'}, h('input', {type: 'checkbox', id: 'pick-' + run.id, onchange: event => choose(run.id, event.target.checked), 'data-run': run.id}),
        h('span', {class: 'unseen'}, 'compare ' + run.id)),
      h('span', null, h('a', {href: '#/runs/' + encodeURIComponent(run.id)}, named(run.name)), h('small', null, named(run.id)))]},
    {name: 'state', cell: run => chip(run.state)},
    {name: 'method', cell: run => named(run.method || '–')},
    {name: 'rounds', cell: run => progress(run)},
    {name: 'devices', number: true, cell: run => String(run.devices ?? '–')},
    {name: 'accuracy', number: true, cell: run => accuracy(run.summary?.metrics?.accuracy ?? logs.get(run.id)?.log.last('accuracy'))},
    {name: 'traffic', number: true, cell: run => run.summary?.bytes ? mb(run.summary.bytes.total) : logs.has(run.id) ? mb(logs.get(run.id).log.total) : '–'},
    {name: 'wall time', number: true, cell: run => duration(wall(run))},
    {name: 'submitted', cell: run => [run.submittedAt ? h('time', {datetime: run.submittedAt}, moment(run.submittedAt)) : '–', run.submittedBy ? h('small', null, 'by ', named(run.submittedBy, 40)) : null]},
  ];

  function render() {
    const wanted = filter.value.trim().toLowerCase();
    const some = all.filter(run => wanted === '' || [run.name, run.id, run.method, run.state].some(text => String(text || '').toLowerCase().includes(wanted)));
    const going = all.filter(run => run.state === 'running' || run.state === 'stopping').length;
    summary.textContent = count(all.length, 'run') + (going > 0 ? ', ' + going + ' of them going on' : '') + '.';
    fill(rows, all.length === 0
      ? empty('No run yet.', ['Submit a plan from any machine with an operator’s token: ', h('code', null, 'anabranch submit plan.yaml')], 'This page shows it as soon as the coordinator has taken it.')
      : some.length === 0 ? empty('No run fits this filter.') : table('Runs, the newest first', columns, some, {class: 'cards'}));
    rows.querySelectorAll('[data-run]').forEach(box => { box.checked = chosen.has(box.dataset.run); });
    label();
  }

  /** What the coordinator's list does not say of a run that goes on, its log does. */
  function listen() {
    all.filter(run => !over(run) && run.state !== 'pending').slice(0, FOLLOWED).filter(run => !logs.has(run.id))
      .forEach(run => logs.set(run.id, followed(page, run.id, changed)));
  }

  page.main.replaceChildren(
    h('div', {class: 'heading'}, h('div', null, h('h1', null, 'Runs'), summary),
      h('div', {class: 'tools'}, h('label', {for: 'filter'}, 'Filter ', filter), button)),
    rows);
  render();
  listen();
  every(page, 5000, async () => {
    all = await api.runs(page.signal);
    render();
    listen();
  });
}

function progress(run) {
  if (!(run.rounds > 0)) return count(run.roundsDone || 0, 'round') + ' done';
  if (run.state === 'pending') return '0 of ' + run.rounds;
  const going = run.state === 'running' || run.state === 'stopping';
  const mark = going ? roundMark(Math.min(run.roundsDone + 1, run.rounds), run.rounds) : (run.roundsDone ?? 0) + ' of ' + run.rounds;
  return h('span', {class: 'progress'}, h('progress', {max: run.rounds, value: run.roundsDone ?? 0, 'aria-label': 'rounds done'}), ' ', mark);
}

function wall(run) {
  if (run.summary?.seconds) return run.summary.seconds.wall;
  if (!run.startedAt) return NaN;
  return ((run.endedAt ? new Date(run.endedAt).getTime() : Date.now()) - new Date(run.startedAt).getTime()) / 1000;
}

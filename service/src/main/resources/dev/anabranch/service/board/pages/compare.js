// Runs side by side: accuracy against rounds, bytes and MACs, and a table of what each cost.

import {h, fill, table, empty, chip, named, clean} from '../dom.js';
import * as api from '../api.js';
import {Chart, curves, legend, palette} from '../charts.js';
import {accuracy, three, megabytes, mebibytes, gigamacs, duration, share, known, count} from '../figures.js';
import {soon, followed, whole, over} from './parts.js';

const MOST = 8;

export default async function compare(page) {
  page.title('Compare runs');
  const all = await api.runs(page.signal);
  const asked = (page.query.get('runs') || '').split(',').filter(Boolean);
  const ids = asked.filter(id => all.some(run => run.id === id)).slice(0, MOST);
  const unknown = asked.filter(id => !all.some(run => run.id === id));
  const chosen = new Set(ids);
  const apply = h('button', {type: 'button', id: 'apply', onclick: () => page.go('#/compare?runs=' + [...chosen].map(encodeURIComponent).join(','))}, 'Show these');
  const picker = h('details', {class: 'picker', id: 'picker', open: ids.length < 2}, h('summary', null, 'Choose runs'),
    h('ul', null, all.slice(0, 100).map(run => h('li', null, h('label', null,
      h('input', {type: 'checkbox', id: 'pick-' + run.id, checked: chosen.has(run.id), onchange: event => {
        if (event.target.checked) chosen.add(run.id);
        else chosen.delete(run.id);
        apply.disabled = chosen.size < 2 || chosen.size > MOST;
      }}), ' ', named(run.name), ' ', h('small', null, named(run.method || ''), ', ', named(run.id)), ' ', chip(run.state))))),
    h('p', null, apply, h('small', null, ' two to ' + MOST)));
  apply.disabled = ids.length < 2;
  const heading = [h('h1', null, 'Compare runs'), unknown.length > 0 ? h('p', {class: 'note'}, 'Not here: ' + unknown.map(id => clean(id, 60)).join(', ')) : null];
  if (ids.length < 2) {
    page.main.replaceChildren(...heading.filter(Boolean), all.length < 2
      ? empty('There are not two runs to compare yet.', ['Each plan that is submitted makes one: ', h('code', null, 'anabranch submit plan.yaml')])
      : h('p', null, 'Choose two runs or more.'), ...all.length < 2 ? [] : [picker]);
    return;
  }

  const keys = h('div', {id: 'keys'});
  const totals = h('div', {id: 'totals'});
  const make = (title, note) => {
    const chart = new Chart(title, 300, page.signal);
    return {chart, section: h('section', {class: 'card'}, h('h3', null, title), h('p', {class: 'note'}, note), chart.element)};
  };
  const byRounds = make('Accuracy by rounds', 'Share of held-out examples classified right, after each round.');
  const byBytes = make('Accuracy by traffic', 'Against all that had crossed the devices’ links by then; further left is cheaper.');
  const byMacs = make('Accuracy by computation', 'Against the MACs of all devices together by then; further left is cheaper.');
  const none = h('p', {class: 'note', id: 'none'});
  page.main.replaceChildren(...heading.filter(Boolean), picker, keys, none,
    h('div', {class: 'three'}, byRounds.section, byBytes.section, byMacs.section),
    h('section', null, h('h2', null, 'What each run reached and what it cost'), totals,
      h('p', {class: 'note'}, 'A share is of the first run. Setup is the frozen weights that a device needs once, before its first visit. MACs: a forward is one F, full backward 2, activation-only backward 1.')));

  const changed = soon(page, show);
  const entries = ids.map(id => ({run: all.find(run => run.id === id), live: null}));
  for (const entry of entries) {
    if (!over(entry.run)) entry.live = followed(page, entry.run.id, changed);
    else {
      whole(entry.run.id, page.signal).then(log => {
        entry.live = {log, state: 'ended'};
        changed();
      }, problem => page.fail(problem));
    }
  }

  /** What a run is called here: its method, or more where that is not enough. */
  function labels() {
    const short = entries.map(({run, live}) => clean(live?.log.start?.label || run.method || run.name, 60));
    return short.map((label, i) => short.indexOf(label) === short.lastIndexOf(label) ? label : label + ' (' + clean(entries[i].run.id, 40) + ')');
  }

  function show() {
    const names = labels();
    const read = entries.map((entry, i) => ({...entry, name: names[i], index: i})).filter(entry => entry.live);
    const groups = entries.map((entry, i) => ({name: names[i], points: entry.live ? entry.live.log.curve('accuracy') : []}));
    const broken = read.filter(entry => entry.live.state === 'broken').length;
    const there = groups.some(group => group.points.length > 0);
    none.textContent = (read.length < entries.length ? 'Reading ' + count(entries.length - read.length, 'log') + '… ' : '')
      + (broken > 0 ? 'The line to ' + count(broken, 'log') + ' is broken and is tried again. ' : '') + (there ? '' : 'No accuracy is in these logs yet.');
    fill(keys, legend(names, palette('groups')));
    for (const each of [byRounds, byBytes, byMacs]) each.section.hidden = !there;
    if (there) {
      const label = what => 'Accuracy by ' + what + ': ' + groups.filter(g => g.points.length > 0).map(g => g.name + ' ' + accuracy(g.points.at(-1).y)).join(', ');
      const common = {beside: 'accuracy', format: accuracy, share: true};
      byRounds.chart.show(curves(groups, {...common, below: 'rounds done'}), label('rounds'));
      byBytes.chart.show(curves(groups, {...common, below: 'traffic so far, MB', x: p => megabytes(p.bytes), log: true}), label('traffic'));
      byMacs.chart.show(curves(groups, {...common, below: 'devices so far, GMACs', x: p => gigamacs(p.macs), log: true}), label('computation'));
    }
    fill(totals, read.length === 0 ? h('p', {class: 'note'}, 'Reading…') : totalsTable(read));
  }

  show();
}

function totalsTable(entries) {
  const first = entries[0].live.log;
  const tints = palette('groups');
  const of = (value, unit, figure) => [
    {...value, cell: ({live}) => three(figure(live.log)), unit, number: true},
    {name: 'share', label: value.name + ', share', number: true, cell: ({live}) => share(figure(live.log), figure(first))},
  ];
  return table('Totals of each run', [
    {name: 'run', cell: entry => {
      const key = h('i', {class: 'key', 'aria-hidden': 'true'});
      key.style.background = tints[entry.index % tints.length];
      return [key, h('a', {href: '#/runs/' + encodeURIComponent(entry.run.id)}, h('bdi', null, entry.name)), over(entry.run) ? null : h('small', null, 'round ' + (entry.live.log.current()?.index + 1 || 0) + ', going on')];
    }},
    {name: 'rounds', unit: 'done', number: true, cell: ({live}) => String(live.log.done)},
    {name: 'accuracy', number: true, cell: ({live}) => [accuracy(live.log.last('accuracy')), known(live.log.last('standardError')) ? h('small', null, ' ± ' + accuracy(live.log.last('standardError'))) : null]},
    {name: 'loss', number: true, cell: ({live}) => three(live.log.last('loss'))},
    {name: 'down', unit: 'MB', number: true, cell: ({live}) => three(megabytes(live.log.down))},
    {name: 'up', unit: 'MB', number: true, cell: ({live}) => three(megabytes(live.log.up))},
    ...of({name: 'both'}, 'MB', log => megabytes(log.total)),
    {name: 'setup', unit: 'MB', number: true, cell: ({live}) => three(megabytes(live.log.setup))},
    ...of({name: 'busiest device'}, 'GMACs', log => gigamacs(log.busiest)),
    ...of({name: 'device’s peak'}, 'MiB', log => mebibytes(log.peaks.device)),
    {name: 'time', number: true, cell: ({live}) => [duration(live.log.seconds), h('small', null, ' ' + live.log.clock)]},
    {name: 'visits', unit: 'lost', number: true, cell: ({live}) => String(live.log.lost.length)},
  ], entries, {class: 'cards'});
}

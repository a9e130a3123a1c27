// One device: what it is, when it was here, and what it has sent, by topic and round.

import {h, fill, table, empty, chip, named, clean, trouble} from '../dom.js';
import * as api from '../api.js';
import {mb, three, megabytes, moment, count, share} from '../figures.js';
import {every, whole} from './parts.js';
import {seen, profile, inRuns} from './devices.js';

const LOOKED_AT = 30;
const ROWS = 40;

export default async function device(page) {
  const [name] = page.params;
  const find = async () => (await api.devices(page.signal)).find(each => each.name === name);
  let about = await find();
  page.title(clean(name, 60));
  if (!about) {
    page.main.replaceChildren(h('p', {class: 'back'}, h('a', {href: '#/devices'}, 'All devices')), trouble('No device of this name is enrolled.', name.slice(0, 80)));
    return;
  }
  const head = h('h1', null);
  const facts = h('div');
  const topics = h('div', {id: 'topics'});
  const picker = h('select', {id: 'run', onchange: () => load(picker.value)});
  const choice = h('p', {hidden: true}, h('label', {for: 'run'}, 'Run '), picker);
  const byRound = h('div', {id: 'sent'}, h('p', {class: 'note'}, 'Looking for its runs…'));

  page.main.replaceChildren(
    h('p', {class: 'back'}, h('a', {href: '#/devices'}, 'All devices')), head, facts,
    h('section', null, h('h2', null, 'What it has sent, by topic'),
      h('p', {class: 'note'}, 'In all its runs, as the coordinator has received it. The device itself shows its owner the same.'), topics),
    h('section', null, h('h2', null, 'What it has sent, by round'), choice, byRound));

  function show() {
    fill(head, named(about.name), ' ', chip(about.state));
    fill(facts, h('dl', {class: 'facts'}, [
      ['role', clean(about.role, 20)], ['last seen', [seen(about), about.lastSeenAt ? ', ' + moment(about.lastSeenAt) : '']], ['enrolled', about.enrolledAt ? moment(about.enrolledAt) : '–'],
      ['certificate until', about.expiresAt ? moment(about.expiresAt) : '–'], ['profile', profile(about.profile)],
      ['version', about.profile?.version ? clean(about.profile.version, 40) : '–'],
      ['methods', about.profile ? (about.profile.methods ? about.profile.methods.map(method => clean(method, 40)).join(', ') || 'none' : 'any') : '–'],
      ['in runs', inRuns(about)],
    ].map(([term, value]) => h('div', null, h('dt', null, term), h('dd', null, value)))));
    const sent = Object.entries(about.sent?.byTopic || {}).filter(([, bytes]) => bytes > 0).sort((a, b) => b[1] - a[1]);
    fill(topics, sent.length === 0 ? empty('It has sent nothing yet.') : table('Sent, by topic', [
      {name: 'topic', cell: ([topic]) => named(topic)},
      {name: 'sent', unit: 'MB', number: true, cell: ([, bytes]) => three(megabytes(bytes))},
      {name: 'share', number: true, cell: ([, bytes]) => share(bytes, about.sent.bytes)},
    ], sent, {class: 'plain'}));
  }

  /** The runs that this device takes or took part in, the newest first: [{id, nodes}]. */
  async function itsRuns() {
    const list = (await api.runs(page.signal)).slice(0, LOOKED_AT);
    const found = [];
    for (let i = 0; i < list.length; i += 4) {
      const some = await Promise.all(list.slice(i, i + 4).map(run => api.run(run.id, page.signal)));
      some.forEach(run => {
        const nodes = Object.entries(run.assigned || {}).filter(([, agent]) => agent === name).map(([node]) => node);
        if (nodes.length > 0) found.push({run, nodes});
      });
    }
    return found;
  }

  let runs = [];

  async function load(id) {
    const {run, nodes} = runs.find(each => each.run.id === id);
    fill(byRound, h('p', {class: 'note'}, 'Reading the log of ', named(id), '…'));
    try {
      const log = await whole(id, page.signal);
      const indices = nodes.filter(node => node.startsWith('device ')).map(node => Number(node.slice(7)));
      const wires = indices.flatMap(index => (log.sent.get(index) || []).filter(wire => wire.payload > 0).map(wire => ({index, ...wire})));
      if (picker.value === id) fill(byRound, sentTable(run, indices, wires));
    } catch (problem) {
      if (!page.signal.aborted) fill(byRound, trouble(problem.title || 'The log cannot be read.', problem.detail || problem.message, () => load(id)));
    }
  }

  show();
  every(page, 5000, async () => {
    about = await find() || about;
    show();
  });
  runs = await itsRuns();
  if (runs.length === 0) {
    fill(byRound, empty('It has not taken part in a run yet.', 'Looked at were the last ' + LOOKED_AT + ' runs.'));
    return;
  }
  picker.append(...runs.map(({run}) => h('option', {value: run.id}, clean(run.name, 60) + ' (' + clean(run.id, 60) + ')')));
  choice.hidden = false;
  await load(runs[0].run.id);
}

/** One row for each round, one column for each topic. */
function sentTable(run, indices, wires) {
  const attends = h('p', {class: 'note'}, 'In ', h('a', {href: '#/runs/' + encodeURIComponent(run.id)}, named(run.name)), ' it attends for ',
    indices.length === 0 ? 'the body' : 'device ' + indices.slice(0, 20).join(', ') + (indices.length > 20 ? ' and ' + (indices.length - 20) + ' more' : ''), '.');
  if (wires.length === 0) return [attends, empty('It has sent nothing in this run yet.')];
  const topics = [...new Set(wires.map(wire => wire.topic))].sort();
  const rounds = [...new Set(wires.map(wire => wire.round))].sort((a, b) => b - a);
  const total = of => wires.filter(of).reduce((sum, wire) => sum + wire.payload, 0);
  const rows = rounds.slice(0, ROWS).map(round => ({round, of: wire => wire.round === round}));
  rows.push({round: null, of: () => true});
  return [attends, table('Sent, by round and topic, in MB', [
    {name: 'round', led: true, cell: row => row.round === null ? 'all rounds' : String(row.round + 1)},
    ...topics.map(topic => ({name: named(topic, 40), label: topic, unit: 'MB', number: true, cell: row => three(megabytes(total(wire => row.of(wire) && wire.topic === topic)))})),
    {name: 'all topics', unit: 'MB', number: true, cell: row => three(megabytes(total(row.of)))},
    {name: 'messages', number: true, cell: row => wires.filter(row.of).reduce((sum, wire) => sum + wire.messages, 0).toLocaleString('en-US')},
  ], rows, {class: 'cards', row: row => ({class: row.round === null ? 'sum' : null})}),
  rounds.length > ROWS ? h('p', {class: 'note'}, 'Shown are the last ' + ROWS + ' of ' + count(rounds.length, 'round') + '; the sums are of all, ' + mb(total(() => true)) + '.') : null];
}
